"""An account's HTTP connections: header profiles, cookies, clocks; the only module that knows aiohttp.

Header profiles are those of docs/protocol.md section 1.11. Redirects are never followed, so that credentials go nowhere
but to the configured origin.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakSet

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from yarl import URL

from core.errors import UpstreamUnavailableError
from provider.chatgpt_web import errors
from provider.chatgpt_web.capture.cookies import apply_update, cookie_header
from provider.chatgpt_web.capture.model import Capture
from provider.chatgpt_web.errors import Context, Symptom

CALL_SECONDS = 30.0
SEND_SECONDS = 5.0
"""What connecting and beginning to write a turn may take; later than that, nothing of it is written any more."""

_MOST_BYTES = 64 * 1024 * 1024
_ERROR_BYTES = 64 * 1024
_PIECE_BYTES = 256 * 1024
_PER_CALL = frozenset(("accept", "content-type", "cookie", "x-conduit-token", "x-oai-turn-trace-id"))
_SOCKET_HEADERS = frozenset(
    """
    authorization user-agent oai-device-id oai-session-id oai-client-version oai-client-build-number oai-language origin
    referer
    """.split()
)
_IMAGE_HEADERS = frozenset(("authorization", "user-agent", "origin", "referer"))


@dataclass(slots=True)
class Sending:
    """One turn's POST on its way. `left`: some of it may have been written; `written`: all of it was."""

    deadline: float
    left: bool = False
    written: bool = False


class Connection:
    """Calls upstream as one account. Opens nothing before the first call; `aclose` closes everything."""

    def __init__(self, capture: Capture, base_url: str, *, connect_seconds: float) -> None:
        self.origin = base_url.rstrip("/")
        self._base = URL(self.origin).origin()
        self._cookies = dict(capture.cookies)
        self._captured = capture.headers
        plain = {name: value for name, value in capture.headers.items() if not name.startswith("openai-sentinel-")}
        self._plain = {name: value for name, value in plain.items() if name not in _PER_CALL}
        self._traced = {name: plain[name] for name in ("x-oai-turn-trace-id",) if name in plain}
        self._cookie = cookie_header(self._cookies)
        self._connect_seconds = connect_seconds
        self._calls: aiohttp.ClientSession | None = None
        self._turns: aiohttp.ClientSession | None = None
        self._urls: dict[str, URL] = {}
        self._streams: WeakSet[aiohttp.ClientResponse] = WeakSet()
        self._closed = False

    @property
    def captured(self) -> Mapping[str, str]:
        """The capture's headers, sentinel tokens included."""
        return self._captured

    async def call(
        self,
        method: str,
        path: str,
        *,
        context: Context,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = CALL_SECONDS,
    ) -> Any:
        """A small JSON call on the base origin; returns the decoded answer.

        Raises:
            BridgeError: whatever `provider.chatgpt_web.errors` makes of a failure.
        """
        document, _ = await self.call_with_headers(
            method, path, context=context, body=body, headers=headers, seconds=seconds
        )
        return document

    async def call_with_headers(
        self,
        method: str,
        path: str,
        *,
        context: Context,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = CALL_SECONDS,
    ) -> tuple[Any, Mapping[str, str]]:
        """As `call`, with the answer's headers; their names may be asked for in any case."""
        sent = {**self._plain, "accept": "*/*", "cookie": self._cookie, **(headers or {})}
        data = None
        if body is not None:
            sent["content-type"] = "application/json"
            data = encode(body)
        content, received = await self._exchange(method, self._url(path), context, sent, data, seconds, _MOST_BYTES)
        try:
            return json.loads(content), received
        except (ValueError, RecursionError):
            raise errors.malformed(f"Upstream answered {context} without JSON.") from None

    async def socket_url(self) -> str:
        """A fresh WebSocket address, checked; it carries its own credential."""
        headers = {name: value for name, value in self._captured.items() if name in _SOCKET_HEADERS}
        content, _ = await self._exchange(
            "GET",
            self._url("/backend-api/celsius/ws/user"),
            "socket",
            {**headers, "accept": "application/json"},
            None,
            CALL_SECONDS,
            _ERROR_BYTES,
        )
        try:
            url = json.loads(content)["websocket_url"]
        except (ValueError, KeyError, TypeError):
            raise errors.malformed("Upstream gave no WebSocket address.") from None
        return checked_socket_url(url, self.origin)

    async def put_blob(self, url: str, content: bytes, mime_type: str) -> None:
        """Write an upload's bytes to its signed address, without any credential of the account."""
        headers = {
            "content-type": mime_type,
            "x-ms-blob-type": "BlockBlob",
            "x-ms-version": "2020-04-08",
            **{name: self._captured[name] for name in ("origin",) if name in self._captured},
        }
        await self._exchange("PUT", self._file_url(url), "blob_put", headers, content, 120, _ERROR_BYTES)

    async def fetch_bytes(self, url: str) -> tuple[bytes, str]:
        """A file's bytes and the type its header names; credentials go with it on the base origin only."""
        target = self._file_url(url)
        own = target.origin() == self._base
        names = _IMAGE_HEADERS if own else frozenset(("user-agent",))
        headers = {name: value for name, value in self._captured.items() if name in names}
        headers["accept"] = "image/avif,image/webp,image/png,image/*;q=0.8,*/*;q=0.5"
        if own:
            headers["cookie"] = self._cookie
        content, received = await self._exchange("GET", target, "file_download", headers, None, 120, _MOST_BYTES)
        return content, received.get("content-type", "").partition(";")[0].strip().lower()

    async def post_turn(self, body: bytes, headers: Mapping[str, str], sending: Sending) -> aiohttp.ClientResponse:
        """Post a turn and return its answer when the headers are there, whatever the status.

        Raises:
            UpstreamUnavailableError: nothing was sent.
            OutcomeUnknownError: something may have been sent, and no answer came.
        """
        sent = {
            **self._plain,
            **self._traced,
            "accept": "text/event-stream",
            "content-type": "application/json",
            "cookie": self._cookie,
            **headers,
        }
        try:
            response = await self._turn_session().post(
                self._url("/backend-api/f/conversation"),
                data=_Body(body, sending),
                headers=sent,
                allow_redirects=False,
                trace_request_ctx=sending,
            )
        except (aiohttp.ClientError, OSError, TimeoutError):
            symptom: Symptom = "reset_after_send" if sending.left else "connect_error"
            raise errors.from_transport(symptom, context="conversation") from None
        self._learn(response)
        self._streams.add(response)
        return response

    async def refusal(self, response: aiohttp.ClientResponse, context: Context, *, proof_answered: bool) -> Exception:
        """What an answer that is no event stream means, whatever its status; it is read no further."""
        try:
            content = await _read_refusal(response)
        finally:
            response.close()
        if response.status == 200:
            return errors.from_document(content)
        return errors.from_response(
            response.status, response.headers, content, context=context, proof_answered=proof_answered
        )

    async def aclose(self) -> None:
        """Close every connection; nothing is asked any more, and turns that are still read are interrupted."""
        self._closed = True
        for stream in list(self._streams):
            # Closing the connection alone would leave its reader waiting.
            stream.content.set_exception(aiohttp.ClientConnectionError("The session was closed."))
            stream.close()
        for session in (self._turns, self._calls):
            if session is not None:
                await session.close()
        self._turns = self._calls = None

    async def _exchange(
        self,
        method: str,
        url: URL,
        context: Context,
        headers: Mapping[str, str],
        data: bytes | None,
        seconds: float,
        most_bytes: int,
    ) -> tuple[bytes, Mapping[str, str]]:
        try:
            async with (
                asyncio.timeout(seconds),
                self._call_session().request(
                    method, url, data=data and _Body(data), headers=headers, allow_redirects=False
                ) as answer,
            ):
                if context != "blob_put" and url.origin() == self._base:
                    self._learn(answer)
                if not 200 <= answer.status < 300:
                    content = await _read_refusal(answer)
                    raise errors.from_response(answer.status, answer.headers, content, context=context)
                return await _read(answer, most_bytes), answer.headers
        except aiohttp.ClientConnectorError:
            raise errors.from_transport("connect_error", context=context) from None
        except TimeoutError:
            raise errors.from_transport("read_timeout_after_send", context=context) from None
        except (aiohttp.ClientError, OSError):
            raise errors.from_transport("reset_after_send", context=context) from None

    def _learn(self, response: aiohttp.ClientResponse) -> None:
        """Keep rotating cookies fresh, in memory only."""
        changed = False
        for name in ("set-cookie", "x-oai-is-update"):
            for value in response.headers.getall(name, ()):
                apply_update(self._cookies, name, value)
                changed = True
        if changed:
            self._cookie = cookie_header(self._cookies)

    def _url(self, path: str) -> URL:
        found = self._urls.get(path)
        if found is None:
            found = URL(self.origin + path, encoded=True)
            if len(self._urls) < 16:
                self._urls[path] = found
        return found

    def _file_url(self, url: str) -> URL:
        """An address that upstream gave for a file: encrypted, or as plain as the configured origin itself."""
        try:
            target = URL(url, encoded=True)
            target.origin()
        except ValueError:
            raise errors.malformed("Upstream gave a file address that is none.") from None
        if target.scheme != "https" and target.scheme != self._base.scheme:
            raise errors.malformed("Upstream gave a file address without encryption.")
        return target

    def _call_session(self) -> aiohttp.ClientSession:
        if self._closed:
            raise UpstreamUnavailableError("The account's session is closed; nothing was sent.")
        if self._calls is None:
            self._calls = self._session(aiohttp.TCPConnector(limit=0, keepalive_timeout=60))
        return self._calls

    def _turn_session(self) -> aiohttp.ClientSession:
        """Shares the connections; watches when a turn's first byte is about to be written."""
        if self._turns is None:
            connector = self._call_session().connector
            trace = aiohttp.TraceConfig()
            trace.on_request_headers_sent.append(_about_to_write)
            self._turns = self._session(connector, owner=False, traces=[trace])
        return self._turns

    def _session(
        self,
        connector: aiohttp.BaseConnector | None,
        *,
        owner: bool = True,
        traces: list[aiohttp.TraceConfig] | None = None,
    ) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=connector,
            connector_owner=owner,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, connect=self._connect_seconds),
            skip_auto_headers=("User-Agent", "Accept", "Content-Type"),
            max_line_size=65_536,
            max_field_size=65_536,
            trace_configs=traces,
        )


def encode(body: Mapping[str, Any]) -> bytes:
    """Compact JSON in UTF-8, as a browser writes it."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def checked_socket_url(url: object, origin: str) -> str:
    """A WebSocket address that may be connected to: encrypted on ChatGPT's hosts, or on the configured origin's.

    Raises:
        ProtocolError: it is neither.
    """
    own = urlsplit(origin)
    try:
        parts = urlsplit(url) if isinstance(url, str) else urlsplit("")
        host = parts.hostname or ""
    except ValueError:
        host = ""
        parts = urlsplit("")
    trusted = parts.scheme == "wss" and (host == "chatgpt.com" or host.endswith(".chatgpt.com"))
    scheme = "wss" if own.scheme == "https" else "ws"
    if not isinstance(url, str) or not (trusted or (parts.scheme == scheme and parts.netloc == own.netloc)):
        raise errors.malformed("Upstream gave a WebSocket address on a host that is not its own.")
    return url


class _Body(aiohttp.Payload):
    """Bytes, written as fast as the connection takes them, so that large ones do not hold up the loop.

    For a turn, `sending` learns when all was taken, and nothing is written any more when its time is over.
    """

    _autoclose = True

    def __init__(self, body: bytes, sending: Sending | None = None) -> None:
        super().__init__(body)
        self._size = len(body)
        self._sending = sending

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return str(self._value, encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        sending = self._sending
        if sending is not None and asyncio.get_running_loop().time() > sending.deadline:
            raise TimeoutError("The process was stopped between the headers and the body.")
        for start in range(0, len(self._value), _PIECE_BYTES):
            await writer.write(self._value[start : start + _PIECE_BYTES])
        if sending is not None:
            sending.written = True


async def _about_to_write(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
    sending: Sending = context.trace_request_ctx
    if asyncio.get_running_loop().time() > sending.deadline:
        raise UpstreamUnavailableError("Upstream could not be reached in time; nothing was sent.")
    sending.left = True


async def _read_refusal(answer: aiohttp.ClientResponse) -> bytes:
    """What came of a refusal's body, at most 64 KiB: one that breaks off is still known by its status."""
    content = b""
    try:
        async with asyncio.timeout(CALL_SECONDS):
            while len(content) < _ERROR_BYTES and (piece := await answer.content.readany()):
                content += piece
    except (aiohttp.ClientError, OSError):
        return content
    return content


async def _read(answer: aiohttp.ClientResponse, most_bytes: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for piece in answer.content.iter_any():
        size += len(piece)
        if size > most_bytes:
            raise errors.malformed("Upstream's answer is larger than anything it should send.")
        pieces.append(piece)
    return b"".join(pieces)

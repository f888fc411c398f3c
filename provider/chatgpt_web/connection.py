"""An account's HTTP connections: the calls and their clocks. With `sending` and `turn_stream` all that knows aiohttp.

Redirects are never followed, so that credentials go nowhere but to the configured origin.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from weakref import WeakSet

import aiohttp
from yarl import URL

from core.errors import BridgeError, UpstreamUnavailableError
from provider.chatgpt_web import errors
from provider.chatgpt_web.addresses import checked_file_url, checked_socket_url
from provider.chatgpt_web.capture.model import Capture
from provider.chatgpt_web.errors import Context, Symptom
from provider.chatgpt_web.profiles import Profiles
from provider.chatgpt_web.sending import Body, Sending, encode
from provider.chatgpt_web.turn_stream import TurnStream

CALL_SECONDS = 30.0
FILE_SECONDS = 120.0
SEND_SECONDS = 5.0
"""What connecting and beginning to write a turn may take; later than that, nothing of it is written any more."""

_MOST_BYTES = 64 * 1024 * 1024
_ERROR_BYTES = 64 * 1024
_COOKIE_HEADERS = ("set-cookie", "x-oai-is-update")


class Connection:
    """Calls upstream as one account. Opens nothing before the first call; `aclose` closes everything."""

    def __init__(self, capture: Capture, base_url: str, *, connect_seconds: float) -> None:
        self.origin = base_url.rstrip("/")
        self._base = URL(self.origin).origin()
        self._captured = capture.headers
        self._profiles = Profiles(capture)
        self._connect_seconds = connect_seconds
        self._http: aiohttp.ClientSession | None = None
        self._urls: dict[str, URL] = {}
        self._streams: WeakSet[TurnStream] = WeakSet()
        self._closed = False
        self._refusal: BridgeError | None = None

    @property
    def closed(self) -> bool:
        """Nothing can be asked any more."""
        return self._closed

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
        sent = self._profiles.json(headers or {})
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
        path = self._url("/backend-api/celsius/ws/user")
        content, _ = await self._exchange(
            "GET", path, "socket", self._profiles.socket, None, CALL_SECONDS, _ERROR_BYTES
        )
        try:
            url = json.loads(content)["websocket_url"]
        except (ValueError, KeyError, TypeError):
            raise errors.malformed("Upstream gave no WebSocket address.") from None
        return checked_socket_url(url, self.origin)

    async def put_blob(self, url: str, content: bytes, mime_type: str) -> None:
        """Write an upload's bytes to its signed address, without any credential of the account."""
        target, headers = checked_file_url(url, self._base), self._profiles.blob(mime_type)
        await self._exchange("PUT", target, "blob_put", headers, content, FILE_SECONDS, _ERROR_BYTES)

    async def fetch_bytes(self, url: str) -> tuple[bytes, str]:
        """A file's bytes and the type its header names; credentials go with it on the base origin only."""
        target = checked_file_url(url, self._base)
        headers = self._profiles.image(own=target.origin() == self._base)
        content, received = await self._exchange(
            "GET", target, "file_download", headers, None, FILE_SECONDS, _MOST_BYTES
        )
        return content, received.get("content-type", "").partition(";")[0].strip().lower()

    async def post_turn(self, body: bytes, headers: Mapping[str, str], sending: Sending) -> TurnStream:
        """Post a turn and return its answer when the headers are there, whatever the status.

        Raises:
            UpstreamUnavailableError: nothing was sent.
            OutcomeUnknownError: something may have been sent, and no answer came.
        """
        try:
            response = await self._session().post(
                self._url("/backend-api/f/conversation"),
                data=Body(body, sending),
                headers=self._profiles.turn(headers),
                allow_redirects=False,
            )
        except (aiohttp.ClientError, OSError, TimeoutError):
            symptom: Symptom = "reset_after_send" if sending.left else "connect_error"
            raise errors.from_transport(symptom, context="conversation") from None
        self._learn(response)
        stream = TurnStream(response)
        self._streams.add(stream)
        return stream

    async def refusal(self, stream: TurnStream, *, proof_answered: bool) -> BridgeError:
        """What an answer to a turn means that was not `accepted`; it is read no further."""
        response = stream._response
        try:
            content = await _read_refusal(response)
        finally:
            response.close()
        if response.status == 200:
            return errors.from_document(content)
        return errors.from_response(
            response.status, response.headers, content, context="conversation", proof_answered=proof_answered
        )

    def halt(self, refusal: BridgeError) -> None:
        """Nothing is asked any more; whoever tries is told why. Turns that are read already are read on."""
        self._refusal = refusal

    async def aclose(self) -> None:
        """Close every connection; nothing is asked any more, and turns that are still read are interrupted."""
        self._closed = True
        for stream in list(self._streams):
            stream.close()
        if self._http is not None:
            await self._http.close()
        self._http = None

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
                self._session().request(
                    method, url, data=data and Body(data), headers=headers, allow_redirects=False
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
        for name in _COOKIE_HEADERS:
            for value in response.headers.getall(name, ()):
                self._profiles.learn(name, value)

    def _url(self, path: str) -> URL:
        found = self._urls.get(path)
        if found is None:
            found = URL(self.origin + path, encoded=True)
            if len(self._urls) < 16:
                self._urls[path] = found
        return found

    def _session(self) -> aiohttp.ClientSession:
        if self._closed:
            raise UpstreamUnavailableError("The account's session is closed; nothing was sent.")
        if self._refusal is not None:
            raise self._refusal.with_traceback(None)
        if self._http is None:
            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, connect=self._connect_seconds),
                skip_auto_headers=("User-Agent", "Accept", "Content-Type"),
                max_line_size=65_536,
                max_field_size=65_536,
            )
        return self._http


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

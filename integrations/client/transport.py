"""One connection pool to one bridge, and every way it can fail as a `ClientError`."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx2

from integrations.client.errors import ClientError, broken_off, from_body, timed_out, unexpected, unreachable

_CONNECT_SECONDS = 5.0


class Transport:
    """Sends requests and reads answers.

    Args:
        base_url: with or without the `/v1` that it ends in.
        silence_seconds: longest silence of the server. It sends white space or comments while an answer takes long, so
            this is no limit of the answer's duration.
    """

    def __init__(self, base_url: str, api_key: str | None, *, silence_seconds: float) -> None:
        self.root = base_url.rstrip("/").removesuffix("/v1")
        self.base_url = f"{self.root}/v1"
        self._silence = silence_seconds
        self._http = httpx2.Client(
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            timeout=httpx2.Timeout(silence_seconds, connect=_CONNECT_SECONDS),
            trust_env=not _is_loopback(self.base_url),
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def json(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        accept: tuple[int, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """The JSON object that a request is answered with.

        Args:
            path: below `/v1`, or from the root where it begins with `//`.
            accept: statuses of 400 and more that are an answer too.

        Raises:
            ClientError: an error answer, or none at all.
        """
        with self._request(method, path, body, headers) as response:
            content = self._read(response)
            parsed = _parsed(content)
            if response.status_code >= 400 and response.status_code not in accept:
                raise self._refusal(response, parsed)
        if not isinstance(parsed, dict):
            raise unexpected(self.base_url, response.status_code)
        return parsed

    def events(self, path: str, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The JSON events of a stream, until `[DONE]`.

        Raises:
            ClientError: an error answer, an error object in the stream, or an end without `[DONE]`.
        """
        with self._request("POST", path, body) as response:
            if response.status_code >= 400:
                raise self._refusal(response, _parsed(self._read(response)))
            for line in response.iter_lines():
                if not line.startswith("data:"):
                    continue
                text = line.removeprefix("data:").strip()
                if text == "[DONE]":
                    return
                event = _parsed(text.encode())
                if not isinstance(event, dict) or "error" in event:
                    raise self._refusal(response, event)
                yield event
        raise broken_off(self.base_url, "the stream ended without [DONE]")

    def follow(self, path: str) -> Iterator[dict[str, Any]]:
        """The JSON events of an event log, until the server ends it.

        Raises:
            ClientError: an error answer, or a connection that broke.
        """
        with self._request("GET", path, None, {"Accept": "text/event-stream"}) as response:
            if response.status_code >= 400:
                raise self._refusal(response, _parsed(self._read(response)))
            for line in response.iter_lines():
                if line.startswith("data:"):
                    event = _parsed(line.removeprefix("data:").strip().encode())
                    if not isinstance(event, dict) or "error" in event:
                        raise self._refusal(response, event)
                    yield event

    def send(self, method: str, path: str) -> None:
        """A request that is answered without content.

        Raises:
            ClientError: an error answer, or none at all.
        """
        with self._request(method, path, None) as response:
            content = self._read(response)
            if response.status_code >= 400:
                raise self._refusal(response, _parsed(content))

    def content(self, url: str) -> tuple[bytes, str]:
        """The bytes of a file and their type.

        Args:
            url: a download link of the bridge. It is asked for where this client reaches the bridge, whatever host the
                link names, so that the key goes nowhere else.
        """
        _, below, path = url.partition("/v1/")
        if not below:
            raise unexpected(url, 0)
        with self._request("GET", f"/{path}", None) as response:
            content = self._read(response)
            if response.status_code >= 400:
                raise self._refusal(response, _parsed(content))
            return content, response.headers.get("content-type", "")

    @contextmanager
    def _request(
        self, method: str, path: str, body: Mapping[str, Any] | None, headers: Mapping[str, str] | None = None
    ) -> Iterator[httpx2.Response]:
        try:
            with self._http.stream(method, self._url(path), json=body, headers=headers) as response:
                yield response
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
            raise unreachable(self.base_url, str(error) or type(error).__name__) from None
        except httpx2.TimeoutException:
            raise timed_out(self.base_url, self._silence) from None
        except httpx2.TransportError as error:
            raise broken_off(self.base_url, str(error) or type(error).__name__) from None

    def _url(self, path: str) -> str:
        return f"{self.root}{path[1:]}" if path.startswith("//") else f"{self.base_url}{path}"

    def _read(self, response: httpx2.Response) -> bytes:
        """All of a body. A late failure is an error object after which the connection ends: that object counts."""
        content = b""
        try:
            for piece in response.iter_bytes():
                content += piece
        except httpx2.RemoteProtocolError:
            parsed = _parsed(content)
            if isinstance(parsed, dict) and "error" in parsed:
                raise self._refusal(response, parsed) from None
            raise
        return content

    def _refusal(self, response: httpx2.Response, body: Any) -> ClientError:
        return from_body(
            body,
            base_url=self.base_url,
            status=response.status_code,
            request_id=response.headers.get("x-request-id"),
            retry_after=response.headers.get("retry-after"),
        )


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None


def _is_loopback(url: str) -> bool:
    try:
        host = httpx2.URL(url).host
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except (httpx2.InvalidURL, ValueError):
        return False

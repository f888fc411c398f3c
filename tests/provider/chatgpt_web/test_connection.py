"""An account's connections: what each call carries, what upstream's answers mean, what is left after closing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from core.errors import (
    AuthExpiredError,
    ProtocolError,
    RateLimitedError,
    UpstreamError,
    UpstreamUnavailableError,
)
from provider.chatgpt_web.capture.parse import parse_capture
from provider.chatgpt_web.connection import Connection
from provider.chatgpt_web.sending import Sending
from provider.simulator import Simulator

CALL = "/backend-api/models"
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


@dataclass
class Upstream:
    """A server that answers each request with the bytes of `pieces`, and keeps the heads it was sent.

    With `hangs_up` it closes the connection behind them.
    """

    url: str = ""
    pieces: list[bytes] = field(default_factory=lambda: [OK])
    heads: list[dict[str, str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    connections: int = 0
    hangs_up: bool = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                line, *named = head.strip().split("\r\n")
                headers = {name.lower(): value for name, _, value in (text.partition(": ") for text in named)}
                await reader.readexactly(int(headers.get("content-length", "0")))
                self.lines.append(line)
                self.heads.append(headers)
                for piece in self.pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0.02 if len(self.pieces) > 1 else 0)
                if self.hangs_up:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


def answer(status: str, body: bytes, *headers: str) -> list[bytes]:
    """An answer whose body comes a byte group at a time."""
    head = "\r\n".join((f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers, "", ""))
    cut = max(1, len(body) // 3)
    return [head.encode(), *(body[at : at + cut] for at in range(0, len(body), cut))]


JSON = "content-type: application/json"


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    upstream = Upstream()
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    upstream.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield upstream
    server.close()
    await server.wait_closed()


Open = Callable[..., Connection]


@pytest.fixture
async def opened(simulator: Simulator, upstream: Upstream) -> AsyncIterator[Open]:
    connections: list[Connection] = []

    def open_connection(**changes: Any) -> Connection:
        capture = parse_capture(simulator.captures()["plus"])
        connections.append(Connection(capture, changes.pop("url", upstream.url), connect_seconds=0.5))
        return connections[-1]

    yield open_connection
    for connection in connections:
        await connection.aclose()


async def test_a_json_call_carries_the_account_and_no_sentinel_header(opened: Open, upstream: Upstream) -> None:
    connection = opened()

    assert await connection.call("POST", CALL, context="models", body={"a": "ä"}) == {}

    sent = upstream.heads[0]
    assert sent["authorization"].startswith("Bearer ")
    assert sent["cookie"]
    assert (sent["accept"], sent["content-type"]) == ("*/*", "application/json")
    assert not [name for name in sent if name.startswith("openai-sentinel-")]
    assert "x-oai-turn-trace-id" not in sent
    assert "x-conduit-token" not in sent


async def test_a_turn_carries_what_it_is_given_and_asks_for_a_stream(opened: Open, upstream: Upstream) -> None:
    sending = Sending(asyncio.get_running_loop().time() + 5)
    token = {"openai-sentinel-chat-requirements-token": "fresh"}

    stream = await opened().post_turn(b"{}", token, sending)
    stream.close()

    sent = upstream.heads[0]
    assert upstream.lines[0] == "POST /backend-api/f/conversation HTTP/1.1"
    assert sent["accept"] == "text/event-stream"
    assert sent["openai-sentinel-chat-requirements-token"] == "fresh"
    assert "openai-sentinel-proof-token" not in sent
    assert "x-conduit-token" not in sent
    assert (sending.left, sending.written) == (True, True)


async def test_the_way_to_the_socket_needs_no_cookie(opened: Open, upstream: Upstream) -> None:
    address = upstream.url.replace("http", "ws") + "/p0?verify=1"
    upstream.pieces = answer("200 OK", json.dumps({"websocket_url": address}).encode(), JSON)

    assert await opened().socket_url() == address

    assert "cookie" not in upstream.heads[0]
    assert upstream.heads[0]["accept"] == "application/json"


async def test_cookies_that_rotate_are_sent_fresh_and_removed_ones_not_at_all(opened: Open, upstream: Upstream) -> None:
    connection = opened()
    rotated = ("set-cookie: __cf_bm=fresh; Path=/; Secure", "x-oai-is-update: ois1.new")
    upstream.pieces = answer("200 OK", b"{}", JSON, *rotated, "set-cookie: oai-did=; Max-Age=0")

    await connection.call("GET", CALL, context="models")
    await connection.call("GET", CALL, context="models")

    cookies = upstream.heads[1]["cookie"].split("; ")
    assert "__cf_bm=fresh" in cookies
    assert "__Secure-oai-is=ois1.new" in cookies
    assert not [cookie for cookie in cookies if cookie.startswith("oai-did=")]


@pytest.mark.parametrize("status", ["302 Found", "307 Temporary Redirect"])
async def test_no_call_follows_a_redirect(opened: Open, upstream: Upstream, status: str) -> None:
    upstream.pieces = answer(status, b"-", f"location: {upstream.url}/elsewhere")

    with pytest.raises(ProtocolError):
        await opened().call("POST", CALL, context="models", body={})

    assert len(upstream.lines) == 1


async def test_a_refusal_that_comes_in_pieces_is_read_whole(opened: Open, upstream: Upstream) -> None:
    refusal = b'{"detail":{"code":"token_expired","message":"Your authentication token has expired."}}'
    upstream.pieces = answer("401 Unauthorized", refusal, JSON)
    connection = opened()

    with pytest.raises(AuthExpiredError):
        await connection.call("GET", CALL, context="models")


async def test_a_turn_refused_in_pieces_is_read_whole(opened: Open, upstream: Upstream) -> None:
    refusal = b'{"detail":{"code":"rate_limit_exceeded","message":"Too many requests","clears_in":7}}'
    upstream.pieces = answer("200 OK", refusal, JSON)
    connection = opened()
    stream = await connection.post_turn(b"{}", {}, Sending(asyncio.get_running_loop().time() + 5))

    error = await connection.refusal(stream, proof_answered=False)

    assert not stream.accepted
    assert isinstance(error, RateLimitedError)
    assert error.retry_after_seconds == 7


async def test_a_refusal_that_breaks_off_is_known_by_its_status(opened: Open, upstream: Upstream) -> None:
    upstream.pieces = [b"HTTP/1.1 500 Oops\r\ncontent-length: 100\r\n\r\n{"]
    upstream.hangs_up = True

    with pytest.raises(UpstreamError) as caught:
        await opened().call("POST", CALL, context="models", body={})

    assert caught.value.upstream_status == 500


async def test_an_answer_without_json_is_an_error(opened: Open, upstream: Upstream) -> None:
    upstream.pieces = answer("200 OK", b"<html></html>", "content-type: text/html")

    with pytest.raises(ProtocolError):
        await opened().call("GET", CALL, context="models")


async def test_a_header_of_many_kilobytes_is_taken(opened: Open, upstream: Upstream) -> None:
    upstream.pieces = answer("200 OK", b"{}", JSON, "set-cookie: big=" + "x" * 40_000)

    assert await opened().call("GET", CALL, context="models") == {}


async def test_a_call_that_is_not_answered_ends_in_time(opened: Open, upstream: Upstream) -> None:
    upstream.pieces = [b"HTTP/1.1 200 OK\r\n"]

    with pytest.raises(UpstreamUnavailableError):
        await opened().call("GET", CALL, context="models", seconds=0.1)


async def test_nobody_listening_means_nothing_was_sent(opened: Open) -> None:
    connection = opened(url="http://127.0.0.1:1")
    sending = Sending(asyncio.get_running_loop().time() + 5)

    with pytest.raises(UpstreamUnavailableError):
        await connection.call("GET", CALL, context="models")
    with pytest.raises(UpstreamUnavailableError):
        await connection.post_turn(b"{}", {}, sending)

    assert not sending.left


async def test_connections_are_kept_open_for_calls_and_turns_alike(opened: Open, upstream: Upstream) -> None:
    connection = opened()

    await connection.call("GET", CALL, context="models")
    stream = await connection.post_turn(b"{}", {}, Sending(asyncio.get_running_loop().time() + 5))
    await stream.drain(1)
    await connection.call("GET", CALL, context="models")

    assert upstream.connections == 1


@pytest.mark.parametrize("size", [1, 3_000_000])
async def test_bodies_of_any_size_are_sent(opened: Open, upstream: Upstream, size: int) -> None:
    connection = opened()
    sending = Sending(asyncio.get_running_loop().time() + 5)

    await connection.put_blob(f"{upstream.url}/slot?sig=1", b"x" * size, "image/png")
    stream = await connection.post_turn(b"x" * size, {}, sending)
    stream.close()

    assert [head["content-length"] for head in upstream.heads] == [str(size), str(size)]
    assert sending.written


Use = Callable[[Connection], Awaitable[object]]
USES: dict[str, Use] = {
    "call": lambda connection: connection.call("GET", CALL, context="models"),
    "turn": lambda connection: connection.post_turn(b"{}", {}, Sending(asyncio.get_running_loop().time() + 5)),
    "socket": lambda connection: connection.socket_url(),
    "blob": lambda connection: connection.put_blob(f"{connection.origin}/slot", b"x", "image/png"),
}


@pytest.mark.parametrize("use", USES)
async def test_a_closed_connection_asks_nothing_any_more(opened: Open, upstream: Upstream, use: str) -> None:
    connection = opened()
    await connection.call("GET", CALL, context="models")
    await connection.aclose()

    with pytest.raises(UpstreamUnavailableError):
        await USES[use](connection)

    assert len(upstream.lines) == 1


async def test_nothing_that_is_shown_holds_a_credential(opened: Open, upstream: Upstream) -> None:
    connection = opened()
    upstream.pieces = answer("500 Oops", b"authorization: Bearer eyJhbGciOiJub25lIn0.eyJleHAiOjF9.fake", "x: y")

    with pytest.raises(UpstreamError) as caught:
        await connection.call("GET", CALL, context="models")

    error = caught.value
    shown = f"{error!r} {error.message} {error.upstream_text} {connection!r}"
    assert "eyJ" not in shown
    assert connection.captured["authorization"] not in shown

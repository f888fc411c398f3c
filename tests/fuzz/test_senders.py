"""Hostile senders on raw sockets: each hears clearly what is wrong, soon, while everybody else is served."""

from __future__ import annotations

import json
import resource
import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.fakes.server import KEY, Served
from tests.fakes.serving import threaded_server

_MEGA = 1024 * 1024
_SOON_SECONDS = 10
_MEANWHILE_SECONDS = 4
"""How long anybody else may wait for an answer; the machine may be busy with other tests."""

CHAT = "/v1/chat/completions"
HI = b'{"role": "user", "content": "Hi"}'


@dataclass(frozen=True)
class Heard:
    """An answer as it came."""

    status: int
    body: Any
    seconds: float

    @property
    def code(self) -> str:
        return str(self.body["error"]["code"])


def send(
    served: Served, *pieces: bytes, head: Sequence[str] = (), length: int | str | None = -1, path: str = CHAT
) -> Heard:
    """Send a request in pieces until the server closes; `length` -1 is the true one, `None` says none."""
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Connection: close", f"Authorization: Bearer {KEY}"]
    if not any(line.lower().startswith("content-type") for line in head):
        lines.append("Content-Type: application/json")
    if length is not None:
        lines.append(f"Content-Length: {sum(map(len, pieces)) if length == -1 else length}")
    began, received = time.monotonic(), b""
    with socket.create_connection(("127.0.0.1", served.port), timeout=30) as connection:
        try:
            connection.sendall("\r\n".join([*lines, *head, "", ""]).encode("latin-1"))
            for piece in pieces:
                connection.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            # Refused before its end, as it should be.
            pass
        try:
            while got := connection.recv(65536):
                received += got
        except ConnectionResetError:
            pass
    top, _, content = received.partition(b"\r\n\r\n")
    return Heard(int(top.split()[1]) if top else 0, json.loads(content) if content else None, time.monotonic() - began)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with threaded_server(tmp_path_factory.mktemp("senders"), request_seconds=1.0) as running:
        yield running


@contextmanager
def others_served(served: Served) -> Iterator[None]:
    """While the block runs somebody else asks all the time, and is answered."""
    over = threading.Event()
    waits: list[float] = []

    def ask() -> None:
        with httpx2.Client(base_url=served.url, timeout=30, trust_env=False) as client:
            while not (over.is_set() and waits):
                began = time.monotonic()
                assert client.get("/health/live").status_code == 200
                waits.append(time.monotonic() - began)
                time.sleep(0.01)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield
    finally:
        over.set()
        asking.join()
    assert max(waits) < _MEANWHILE_SECONDS


def chat(more: bytes = b"") -> bytes:
    return b'{"messages": [' + HI + b"]" + more + b"}"


BOMBS: dict[str, bytes] = {
    "a nest of lists": chat(b', "a": ' + b"[" * 100_000 + b"]" * 100_000),
    "a nest of objects": chat(b', "a": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "a nest that never ends": b'{"a":' + b"[" * 5_000_000,
    "a crowd of lists": chat(b', "a": [[]' + b",[]" * 3_000_000 + b"]"),
    "a crowd of numbers": chat(b', "a": [1' + b",1" * 10_000_000 + b"]"),
    "a crowd of messages": b'{"messages": [' + HI + (b"," + HI) * 300_000 + b"]}",
    "a number without end": chat(b', "seed": ' + b"9" * 100_000),
    "many large numbers": chat(b', "a": [1' + (b"," + b"9" * 4000) * 5000 + b"]"),
    "a power of ten": chat(b', "temperature": 1e999999'),
    "not a number": chat(b', "temperature": NaN'),
    "infinity": chat(b', "temperature": -Infinity'),
    "no utf-8": chat(b', "user": "\xff\xfe"'),
    "too long utf-8": chat(b', "user": "\xc0\xaf"'),
    "a surrogate in utf-8": chat(b', "user": "\xed\xa0\x80"'),
    "half a character": chat(b', "user": "\\ud83d"'),
    "a mark of byte order": b"\xef\xbb\xbf" + chat(),
    "another encoding": chat().decode().encode("utf-16"),
    "two documents": chat() + chat(),
    "a raw line end": chat(b', "user": "a\nb"'),
    "nothing": b"",
    "white space": b" " * 1000,
    "zeros": b"\x00" * 1000,
    "a list": b"[" + chat() + b"]",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_a_400_that_says_why(served: Served, bomb: str) -> None:
    with others_served(served):
        heard = send(served, BOMBS[bomb])

    assert (heard.status, heard.code) == (400, "invalid_request")
    assert heard.body["error"]["message"].startswith("The request body ") or heard.body["error"]["param"] == "messages"
    assert heard.seconds < _SOON_SECONDS
    assert not served.world.asked


def test_of_a_key_that_is_there_twice_the_last_counts(served: Served) -> None:
    heard = send(served, b'{"messages": 5, "model": "none", "messages": [' + HI + b'], "model": "auto"}')

    assert (heard.status, heard.body["model"]) == (200, "auto")
    served.world.asked.clear()


def test_fifty_megabytes_of_words_are_taken_in_bounded_memory(served: Served) -> None:
    before = peak_bytes()
    pieces = [b'{"messages": [{"role": "user", "content": "', *[b"words and " * 104_858] * 50, b'"}]}']
    with others_served(served):
        heard = send(served, *pieces)

    assert heard.status == 200
    assert peak_bytes() - before < 800 * _MEGA
    served.world.asked.clear()


@pytest.mark.parametrize("announced", [True, False])
def test_more_than_is_taken_is_a_413_and_not_read(served: Served, announced: bool) -> None:
    before, piece = peak_bytes(), b" " * _MEGA
    with others_served(served):
        if announced:
            heard = send(served, *[piece] * 65)
        else:
            chunk = b"%x\r\n%s\r\n" % (len(piece), piece)
            heard = send(served, *[chunk] * 80, head=["Transfer-Encoding: chunked"], length=None)

    assert (heard.status, heard.code) == (413, "request_too_large")
    assert peak_bytes() - before < 300 * _MEGA


@pytest.mark.parametrize(
    ("length", "head"),
    [
        ("abc", ()),
        ("-5", ()),
        ("1e3", ()),
        ("9" * 30, ()),
        ("10", ["Content-Length: 20"]),
        ("10", ["Transfer-Encoding: chunked"]),
        (None, ["Transfer-Encoding: gzip, chunked", "Content-Length: 5"]),
        ("5", [" folded: yes"]),
        ("5", ["No colon"]),
        ("5", ["X-Nul: a\x00b"]),
    ],
)
def test_a_head_that_lies_is_refused(served: Served, length: str | None, head: list[str]) -> None:
    with others_served(served):
        heard = send(served, chat(), head=head, length=length)

    assert heard.status in (400, 413)
    assert heard.code in ("invalid_request", "request_too_large")
    assert heard.seconds < _SOON_SECONDS
    assert not served.world.asked


def test_a_body_shorter_than_it_said_is_waited_for_and_then_a_408(served: Served) -> None:
    with others_served(served):
        heard = send(served, chat(), length=1000)

    assert (heard.status, heard.code) == (408, "invalid_request")
    assert not served.world.asked


def test_a_body_longer_than_it_said_is_cut_there(served: Served) -> None:
    heard = send(served, chat(), length=10)

    assert (heard.status, heard.code) == (400, "invalid_request")
    assert not served.world.asked


@pytest.mark.parametrize("body", [b'5\r\n{"a":\r\n', b"zz\r\n", b"5\r\nabc\r\n0\r\n\r\n", b"fffffffffffffffff\r\n{"])
def test_chunks_that_never_end_or_are_none_end_the_connection(served: Served, body: bytes) -> None:
    with others_served(served):
        heard = send(served, body, head=["Transfer-Encoding: chunked"], length=None)

    assert heard.status in (400, 408)
    assert heard.seconds < _SOON_SECONDS
    assert not served.world.asked


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, gzip", "zstd"])
def test_a_body_that_could_unfold_is_a_415(served: Served, encoding: str) -> None:
    heard = send(served, b"\x1f\x8b" + b"\x00" * 1000, head=[f"Content-Encoding: {encoding}"])

    assert (heard.status, heard.code) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"]
)
def test_a_body_of_another_kind_is_a_415(served: Served, kind: str) -> None:
    assert send(served, chat(), head=[f"Content-Type: {kind}"]).status == 415


def test_a_slow_sender_holds_nobody_up_and_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte at a time, each in time: many connections of them, for as long as such a body may take."""
    with threaded_server(tmp_path, request_seconds=0.2) as served:
        with others_served(served):
            senders = [threading.Thread(target=_crawl, args=(served,)) for _ in range(20)]
            for sender in senders:
                sender.start()
            for sender in senders:
                sender.join(20)
                assert not sender.is_alive()
        assert not served.world.asked


def _crawl(served: Served) -> None:
    head = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\nContent-Length: 100000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
        connection.sendall(head.encode())
        connection.setblocking(False)
        for _ in range(300):
            time.sleep(0.05)
            try:
                connection.send(b" ")
                if b"408" in connection.recv(4096):
                    return
            except BlockingIOError:
                continue
    raise AssertionError("the server reads on")


@pytest.mark.parametrize(
    ("line", "headers", "status"),
    [
        ("GET /health/live HTTP/1.1", [f"X-{number}: {number}" for number in range(1000)], 200),
        ("GET /health/live HTTP/1.1", [f"X-{number}: {number}" for number in range(20_000)], 431),
        ("GET /health/live HTTP/1.1", ["X: " + "x" * 10 * _MEGA], 431),
        (f"GET /{'a' * 60_000} HTTP/1.1", [], 401),
        (f"GET /{'a' * 10 * _MEGA} HTTP/1.1", [], 431),
        (f"GET /health/ready?{'for=chat&' * 6000} HTTP/1.1", [], 200),
        (f"GET /health/live?{'&' * 60_000} HTTP/1.1", [], 200),
        ("GET /health/%ff%00%2e%2e/live HTTP/1.1", [], 401),
        ("GET //health//live HTTP/1.1", [], 401),
        ("GET http://[bad HTTP/1.1", [], 400),
        ("GET /health/live HTTP/3.0", [], 400),
        ("G\x00T /health/live HTTP/1.1", [], 400),
        ("PRI * HTTP/2.0", [], 400),
        ("\x16\x03\x01\x02", [], 400),
    ],
    ids=range(14),
)
def test_a_head_of_any_kind_is_answered(served: Served, line: str, headers: list[str], status: int) -> None:
    received = b""
    with others_served(served), socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
        try:
            connection.sendall(
                "\r\n".join([line, "Host: localhost", "Connection: close", *headers, "", ""]).encode("latin-1")
            )
        except (BrokenPipeError, ConnectionResetError):
            pass
        try:
            while got := connection.recv(65536):
                received += got
        except ConnectionResetError:
            pass

    assert received.startswith(b"HTTP/1.1 %d" % status), received[:300]
    assert b"x-request-id" in received


def peak_bytes() -> int:
    """The most memory that this process, with server and sender in it, has had so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024

"""Damaged captures over a real connection: never a 5xx, never a wait, and never a byte on the disk."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from provider.simulator import SimulatorConfig
from tests.e2e.stack import KEY, Stack, open_stack

INSPECT, SAVE = "/v1/chatgpt/admin/captures/inspect", "/v1/chatgpt/admin/captures/save"
VECTORS = Path(__file__).parents[1] / "vectors"
TEXTS = {path.name: path.read_text() for path in sorted(VECTORS.glob("capture-*"))}
URL = "https://chatgpt.com/backend-api/f/conversation"

_SECONDS = 2.0
"""What any answer may take, on a machine that does other things as well; and as much again for every megabyte."""


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    """A real API process with one account, and no Temporal: accounts are none of its business."""
    async with open_stack(tmp_path, SimulatorConfig(accounts=("plus",))) as opened:
        await opened.start_api()
        yield opened


def truncated(rng: random.Random, text: str) -> str:
    return text[: rng.randrange(1, len(text))]


def beheaded(rng: random.Random, text: str) -> str:
    return text[rng.randrange(1, len(text)) :]


def doubled_headers(rng: random.Random, text: str) -> str:
    lines = text.splitlines(keepends=True)
    at = rng.randrange(len(lines))
    return "".join([*lines[: at + 1], *(lines[at] for _ in range(rng.choice((1, 3, 2000)))), *lines[at + 1 :]])


def binary_garbage(rng: random.Random, text: str) -> str:
    at = rng.randrange(len(text))
    garbage = "".join(
        chr(rng.choice((rng.randrange(32), rng.randrange(128, 256), rng.randrange(0xD800, 0xE000))))
        for _ in range(rng.randint(1, 40))
    )
    return text[:at] + garbage + text[at:]


def huge_value(rng: random.Random, text: str) -> str:
    at = rng.randrange(len(text))
    return text[:at] + rng.choice("aA9={'\"\\\n :;^`") * rng.choice((70_000, 400_000)) + text[at:]


def unbalanced_quotes(rng: random.Random, text: str) -> str:
    places = [at for at, char in enumerate(text) if char in "'\"`"] or [0]
    at = rng.choice(places)
    return text[:at] + rng.choice(("", "''", '"', "\\", "$'", "'\\''")) + text[at + 1 :]


def nested_json(rng: random.Random, text: str) -> str:
    at = text.rfind("{") if "{" in text else 0
    return text[:at] + rng.choice(('{"a":', "[", '{"messages":[')) * rng.choice((50, 5_000, 100_000)) + text[at:]


def wrong_charset(rng: random.Random, text: str) -> str:
    return text.encode().decode(rng.choice(("latin-1", "cp1252", "utf-16-le")), "replace")


def swapped_pieces(rng: random.Random, text: str) -> str:
    a, b, c = sorted(rng.randrange(len(text)) for _ in range(3))
    return text[:a] + text[b:c] + text[a:b] + text[c:]


def odd_numbers(rng: random.Random, text: str) -> str:
    odd = rng.choice(("NaN", "1e999", "-" + "9" * 5000, "\x00", "\u2028"))
    return text.replace(rng.choice((":", "=", "1", "0")), f":{odd}", rng.choice((1, -1)))


def broken_token(rng: random.Random, text: str) -> str:
    return text.replace("eyJ", rng.choice(("", "eyJ.eyJ.eyJ.", "!", "eyJ" * 20_000, "\u0661")))


def grafted(rng: random.Random, text: str) -> str:
    other = rng.choice(list(TEXTS.values()))
    at, cut = rng.randrange(len(text)), rng.randrange(len(other))
    return text[:at] + other[cut:]


def repeated(rng: random.Random, text: str) -> str:
    return rng.choice(("\n", "", " && ", "; ")).join([text] * rng.choice((2, 30)))


def lost_characters(rng: random.Random, text: str) -> str:
    kept = rng.choice((0.5, 0.9, 0.99))
    return "".join(char for char in text if rng.random() < kept)


MUTATIONS: list[Callable[[random.Random, str], str]] = [
    truncated, beheaded, doubled_headers, binary_garbage, huge_value, unbalanced_quotes, nested_json, wrong_charset,
    swapped_pieces, odd_numbers, broken_token, grafted, repeated, lost_characters,
]  # fmt: skip


def mutants() -> Iterator[tuple[str, str]]:
    """Every mutation of every vector, twice over, the same at every run."""
    rng = random.Random(5)
    for mutate in MUTATIONS:
        for name, text in [*TEXTS.items()] * 2:
            label = f"{mutate.__name__} of {name}, {rng.random()}"
            yield label, mutate(random.Random(label), text)


def bombs() -> Iterator[tuple[str, str]]:
    """HAR files that are small work to write and much to read."""
    turn = {"request": {"method": "POST", "url": URL, "headers": [], "postData": {"text": "{}"}}}
    header = {"name": "cookie", "value": "a=b; " * 50}
    yield "many entries", json.dumps({"log": {"entries": [turn] * 20_000}})
    yield (
        "many headers",
        json.dumps({"log": {"entries": [{"request": {**turn["request"], "headers": [header] * 9000}}]}}),
    )
    yield "deep entries", '{"log":{"entries":' + "[" * 200_000 + "]" * 200_000 + "}}"
    yield (
        "a deep payload",
        json.dumps({"log": {"entries": [{"request": {**turn["request"], "postData": {"text": '{"a":' * 300_000}}}]}}),
    )
    yield "entries of nothing", json.dumps({"log": {"entries": [None, 3, [], "x", {"request": "x"}] * 50_000}})
    yield "an unending number", '{"log":{"entries":[' + "9" * 2_000_000 + "]}}"
    yield "odd types", json.dumps({"log": {"entries": [{"request": {"method": 1, "url": {}, "headers": {"a": 1}}}]}})


def encoded(capture: Any) -> bytes:
    """A body as JSON can write any text, also what is no text at all."""
    return json.dumps({"account": "mutant", "capture_text": capture, "verify": False}).encode()


BODIES: dict[str, tuple[bytes, dict[str, str]]] = {
    "latin-1": (encoded("x").replace(b'"x"', b'"\xe9\xff"'), {}),
    "utf-16": (encoded("x").decode().encode("utf-16"), {}),
    "utf-16 as it is named": (
        encoded("x").decode().encode("utf-16"),
        {"content-type": "application/json; charset=utf-16"},
    ),
    "cut off": (encoded("x")[:-3], {}),
    "not JSON": (TEXTS["capture-curl-bash.txt"].encode(), {}),
    "compressed": (gzip.compress(encoded("x" * 20_000_000)), {"content-encoding": "gzip"}),
    "compressed and not said so": (gzip.compress(encoded("x")), {}),
    "nested too deep": (b'{"capture_text":' + b"[" * 500_000 + b"]" * 500_000 + b"}", {}),
    "a number": (encoded(3), {}),
    "a list": (encoded(["x"]), {}),
    "nothing": (encoded(None), {}),
    "blank": (encoded(" \n\t"), {}),
    "empty": (b"", {}),
    "a bare NUL": (b"\0", {}),
    "twice": (b'{"capture_text":"x","capture_text":{"a":1}}', {}),
}


def kept(stack: Stack) -> dict[str, bytes]:
    """Every file of the accounts folder."""
    folder = stack.root / "accounts"
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def asked(client: httpx2.AsyncClient, path: str, body: bytes, **headers: str) -> httpx2.Response:
    """One request, which must be answered in time and by no failure of ours."""
    began = time.monotonic()
    answer = await client.post(path, content=body, headers={"content-type": "application/json", **headers})
    assert time.monotonic() - began < _SECONDS * (1 + len(body) / 1_000_000), f"{len(body)} bytes"
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.json()["error"]["code"]
        assert answer.json()["error"]["message"]
    return answer


@pytest.mark.slow
async def test_damaged_captures_are_refused_and_never_written(stack: Stack) -> None:
    before, refused, usable = kept(stack), 0, []
    async with stack.client() as client:
        for label, text in [*mutants(), *bombs()]:
            body = encoded(text)
            answer = await asked(client, INSPECT, body)
            if answer.status_code == 200 and answer.json()["ok"]:
                usable.append((label, text))
                continue
            assert (await asked(client, SAVE, body)).status_code in (400, 403, 413, 422), label
            refused += 1
        assert kept(stack) == before
        # Some damage hits what nobody needs. Such a capture is kept as it is, and can be used.
        for label, text in usable:
            answer = await asked(client, SAVE, encoded(text))
            assert answer.status_code == 200, (label, answer.text)
            listed = (await client.get("/v1/chatgpt/admin/accounts")).json()["accounts"]
            assert {account["account"]: account["error"] for account in listed} == {"plus": None, "mutant": None}, label
            deleted = await client.post("/v1/chatgpt/admin/accounts/delete", json={"account": "mutant"})
            assert deleted.json()["ok"]
    assert (refused >= 200, len(usable) > 5) == (True, True), (refused, len(usable))
    assert await stack.processes[-1].terminate() == 0
    log = stack.processes[-1].log.read_text()
    assert "Traceback" not in log
    assert '"level": "error"' not in log


async def test_bodies_that_hold_no_capture_are_refused(stack: Stack) -> None:
    before = kept(stack)
    async with stack.client() as client:
        for label, (body, headers) in BODIES.items():
            for path in (INSPECT, SAVE):
                assert 400 <= (await asked(client, path, body, **headers)).status_code < 500, label
        # What was undamaged is taken.
        whole = {"account": "whole", "capture_text": TEXTS["capture-curl-bash.txt"], "verify": False}
        assert (await client.post(SAVE, json=whole)).status_code == 200
    assert {name: content for name, content in kept(stack).items() if name in before} == before
    assert any(name.startswith("whole/") for name in kept(stack))


async def test_a_body_that_never_ends_is_not_waited_for(stack: Stack) -> None:
    """What is promised and does not come holds up nobody else."""
    _, writer = await asyncio.open_connection("127.0.0.1", stack.api_port)
    head = (
        f"POST {INSPECT} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {KEY}\r\nContent-Type: application/json"
    )
    writer.write(f"{head}\r\nContent-Length: 1000000\r\n\r\n{{".encode())
    await writer.drain()
    async with stack.client() as client:
        answer = await asked(client, INSPECT, encoded(TEXTS["capture-har.json"]))
        assert answer.json()["ok"]
    writer.close()
    await writer.wait_closed()

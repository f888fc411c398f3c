"""The codec for the embedded server's UI: this machine, that page, the unguessable address, and nobody else."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from api.codec.ui import PREFIX
from tests.api.codec.test_router import HELLO, sealed
from tests.fakes.server import Served, open_server

PART = "p" * 43
UI = "http://127.0.0.1:8299"
DECODE = f"{PREFIX}{PART}/decode"


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with open_server(tmp_path, temporal={"ui_port": 8299, "ui_codec_part": PART}) as server:
        yield server


@pytest.fixture
async def page(served: Served) -> AsyncIterator[httpx2.AsyncClient]:
    """What the UI's page sends: no key, its origin."""
    async with served.client(key=None) as opened:
        opened.headers["origin"] = UI
        yield opened


def refused(answer: httpx2.Response) -> bool:
    """It says no more than that there is no such route, and lets no page read even that."""
    return answer.status_code == 404 and "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("origin", [UI, "http://localhost:8299"])
async def test_the_ui_has_payloads_opened_without_a_key(served: Served, page: httpx2.AsyncClient, origin: str) -> None:
    asked = {"origin": origin, "content-type": "application/json", "x-namespace": "default"}
    answer = await page.post(DECODE, json=await sealed(served), headers=asked)

    assert answer.status_code == 200, answer.text
    assert answer.json() == HELLO
    assert answer.headers["access-control-allow-origin"] == origin
    assert answer.headers["vary"] == "Origin"
    assert answer.headers["cache-control"] == "no-store"


async def test_its_preflight_is_answered_for_exactly_its_origin(page: httpx2.AsyncClient) -> None:
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "content-type,x-namespace"}

    good = await page.options(DECODE, headers=asked)
    others = [
        await page.options(DECODE, headers={**asked, "origin": origin})
        for origin in (
            "http://127.0.0.1:8300",
            "http://localhost",
            "https://127.0.0.1:8299",
            "http://evil.example",
            "null",
        )
    ]

    assert good.status_code == 204
    assert good.headers["access-control-allow-origin"] == UI
    assert good.headers["access-control-allow-headers"] == "content-type,x-namespace"
    assert all(refused(answer) for answer in others)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"host": "evil.example"},
        {"host": "evil.example:8299"},
        {"host": "127.0.0.1:1"},
        {"host": "127.0.0.1:x"},
        {"x-forwarded-for": "127.0.0.1"},
        {"forwarded": "for=127.0.0.1"},
    ],
    ids=lambda headers: "-".join(next(iter(headers.items()))),
)
async def test_other_pages_names_and_proxies_are_refused(
    served: Served, page: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    assert refused(await page.post(DECODE, json=await sealed(served), headers=headers))


async def test_who_sends_no_origin_is_refused(served: Served, page: httpx2.AsyncClient) -> None:
    del page.headers["origin"]

    assert refused(await page.post(DECODE, json=await sealed(served)))


@pytest.mark.parametrize(
    "path", [f"{PREFIX}guessed/decode", f"{PREFIX}{PART}/", f"{PREFIX}{PART}/keys", f"{PREFIX}/decode"]
)
async def test_other_addresses_do_not_exist_with_the_key_either(served: Served, path: str) -> None:
    async with served.client() as client:
        assert refused(await client.post(path, json=HELLO, headers={"origin": UI}))


async def test_a_peer_on_another_machine_is_refused(served: Served) -> None:
    from starlette.types import Message

    from api.codec.ui import UiCodec

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": json.dumps(HELLO).encode()}

    headers = [(b"host", b"127.0.0.1:8000"), (b"origin", UI.encode()), (b"content-length", b"100")]
    scope = {
        "type": "http",
        "method": "POST",
        "path": DECODE,
        "headers": headers,
        "server": ("127.0.0.1", 8000),
        "state": {"services": served.services},
    }
    door = UiCodec(lambda *_: pytest.fail("it went on"), served.services.settings.temporal)
    for peer in ("192.168.1.5", "127.0.0.1", "::ffff:127.0.0.1"):
        await door({**scope, "client": (peer, 5000)}, receive, send)

    assert [message["status"] for message in sent if message["type"] == "http.response.start"] == [404, 200, 200]


@pytest.mark.parametrize("temporal", [{"ui_port": 8299}, {"ui_port": 8299, "ui_codec_part": PART, "ui_codec": False}])
async def test_switched_off_there_is_no_such_address(tmp_path: Path, temporal: dict[str, object]) -> None:
    async with open_server(tmp_path, temporal=temporal) as served, served.client() as client:
        assert refused(await client.post(DECODE, json=HELLO, headers={"origin": UI}))
        assert (await client.post("/v1/chatgpt/codec/decode", json=HELLO)).status_code == 200


async def test_errors_can_be_read_by_the_page_and_tell_nothing(page: httpx2.AsyncClient) -> None:
    got = await page.get(DECODE)
    broken = await page.post(DECODE, content=b"no json")
    large = await page.post(DECODE, content=_pieces())

    assert [answer.status_code for answer in (got, broken, large)] == [405, 400, 413]
    for answer in (got, broken, large):
        assert answer.headers["access-control-allow-origin"] == UI
        assert PART not in answer.text


async def _pieces() -> AsyncIterator[bytes]:
    """A body whose length is not announced."""
    yield b"{}"

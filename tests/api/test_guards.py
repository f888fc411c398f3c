"""The guards of the local server: names, pages, and those who try keys."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from api import attempts
from api.attempts import Attempts, peer_of
from api.hosts import KnownHosts, host_name
from core.errors import TooManyAttemptsError
from core.settings import ServerSettings, load
from tests.fakes.keys import make_key
from tests.fakes.server import KEY, Served, open_server

MODELS = "/v1/models"


_OURS = ("localhost", "LOCALHOST:80", "app.localhost", "127.0.0.1:8000", "[::1]:8000", "192.168.1.9", "10.0.0.1:1")
_NAMED = ("host.docker.internal:8000", "lan.example", "a.ours.example:1", "lan.example.")
_FOREIGN = ("evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", "bridge", "")
_ALMOST = ("lan.example.evil", "a b", "ours.example.evil", "xours.example", "127.1", "localhost@evil.example", "[::1")


@pytest.fixture
async def named(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """A client without a key, of a server that goes by more names and knows more pages."""
    settings = {"allowed_hosts": "lan.example, .ours.example", "cors_origins": "https://app.example"}
    async with open_server(tmp_path, **settings) as served, served.client(None) as client:  # type: ignore[arg-type]
        yield client


async def test_a_host_of_ours_is_served(named: httpx2.AsyncClient) -> None:
    for host in (*_OURS, *_NAMED):
        assert (await named.get("/health/live", headers={"host": host})).status_code == 200, host


async def test_any_other_host_is_a_421_that_names_the_setting(named: httpx2.AsyncClient) -> None:
    for host in (*_FOREIGN, *_ALMOST):
        answer = await named.get("/health/live", headers={"host": host})

        assert (answer.status_code, answer.json()["error"]["code"]) == (421, "host_not_allowed"), host
        assert "CHATGPT_ALLOWED_HOSTS" in answer.json()["error"]["message"]


async def test_two_hosts_are_none(served: Served) -> None:
    answer = await served.raw("GET /health/live HTTP/1.1", "Host: localhost", "Host: evil.example", "Connection: close")

    assert answer.startswith(b"HTTP/1.1 421")


async def test_no_host_is_as_good_as_the_address(served: Served) -> None:
    assert (await served.raw("GET /health/live HTTP/1.0")).startswith(b"HTTP/1.1 200")


def test_the_bind_and_the_public_base_are_known_and_a_star_is_everything() -> None:
    known = KnownHosts(load(ServerSettings, host="bound.example", public_base_url="https://Bridge.example:8443/v1"))

    assert known.knows("bound.example")
    assert known.knows("bridge.example")
    assert not known.knows("other.example")
    assert KnownHosts(load(ServerSettings, allowed_hosts="*")).knows("other.example")


@pytest.mark.parametrize(("header", "name"), [("A.Example:1", "a.example"), ("[::1]:80", "::1"), ("a/b", None)])
def test_a_host_header_is_read(header: str, name: str | None) -> None:
    assert host_name(header) == name


_EVIL = {"origin": "https://evil.example"}
_COOKIE = {"cookie": "session=1"}


async def test_the_origin_counts_where_nothing_else_vouches(named: httpx2.AsyncClient) -> None:
    with_key, wrong = {"authorization": f"Bearer {KEY}"}, {"authorization": "Bearer sk-wrong"}
    page, lan = {"origin": "http://localhost:3000"}, {"host": "lan.example:8000"}
    cases = [
        (_EVIL, 403),
        ({"origin": "null"}, 403),
        ({**_EVIL, **with_key}, 200),
        ({**_EVIL, **with_key, **_COOKIE}, 403),
        ({**_EVIL, **wrong}, 403),
        ({**page, **with_key, **_COOKIE}, 200),
        (page, 200),
        ({"origin": "https://app.example"}, 200),
        ({**lan, "origin": "http://lan.example:8000"}, 200),
        ({**lan, "origin": "http://lan.example:9000"}, 403),
        ({}, 200),
    ]
    for headers, status in cases:
        answer = await named.get("/health/ready", headers=headers)

        assert answer.status_code == status, headers
        if status == 403:
            assert answer.json()["error"]["code"] == "origin_not_allowed"
            assert "CHATGPT_CORS_ORIGINS" in answer.json()["error"]["message"]


async def test_a_preflight_allows_the_methods_that_there_are(client: httpx2.AsyncClient) -> None:
    wanted = {"origin": "http://localhost:3000", "access-control-request-method": "PATCH"}
    answer = await client.request("OPTIONS", "/v1/chatgpt/keys/x", headers=wanted)

    assert answer.status_code == 204
    assert {"PATCH", "DELETE", "POST"} <= set(answer.headers["access-control-allow-methods"].split(", "))


async def test_wrong_keys_are_answered_ever_later(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "_LONGEST_DELAY_SECONDS", 0.2)
    took = []
    async with served.client("sk-wrong") as client:
        for _ in range(7):
            began = time.monotonic()
            answer = await client.get(MODELS)
            took.append(time.monotonic() - began)
            assert answer.status_code == 401
        began = time.monotonic()
        right = await client.get(MODELS, headers={"authorization": f"Bearer {KEY}"})

    assert right.status_code == 200
    assert time.monotonic() - began < 0.15
    assert took[3] >= 0.05
    assert took[6] >= 0.2


@pytest.mark.parametrize(("own", "status"), [("short-key-of-mine", 429), (KEY, 200)])
async def test_a_key_that_can_be_guessed_is_not_known_while_many_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: str, status: int
) -> None:
    monkeypatch.setattr(attempts, "_LONGEST_DELAY_SECONDS", 0.5)
    monkeypatch.setattr(attempts, "_FIRST_DELAY_SECONDS", 0.5)
    async with open_server(tmp_path, api_key=own) as served, served.client("sk-wrong") as client:
        random = await make_key(served)
        answers = [await client.get(MODELS) for _ in range(3)]
        flood = [asyncio.create_task(client.get(MODELS)) for _ in range(20)]
        await asyncio.sleep(0.25)
        meanwhile = [await client.get(MODELS, headers={"authorization": f"Bearer {key}"}) for key in (own, random)]
        answers += await asyncio.gather(*flood)
        after = await client.get(MODELS, headers={"authorization": f"Bearer {own}"})

    refused = [answer for answer in answers if answer.status_code == 429]
    assert {answer.status_code for answer in answers} == {401, 429}
    assert len(refused) == 12
    assert refused[0].json()["error"]["code"] == "too_many_attempts"
    assert refused[0].headers["retry-after"] == "1"
    assert [answer.status_code for answer in meanwhile] == [status, 200]
    assert after.status_code == 200


async def test_a_wrong_key_at_an_open_door_is_held_back_too(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "_FIRST_DELAY_SECONDS", 0.2)
    async with served.client("sk-wrong") as client:
        for _ in range(3):
            await client.get("/health/ready")
        began = time.monotonic()
        answer = await client.get("/health/ready")

    assert answer.status_code == 200
    assert not any("detail" in part for part in answer.json()["parts"])
    assert time.monotonic() - began >= 0.2


async def test_the_memory_of_failures_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "_MOST_PEERS", 10)
    seen = Attempts()
    for number in range(50):
        await seen.failed(f"192.0.2.{number}", "invalid_api_key")

    assert len(seen) == 10


async def test_failures_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "_FORGET_SECONDS", 0.05)
    seen = Attempts()
    for _ in range(3):
        await seen.failed("192.0.2.1", "invalid_api_key")
    await asyncio.sleep(0.06)
    began = time.monotonic()
    await seen.failed("192.0.2.1", "invalid_api_key")

    assert time.monotonic() - began < 0.04


async def test_one_address_does_not_shut_out_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "_FIRST_DELAY_SECONDS", 0.2)
    monkeypatch.setattr(attempts, "_LONGEST_DELAY_SECONDS", 0.2)
    seen = Attempts()
    for _ in range(3):
        await seen.failed("192.0.2.1", "invalid_api_key")
    waiting = [asyncio.create_task(seen.failed("192.0.2.1", "invalid_api_key")) for _ in range(8)]
    await asyncio.sleep(0.01)

    with pytest.raises(TooManyAttemptsError):
        await seen.failed("192.0.2.1", "invalid_api_key")
    await seen.failed("192.0.2.2", "invalid_api_key")
    assert (seen.many_from("192.0.2.1"), seen.many_from("192.0.2.2")) == (True, False)
    await asyncio.gather(*waiting)
    assert not seen.many_from("192.0.2.1")


@pytest.mark.parametrize(
    ("address", "peer"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::1"),
        ("unix", "unix"),
    ],
)
def test_a_network_of_ipv6_is_one_peer(address: str, peer: str) -> None:
    assert peer_of({"client": (address, 1)}) == peer
    assert peer_of({"client": None}) == ""

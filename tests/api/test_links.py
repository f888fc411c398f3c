"""The base of download links."""

from __future__ import annotations

from typing import Any

import pytest

from api.links import public_base
from core.settings import ServerSettings, load


def scope(host: str | None, *, server: tuple[str, int] = ("127.0.0.1", 8000)) -> dict[str, Any]:
    headers = [] if host is None else [(b"host", host.encode())]
    return {"type": "http", "scheme": "http", "headers": headers, "server": server}


@pytest.mark.parametrize("host", ["localhost:9", "127.0.0.1:8000", "[::1]:8000", "lan.example", "bound.example:1"])
def test_a_host_that_can_be_ours_is_believed(host: str) -> None:
    settings = load(ServerSettings, host="bound.example", allowed_hosts="lan.example, other")

    assert public_base(scope(host), settings) == f"http://{host}"


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "local host", "a/b", "x@localhost", None])
def test_any_other_host_is_not(host: str | None) -> None:
    assert public_base(scope(host), load(ServerSettings)) == "http://127.0.0.1:8000"


def test_the_address_the_request_arrived_at_is_ours() -> None:
    arrived = scope("192.168.1.2:8000", server=("192.168.1.2", 8000))

    assert public_base(arrived, load(ServerSettings, host="0.0.0.0")) == "http://192.168.1.2:8000"
    assert public_base(scope("evil", server=("fd00::2", 80)), load(ServerSettings)) == "http://[fd00::2]:80"


def test_the_public_base_wins() -> None:
    settings = load(ServerSettings, public_base_url="https://bridge.example/v1/")

    assert public_base(scope("localhost"), settings) == "https://bridge.example/v1"

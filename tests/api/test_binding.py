"""Where the server listens."""

from __future__ import annotations

import pytest

from api.binding import bound_socket, is_loopback, require_strong_key
from core.errors import PortInUseError, SettingError
from core.settings import ServerSettings, load

STRONG = "s" * 40


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost", "LOCALHOST"])
def test_loopback_is_known(host: str) -> None:
    assert is_loopback(host)
    require_strong_key(load(ServerSettings, host=host), "local-dev-key")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "bridge.example", ""])
@pytest.mark.parametrize("key", ["local-dev-key", "short", ""])
def test_beyond_loopback_a_weak_key_refuses_to_start(host: str, key: str) -> None:
    with pytest.raises(SettingError, match="CHATGPT_API_KEY"):
        require_strong_key(ServerSettings.model_construct(host=host), key)


def test_beyond_loopback_a_strong_key_is_enough() -> None:
    require_strong_key(load(ServerSettings, host="0.0.0.0"), STRONG)


def test_a_taken_port_is_said() -> None:
    with bound_socket("127.0.0.1", 0) as first:
        first.listen()
        with pytest.raises(PortInUseError, match=str(first.getsockname()[1])):
            bound_socket("127.0.0.1", first.getsockname()[1])


def test_an_address_of_another_machine_is_said() -> None:
    with pytest.raises(SettingError, match="CHATGPT_API_HOST"):
        bound_socket("192.0.2.1", 0)

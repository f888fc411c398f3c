from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.up.ports import Ports
from core.errors import PortInUseError


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture
def ports(tmp_path: Path) -> Iterator[Ports]:
    chosen = Ports(tmp_path)
    yield chosen
    chosen.close()


def test_zero_is_any_free_port_and_never_the_same_twice(ports: Ports) -> None:
    chosen = [ports.choose(0, variable="X") for _ in range(5)]
    assert len(set(chosen)) == 5
    assert all(port > 0 for port in chosen)


def test_a_taken_port_is_named_with_its_variable(ports: Ports, taken: int) -> None:
    with pytest.raises(PortInUseError, match=rf"port {taken} \(CHATGPT_API_PORT\) is taken"):
        ports.choose(taken, variable="CHATGPT_API_PORT")


def test_a_port_that_may_move_goes_to_the_next_free_one(ports: Ports, taken: int) -> None:
    assert taken < ports.choose(taken, variable="X", move=True) <= taken + 200


def test_two_choosers_never_choose_the_same_port(tmp_path: Path, ports: Ports) -> None:
    free = ports.choose(0, variable="X")
    other = Ports(tmp_path)
    with pytest.raises(PortInUseError):
        other.choose(free, variable="X")
    ports.close()
    assert other.choose(free, variable="X") == free
    other.close()


def test_an_address_that_is_not_ours_is_no_taken_port(ports: Ports) -> None:
    with pytest.raises(PortInUseError, match=r"192\.0\.2\.1:8000 cannot be listened on"):
        ports.choose(8000, variable="X", host="192.0.2.1")

"""Captures pasted into a terminal."""

from __future__ import annotations

import os
import pty
import termios
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cli.account.pasting import pasted
from tests.cli.terminal import CTRL_C, CTRL_D, typed
from tests.fakes.http import FakeBridge, fake_bridge

SECRET = "s3cr3t"
# Twice what a terminal takes as one line, and longer than any read.
CAPTURE = f"curl 'https://chatgpt.com/backend-api/f/conversation'\n-b '{SECRET * 1400}'\n"


@pytest.fixture
def bridge() -> Iterator[FakeBridge]:
    with fake_bridge() as running:
        running.says({"ok": True, "missing": [], "warnings": [], "checks": [], "detected": {}})
        yield running


def inspected(bridge: FakeBridge, answer: str) -> tuple[int, str]:
    return typed(
        "account", "inspect", "--paste", answers=(answer,), CHATGPT_BASE_URL=bridge.base_url, CHATGPT_API_KEY="k"
    )


@pytest.mark.parametrize("end", ["END_CAPTURE", CTRL_D, f"END_CAPTURE\n{SECRET} is not read"])
def test_long_lines_arrive_whole_and_are_not_shown(bridge: FakeBridge, end: str) -> None:
    status, shown = inspected(bridge, f"{CAPTURE}{end}")
    assert status == 0
    assert bridge.asked[0].body == {"capture": CAPTURE}
    assert SECRET not in shown
    assert f"{len(CAPTURE)} characters" in shown


def test_ctrl_c_stops_the_paste(bridge: FakeBridge) -> None:
    status, shown = inspected(bridge, f"curl {SECRET}{CTRL_C}")
    assert (status, bridge.asked) == (130, [])
    assert SECRET not in shown


@contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, int]]:
    """A terminal that is stdin here; where a person types into it, and its own end."""
    outer, inner = pty.openpty()
    with open(inner, closefd=False) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        yield outer, inner
    os.close(outer)
    os.close(inner)


def test_the_terminal_is_afterwards_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as (outer, inner):
        before = termios.tcgetattr(inner)
        os.write(outer, b"curl 1\nEND_CAPTURE\n")
        assert pasted() == "curl 1\n"
        assert termios.tcgetattr(inner) == before

        def interrupted(*_: object) -> bytes:
            raise KeyboardInterrupt

        monkeypatch.setattr("os.read", interrupted)
        with pytest.raises(KeyboardInterrupt):
            pasted()
        assert termios.tcgetattr(inner) == before

"""The command line inside the test's process, and a fake bridge for it to call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.app import run
from tests.fakes.http import FakeBridge, fake_bridge


@dataclass(frozen=True)
class Shown:
    """What one run of a command wrote, and its status."""

    status: int
    out: str
    err: str


Command = Callable[..., Shown]


@pytest.fixture
def bridge(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeBridge]:
    """A fake bridge, where the command looks for one; the working folder is empty."""
    monkeypatch.chdir(tmp_path)
    with fake_bridge() as running:
        monkeypatch.setenv("CHATGPT_BASE_URL", running.base_url)
        yield running


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run one command as the entry point does."""

    def ran(*arguments: str) -> Shown:
        status = run(arguments)
        written = capsys.readouterr()
        return Shown(status, written.out, written.err)

    return ran

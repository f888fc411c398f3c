"""What stays beside a foreign program where the kernel cannot be asked to end it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

KEEPER = "import sys; from cli.up.guard import keep; sys.exit(keep(int(sys.argv[1]), sys.argv[2:]))"


@contextmanager
def kept(*program: str) -> Iterator[tuple[subprocess.Popen[str], IO[bytes]]]:
    """A keeper of `program` and the supervisor's end of its lifeline, which the block closes."""
    reading, number = os.pipe()
    writing = os.fdopen(number, "wb")
    keeper = subprocess.Popen(
        [sys.executable, "-c", KEEPER, str(reading), *program], stdout=subprocess.PIPE, text=True, pass_fds=(reading,)
    )
    os.close(reading)
    try:
        yield keeper, writing
    finally:
        writing.close()
        keeper.communicate(timeout=10)


@pytest.mark.parametrize(("command", "status"), [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", 137)])
def test_the_programs_status_is_the_keepers(command: str, status: int) -> None:
    with kept("/bin/sh", "-c", command) as (keeper, _):
        assert keeper.wait(20) == status


def test_sigterm_is_passed_on() -> None:
    program = "trap 'echo asked; exit 5' TERM; echo ready; while :; do sleep 0.05; done"
    with kept("/bin/sh", "-c", program) as (keeper, _):
        assert keeper.stdout is not None
        assert keeper.stdout.readline() == "ready\n"
        keeper.send_signal(signal.SIGTERM)
        assert keeper.wait(20) == 5
        assert keeper.stdout.read() == "asked\n"


def test_the_program_is_killed_at_the_lifelines_end() -> None:
    with kept("/bin/sh", "-c", "echo $$; exec sleep 60") as (keeper, writing):
        assert keeper.stdout is not None
        program = int(keeper.stdout.readline())
        writing.close()
        assert keeper.wait(20) == 137
        assert not Path(f"/proc/{program}").exists()

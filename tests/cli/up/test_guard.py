"""What stays beside a foreign program where the kernel cannot be asked to end it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

KEEPER = "import sys; from cli.up.guard import keep; sys.exit(keep(int(sys.argv[1]), sys.argv[2:]))"


def kept(*program: str) -> tuple[subprocess.Popen[str], int]:
    """A keeper of `program` and the supervisor's end of its lifeline."""
    reading, writing = os.pipe()
    keeper = subprocess.Popen(
        [sys.executable, "-c", KEEPER, str(reading), *program], stdout=subprocess.PIPE, text=True, pass_fds=(reading,)
    )
    os.close(reading)
    return keeper, writing


@pytest.mark.parametrize(("command", "status"), [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", 137)])
def test_the_programs_status_is_the_keepers(command: str, status: int) -> None:
    keeper, writing = kept("/bin/sh", "-c", command)
    assert keeper.wait(10) == status
    os.close(writing)
    keeper.communicate()


def test_sigterm_is_passed_on(tmp_path: Path) -> None:
    keeper, writing = kept("/bin/sh", "-c", "trap 'echo asked; exit 5' TERM; echo ready; while :; do sleep 0.05; done")
    assert keeper.stdout is not None
    assert keeper.stdout.readline() == "ready\n"
    keeper.send_signal(signal.SIGTERM)
    assert keeper.communicate(timeout=10)[0] == "asked\n"
    assert keeper.returncode == 5
    os.close(writing)


def test_the_program_is_killed_at_the_lifelines_end() -> None:
    keeper, writing = kept("/bin/sh", "-c", "echo $$; exec sleep 60")
    assert keeper.stdout is not None
    program = int(keeper.stdout.readline())
    os.close(writing)
    assert keeper.wait(10) == 137
    keeper.communicate()
    deadline = time.monotonic() + 5
    while Path(f"/proc/{program}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not Path(f"/proc/{program}").exists()

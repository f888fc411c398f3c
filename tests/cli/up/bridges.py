"""Whole bridges, started with the real command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

COMMAND = [sys.executable, "-P", "-m", "chatgpt_api", "up", "--json"]
SECONDS = 60


class Up:
    """One `chatgpt-api up` in `folder`, on free ports, without accounts unless it is a demo."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self.folder = folder
        free = dict.fromkeys(("CHATGPT_API_PORT", "CHATGPT_TEMPORAL_PORT", "CHATGPT_TEMPORAL_UI_PORT"), "0")
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **free, **environment},
        )
        self.places: dict[str, Any] = {}
        self.said: list[str] = []
        # Read all along: a full pipe would stop it.
        self._listening = threading.Thread(target=self._listen, args=(self.process.stderr,))
        self._listening.start()

    def ready(self) -> Up:
        """Wait for the screen; `places` holds what it says."""
        assert self.process.stdout is not None
        text = ""
        for line in self.process.stdout:
            text += line
            if line == "}\n":
                self.places = json.loads(text)
                return self
        raise AssertionError(f"it ended: {self.words}")

    @property
    def words(self) -> str:
        """What it has said on stderr."""
        return "".join(self.said)

    def child(self, name: str) -> int:
        """The process id of a running child."""
        wanted = {"temporal": "start-dev", "api": "start", "worker": "worker", "simulator": "simulator"}[name]
        (found,) = [pid for pid in children(self.process.pid) if wanted in arguments(pid)]
        return found

    def end(self) -> int:
        """SIGTERM, wait, and return its status."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        """Wait for its end."""
        status = self.process.wait(SECONDS)
        self._close()
        return status

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait(SECONDS)
        self._close()

    def _close(self) -> None:
        self._listening.join(SECONDS)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()

    def _listen(self, stream: IO[str]) -> None:
        with suppress(ValueError):  # closed while it was read
            self.said.extend(stream)


def children(pid: int) -> list[int]:
    """The direct children of a process."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def arguments(pid: int) -> list[str]:
    """The command line of a process; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


def until(true: Callable[[], object], seconds: float = 30) -> None:
    """Wait until `true` says so."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)

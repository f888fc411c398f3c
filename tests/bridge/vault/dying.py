"""A process of one thread that forks others, each of which is killed at a chosen moment of a change of the folder.

Run as a module it reads lines of JSON, `[step, folder, work, one, other]`, and answers each with `true` when the child
lived to its end, `false` when it was killed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from bridge.vault import Vault, master
from bridge.vault.rotation import rotate

_CHANGES = ("open", "os.chmod", "os.link", "os.mkdir", "os.remove", "os.rename")


class Deaths:
    """The process, as a test uses it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bridge.vault.dying"],
            cwd=Path(__file__).parents[3],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def rotate(self, step: int, folder: Path, old: str | None, new: str | None) -> bool:
        """Change the key in a process that is killed before its call number `step` that touches the folder.

        Returns:
            Whether it lived to its end instead.
        """
        return self._do(step, folder, "rotate", old, new)

    def update(self, step: int, folder: Path, alias: str, text: str) -> bool:
        """The same with a newer capture of an account."""
        return self._do(step, folder, "update", alias, text)

    def restore(self, step: int, folder: Path, alias: str, text: str) -> bool:
        """The same with an account's previous capture, which is `text`."""
        return self._do(step, folder, "restore", alias, text)

    def _do(self, step: int, folder: Path, work: str, one: str | None, other: str | None) -> bool:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{json.dumps([step, str(folder), work, one, other])}\n")
        self._process.stdin.flush()
        lived: bool = json.loads(self._process.stdout.readline())
        return lived

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        assert self._process.wait(10) == 0


def _main() -> None:
    master._ITERATIONS = 10
    for line in sys.stdin:
        sys.stdout.write(f"{json.dumps(_lived(*json.loads(line)))}\n")
        sys.stdout.flush()


def _lived(step: int, folder: str, work: str, one: Any, other: Any) -> bool:
    child = os.fork()
    if child == 0:
        _die_at(step, folder)
        _work(Path(folder), work, one, other)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status not in (0, -signal.SIGKILL):
        raise RuntimeError(f"{work} ended with {status}")
    return status == 0


def _work(folder: Path, work: str, one: Any, other: Any) -> None:
    if work == "update":
        Vault(folder).write(one, other, keep_previous=True)
    elif work == "restore":
        Vault(folder).restore(one, other)
    else:
        rotate(folder, one, other)


def _die_at(step: int, folder: str) -> None:
    left = step

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        if event in _CHANGES and str(arguments[0]).startswith(folder):
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

    sys.addaudithook(watch)


if __name__ == "__main__":
    _main()

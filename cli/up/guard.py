"""Run a foreign program so that it dies with the supervisor: `guard.py <lifeline> <program> [argument ...]`.

A script of its own that needs the standard library only, started as `python -I -S`. On Linux it asks the kernel for a
SIGKILL at its parent's death and becomes the program. Elsewhere it stays, passes SIGTERM on, and kills the program when
the lifeline ends.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import threading

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> int:
    """Become the program, or its keeper; returns the program's status where it is kept."""
    lifeline, program = int(arguments[0]), arguments[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if _ended(lifeline):  # the supervisor died before the kernel had been asked
            return 1
        os.execv(program[0], program)
    return keep(lifeline, program)


def keep(lifeline: int, program: list[str]) -> int:
    """Start the program, pass SIGTERM and SIGINT on to it, kill it at the lifeline's end, and return its status."""
    early: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _frame: early.append(received))
    child = subprocess.Popen(program)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _frame: child.send_signal(received))
    for received in early:
        child.send_signal(received)

    def watch() -> None:
        while os.read(lifeline, 1):
            pass
        child.kill()

    threading.Thread(target=watch, daemon=True).start()
    status = child.wait()
    return status if status >= 0 else 128 - status


def _ended(lifeline: int) -> bool:
    readable, _, _ = select.select([lifeline], [], [], 0)
    return bool(readable)


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))

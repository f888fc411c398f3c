"""No orphans: a child of `up` notices that its parent is gone, however it went.

The supervisor keeps the writing end of a pipe open and never writes. Every child holds the reading end, and the end of
file on it means that the supervisor has died, even by SIGKILL. Our own processes watch it in a thread; Temporal's
binary, which cannot, is started through `guard.py`.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Sequence

VARIABLE = "CHATGPT_UP_LIFELINE"
"""Tells a child the number of its end of the pipe. Set by the supervisor only, so it is no setting."""

_PATIENCE_SECONDS = 3.0
_GUARD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "guard.py")


class Lifeline:
    """The supervisor's end."""

    def __init__(self) -> None:
        self.reading, self._writing = os.pipe()

    def guarded(self, command: Sequence[str]) -> tuple[str, ...]:
        """The command line that runs a foreign program so that it ends with us; it needs `reading` passed on."""
        return (sys.executable, "-I", "-S", _GUARD, str(self.reading), *command)

    def close(self) -> None:
        """Let go: children that are still there end."""
        os.close(self.reading)
        os.close(self._writing)


def watch() -> None:
    """In a child: stop in good order when the supervisor dies, and after three more seconds in any case.

    Does nothing in a process that no supervisor started.
    """
    number = os.environ.pop(VARIABLE, "")
    if number.isdigit():
        threading.Thread(target=_wait, args=(int(number),), name="lifeline", daemon=True).start()


def _wait(reading: int) -> None:
    while os.read(reading, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_PATIENCE_SECONDS)
    os._exit(1)

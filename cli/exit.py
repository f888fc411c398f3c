"""How a process of ours ends."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from typing import NoReturn

OK = 0
FAILED = 1
"""A check failed, or a tour's step did."""
ERROR = 2
"""Wrong usage, wrong settings, or an error that the bridge or upstream answered."""
INTERRUPTED = 130
"""Ctrl-C."""


def leave(status: int) -> NoReturn:
    """Flush what was written and end the process at once with `status`.

    A process that used Temporal's client sometimes dies while the interpreter shuts down, after all its work is done,
    with status 134 or 139 (temporalio/sdk-python issue 300). So the interpreter's shutdown is left out; whoever owns
    something that must be closed has closed it before.
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)

"""The command line on a terminal of its own, answered as a person does."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import subprocess
import sys
import termios
import time

CTRL_C, CTRL_D = "\x03", "\x04"

_AS_QUICK_AS_PEOPLE_SECONDS = 0.2


def typed(*arguments: str, answers: tuple[str, ...], **environment: str) -> tuple[int, str]:
    """Run a command and answer whatever ends in a colon; its status and what the terminal showed.

    Args:
        answers: lines in their order; the two keys of this module are pressed as they are.
    """
    terminal, inner = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "chatgpt_api", *arguments],
        stdin=inner,
        stdout=inner,
        stderr=inner,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # or Ctrl-C would reach nobody
        env={**os.environ, **environment},
    )
    os.close(inner)
    shown, left = "", list(answers)
    try:
        while select.select([terminal], [], [], 30)[0]:
            try:
                shown += os.read(terminal, 4096).decode()
            except OSError:
                # Its last writer is gone.
                break
            if shown.endswith((": ", ":\r\n")) and left:
                answer = left.pop(0)
                if answer in (CTRL_C, CTRL_D):
                    # A signal between the question and the read that waits for its answer interrupts neither.
                    time.sleep(_AS_QUICK_AS_PEOPLE_SECONDS)
                else:
                    answer = f"{answer}\n"
                os.write(terminal, answer.encode())
    finally:
        os.close(terminal)
    return child.wait(10), shown

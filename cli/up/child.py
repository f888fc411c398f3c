"""One child process: started so that it cannot outlive us, its output kept, stopped in good order."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from logging.handlers import RotatingFileHandler
from pathlib import Path

from cli.up.lifeline import VARIABLE, Lifeline
from core.redaction import redact_text

_TAIL_LINES = 20
_LONGEST_LINE = 64 * 1024
_LOG_BYTES = 5 * 1024 * 1024
_LOGS_KEPT = 3


async def _at_once() -> bool:
    return True


@dataclass(frozen=True)
class ChildSpec:
    """What a child is.

    Attributes:
        command: program and arguments, which every user of the machine can see; never holds a secret.
        environment: all of the child's environment.
        ours: it is our own program, which watches the lifeline by itself.
        ready: asked every tenth of a second until it says yes. An exception counts as no.
        stop_seconds: how long it may take to stop before it is killed.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    ours: bool = True
    ready: Callable[[], Awaitable[bool]] = _at_once
    stop_seconds: float = 10


def bridge_command(*arguments: str) -> tuple[str, ...]:
    """The command line of one of our own processes; `-P` so that a folder's own `core/` is never taken for ours."""
    return (sys.executable, "-P", "-m", "chatgpt_api", *arguments)


class Child:
    """A running child. Its output, both streams, goes to a rotated, redacted log; the last lines are remembered."""

    def __init__(self, spec: ChildSpec, process: asyncio.subprocess.Process, log: RotatingFileHandler) -> None:
        self.spec = spec
        self.tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._process = process
        self._log = log
        self._reader = asyncio.create_task(self._read(), name=f"log-{spec.name}")

    @classmethod
    async def start(cls, spec: ChildSpec, *, log: Path, lifeline: Lifeline) -> Child:
        """Start it in a session of its own, so that a Ctrl-C in the terminal reaches only us, who stop all in order."""
        command = spec.command
        environment = dict(spec.environment)
        if spec.ours:
            environment[VARIABLE] = str(lifeline.reading)
        else:
            command = lifeline.guarded(command)
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=environment,
            pass_fds=(lifeline.reading,),
            start_new_session=True,
        )
        return cls(spec, process, _open_log(log))

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def wait(self) -> int:
        """Wait until it has ended and its output is read; returns its status, negative for a signal."""
        status = await self._process.wait()
        try:
            await asyncio.wait_for(asyncio.shield(self._reader), 1)
        except TimeoutError:  # somebody it started still holds its output
            self._reader.cancel()
        self._log.close()
        return status

    async def stop(self) -> None:
        """Ask it to stop, wait as long as it may take, then kill it."""
        if self._process.returncode is not None:
            return
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)
        try:
            await asyncio.wait_for(self._process.wait(), self.spec.stop_seconds)
        except TimeoutError:
            self.kill()
            await self._process.wait()

    def kill(self) -> None:
        """End it at once."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        rest = b""
        while piece := await stream.read(_LONGEST_LINE):
            *lines, rest = (rest + piece).split(b"\n")
            if len(rest) > _LONGEST_LINE:
                lines, rest = [*lines, rest], b""
            for line in lines:
                self._keep(line)
        if rest:
            self._keep(rest)

    def _keep(self, line: bytes) -> None:
        text = redact_text(line.decode(errors="replace").rstrip())
        if text:
            self.tail.append(text)
            self._log.handle(logging.makeLogRecord({"msg": text}))


def ending(status: int) -> str:
    """How a process ended, in words."""
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"was killed by signal {-status}"


def _open_log(path: Path) -> RotatingFileHandler:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    handler = RotatingFileHandler(path, maxBytes=_LOG_BYTES, backupCount=_LOGS_KEPT, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(message)s"))
    return handler

"""Starts children, keeps them running, stops them together."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from cli.exit import FAILED, OK
from cli.up.child import Child, ChildSpec, ending
from cli.up.lifeline import Lifeline

_LOOK_SECONDS = 0.1
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class Patience:
    """How deaths are taken. Times in seconds.

    Attributes:
        quick: a child that dies within this time after its start died quickly.
        most: after so many quick deaths in a row everything is stopped.
        first, longest: pause before a restart, doubled with each quick death.
        ready: longest a child may take to become ready at the first start.
    """

    quick: float = 10
    most: int = 5
    first: float = 0.5
    longest: float = 15
    ready: float = 120


class _Stopped(Exception):
    """Somebody asked us to stop."""


class _GaveUp(Exception):
    """A child cannot be kept running; the text is for the person in front of the terminal."""


class Keeper:
    """Keeps one child running until it is told to stop or the child dies quickly too often."""

    def __init__(
        self, spec: ChildSpec, *, log: Path, lifeline: Lifeline, patience: Patience, notice: Callable[[str], None]
    ) -> None:
        self.spec = spec
        self.log = log
        self.ready = asyncio.Event()
        self.child: Child | None = None
        self._lifeline = lifeline
        self._patience = patience
        self._notice = notice
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Start the child, and again whenever it dies.

        Raises:
            _GaveUp: it died quickly too often.
        """
        quick = 0
        while not self._stopping.is_set():
            started = time.monotonic()
            status = await self._once(again=quick > 0 or self.child is not None)
            if self._stopping.is_set():
                return
            quick = quick + 1 if time.monotonic() - started < self._patience.quick else 0
            what = f"{self.spec.name} {ending(status)}; the last lines of {self.log}:\n{self.tail()}"
            if quick >= self._patience.most:
                raise _GaveUp(f"{what}\n{self.spec.name} died {quick} times in a row soon after its start.")
            pause = min(self._patience.first * 2 ** max(quick - 1, 0), self._patience.longest)
            self._notice(f"{what}\n{self.spec.name} is started again in {pause:g} s.")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)

    def tail(self) -> str:
        """The last lines it wrote, indented."""
        lines = self.child.tail if self.child else ()
        return "\n".join(f"  | {line}" for line in lines) or "  | (nothing)"

    async def stop(self) -> None:
        """Stop the child and start it no more."""
        self._stopping.set()
        if self.child is not None:
            await self.child.stop()

    async def _once(self, *, again: bool) -> int:
        self.child = await Child.start(self.spec, log=self.log, lifeline=self._lifeline)
        if self._stopping.is_set():
            await self.child.stop()
        becoming = asyncio.create_task(self._become_ready(again), name=f"ready-{self.spec.name}")
        try:
            return await self.child.wait()
        finally:
            self.ready.clear()
            becoming.cancel()
            with suppress(asyncio.CancelledError):
                await becoming

    async def _become_ready(self, again: bool) -> None:
        while True:
            with suppress(Exception):
                if await self.spec.ready():
                    break
            await asyncio.sleep(_LOOK_SECONDS)
        self.ready.set()
        if again:
            self._notice(f"{self.spec.name} is back.")


class Supervisor:
    """Children in stages: those of one stage start together, the next stage when they are ready.

    Args:
        stages: the children; stopped one after the other, the last one first.
        logs: folder of a log each.
        notice: shows a line to the person in front of the terminal.
    """

    def __init__(
        self,
        stages: Sequence[Sequence[ChildSpec]],
        *,
        logs: Path,
        notice: Callable[[str], None],
        patience: Patience | None = None,
    ) -> None:
        self._patience = patience or Patience()
        self._notice = notice
        self._lifeline = Lifeline()
        self._stop = asyncio.Event()
        self._stages = [[self._keeper(spec, logs) for spec in stage] for stage in stages]
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self, when_ready: Callable[[], Awaitable[int | None]]) -> int:
        """Start everything, call `when_ready`, and stay until a signal, a child that cannot be kept, or its answer.

        Args:
            when_ready: `None` means stay; a number ends everything with that status.

        Returns:
            The status for the process: 0 when it was asked to stop.
        """
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._asked)
        try:
            return await self._live(when_ready)
        except _Stopped:
            return OK
        except _GaveUp as reason:
            self._notice(str(reason))
            return FAILED
        finally:
            await self._stop_all()
            for number in _SIGNALS:
                loop.remove_signal_handler(number)

    async def _live(self, when_ready: Callable[[], Awaitable[int | None]]) -> int:
        for stage in self._stages:
            self._tasks += [asyncio.create_task(keeper.run(), name=keeper.spec.name) for keeper in stage]
            for keeper in stage:
                await self._until_ready(keeper)
        status = await self._unless_over(when_ready())
        if status is None:
            await self._unless_over(asyncio.Event().wait())
        return OK if status is None else status

    async def _until_ready(self, keeper: Keeper) -> None:
        try:
            await self._unless_over(asyncio.wait_for(keeper.ready.wait(), self._patience.ready))
        except TimeoutError:
            raise _GaveUp(
                f"{keeper.spec.name} is not ready after {self._patience.ready:g} s; "
                f"the last lines of {keeper.log}:\n{keeper.tail()}"
            ) from None

    async def _unless_over(self, work: Awaitable[ResultT]) -> ResultT:
        """The result of `work`, unless a signal comes or a keeper gives up before."""
        wanted = asyncio.ensure_future(work)
        stop = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait([wanted, stop, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
            for task in self._tasks:
                if task.done():
                    task.result()
            if stop.done():
                raise _Stopped
            return wanted.result()
        finally:
            for future in (wanted, stop):
                future.cancel()
            await asyncio.gather(wanted, stop, return_exceptions=True)

    def _asked(self) -> None:
        if self._stop.is_set():
            self._notice("Asked twice: killing what is left.")
            for keeper in self._keepers():
                if keeper.child is not None:
                    keeper.child.kill()
        self._stop.set()

    async def _stop_all(self) -> None:
        if self._tasks:
            self._notice("Stopping ...")
        for keeper in reversed(self._keepers()):
            await keeper.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._lifeline.close()

    def _keepers(self) -> list[Keeper]:
        return [keeper for stage in self._stages for keeper in stage]

    def _keeper(self, spec: ChildSpec, logs: Path) -> Keeper:
        return Keeper(
            spec,
            log=logs / f"{spec.name}.log",
            lifeline=self._lifeline,
            patience=self._patience,
            notice=self._notice,
        )

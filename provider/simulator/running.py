"""A turn while it runs: a list of steps that is played to whoever listens, and goes on when nobody does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from provider.simulator import wire
from provider.simulator.ledger import Outcome, Submission

if TYPE_CHECKING:
    from provider.simulator.accounts import Account
    from provider.simulator.conversations import Conversation
    from provider.simulator.scenarios import Scenario
    from provider.simulator.scripted import Cue


class LegEndedError(Exception):
    """The HTTP stream ends here although the turn does not; `reset` with a broken connection."""

    def __init__(self, *, reset: bool) -> None:
        super().__init__("reset" if reset else "cut")
        self.reset = reset


class Sink(Protocol):
    """Where a turn's bytes go."""

    async def write(self, data: bytes) -> None:
        """Pass on one or more whole events, or a comment."""

    def cut(self, *, reset: bool) -> None:
        """End the leg, if this is one that can end; raises `LegEndedError` then."""


class Silence:
    """Nobody listens any more."""

    async def write(self, data: bytes) -> None:
        """Drop it."""

    def cut(self, *, reset: bool) -> None:
        """Nothing to end."""


@dataclass(frozen=True, slots=True)
class Say:
    """An event that adds to the answer's text."""

    frame: bytes
    text: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait, in real seconds, with a comment line every `comment_every` seconds if that is set."""

    seconds: float
    comment_every: float | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """End the HTTP leg."""

    reset: bool


@dataclass(frozen=True, slots=True)
class Do:
    """Change upstream's state; the steps that come back are played next."""

    act: Callable[[], Awaitable[list[Any] | None]]


@dataclass(frozen=True, slots=True)
class Note:
    """Change upstream's state at once."""

    act: Callable[[], None]


Step = bytes | Say | Pause | Cut | Do | Note


@dataclass(slots=True)
class Turn:
    """One accepted turn.

    Attributes:
        cue: what a script says it answers, `None` for an answer of the simulator's own.
        steps: what is still to come starts at `position`.
        events: every event sent so far, the source of WebSocket topics and of HTTP resumes.
        said: the pieces of the answer's text so far.
        answer: the message the text belongs to, once there is one.
        work: a task that goes on after the stream, such as a picture in the making.
        outcome: how the stream ended; `running` before.
        alone: it is played without its HTTP stream.
        closed: its stream is complete, and whoever reads on misses nothing.
        socket_dropped: the scenario's one broken WebSocket has happened.
    """

    id: str
    account: Account
    conversation: Conversation
    submission: Submission
    scenario: Scenario
    prompt: str
    cue: Cue | None = None
    steps: list[Step] = field(default_factory=list)
    position: int = 0
    events: list[bytes] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    answer: dict[str, Any] | None = None
    work: asyncio.Task[None] | None = None
    outcome: Outcome = "running"
    socket_dropped: bool = False
    alone: bool = False
    closed: bool = False
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _waiting: list[asyncio.Future[None]] = field(default_factory=list)

    @property
    def topic(self) -> str:
        return f"conversation-turn-{self.id}"

    @property
    def ended(self) -> bool:
        return self.outcome != "running"

    def write_down(self) -> None:
        """Bring the answer's message up to what was said."""
        if self.answer is not None and self.said:
            self.answer["content"]["parts"][0] = "".join(self.said)

    async def play(self, sink: Sink) -> None:
        """Play the steps that are left, to their end or until the turn is stopped.

        Raises:
            LegEndedError: the stream is cut here; the rest is to be played to `Silence`.
            ConnectionError: the listener is gone; likewise. So it is after a cancellation, which repeats a step that
                had not ended.
        """
        batch: list[bytes] = []
        while self.position < len(self.steps) and not self.stopping.is_set():
            step = self.steps[self.position]
            self.position += 1
            if isinstance(step, bytes):
                batch.append(step)
                continue
            if isinstance(step, Note):
                step.act()
                continue
            if isinstance(step, Say):
                batch.append(step.frame)
                self.said.append(step.text)
            await self._flush(batch, sink)
            try:
                await self._other(step, sink)
            except asyncio.CancelledError:
                self.position -= 1
                raise
        if self.stopping.is_set() and self.outcome == "running":
            batch.extend(self._interrupted())
            self.outcome = "stopped"
        await self._flush(batch, sink)

    async def rest(self, seconds: float) -> None:
        """Wait, but no longer than until the turn is stopped."""
        if seconds <= 0:
            return
        try:
            await asyncio.wait_for(self.stopping.wait(), seconds)
        except TimeoutError:
            return

    async def follow(self, start: int) -> AsyncIterator[tuple[int, bytes]]:
        """The turn's events from number `start` on with their numbers, those to come included."""
        at = start
        while True:
            while at < len(self.events):
                yield at, self.events[at]
                at += 1
            if self.ended:
                return
            waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiting)
            await waiting

    def end(self, outcome: Outcome) -> None:
        """The stream is over; those who follow learn it."""
        if self.outcome == "running":
            self.outcome = outcome
        self.write_down()
        self.steps = []
        self.position = 0
        self._wake()

    async def _flush(self, batch: list[bytes], sink: Sink) -> None:
        if not batch:
            return
        self.events.extend(batch)
        data = b"".join(batch) if len(batch) > 1 else batch[0]
        batch.clear()
        if self._waiting:
            self._wake()
        await sink.write(data)

    async def _other(self, step: Step, sink: Sink) -> None:
        if isinstance(step, Pause):
            await self._pause(step, sink)
        elif isinstance(step, Do):
            more = await step.act()
            if more:
                self.steps[self.position : self.position] = more
        elif isinstance(step, Cut):
            sink.cut(reset=step.reset)

    async def _pause(self, step: Pause, sink: Sink) -> None:
        left = step.seconds
        while step.comment_every and left > step.comment_every and not self.stopping.is_set():
            await self.rest(step.comment_every)
            await sink.write(wire.COMMENT)
            left -= step.comment_every
        await self.rest(left)

    def _interrupted(self) -> list[bytes]:
        if self.answer is None:
            return [wire.DONE]
        self.answer["status"] = "finished_partial_completion"
        self.answer["end_turn"] = True
        self.answer["metadata"] = {**self.answer["metadata"], "finish_details": {"type": "interrupted"}}
        return [wire.closing(None, "interrupted", status="finished_partial_completion"), wire.DONE]

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

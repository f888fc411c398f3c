"""Everything the handlers of one simulator share."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from provider.simulator.accounts import Accounts
from provider.simulator.blobs import Blobs
from provider.simulator.config import SimulatorConfig
from provider.simulator.faults import Holds, Rules
from provider.simulator.identity import as_uuid
from provider.simulator.ledger import Ledger
from provider.simulator.scripted import Scripts
from provider.simulator.tokens import Tokens


@dataclass(slots=True)
class Dials:
    """What can be changed while the simulator runs; the first six begin as the configuration has them.

    Attributes:
        lag_seconds: a new conversation cannot be read for so long after its turn was accepted; scaled.
        list_seconds: it is not listed for so long; scaled.
        stop_ends_images: whether a stop also ends a picture in the making; upstream does not promise it.
        slot_seconds: life of an upload slot; not scaled.
        link_seconds: life of a download link; not scaled.
        strict_research: the research connector takes its own session's id only, not the widget's.
        ws_comment_seconds: an idle WebSocket gets `[]` that often; not scaled.
    """

    rtt_ms: float
    time_scale: float
    delta_ms: float
    deltas: int
    image: str
    image_seconds: float
    lag_seconds: float = 0.0
    list_seconds: float = 0.0
    stop_ends_images: bool = True
    slot_seconds: float = 300.0
    link_seconds: float = 300.0
    strict_research: bool = False
    ws_comment_seconds: float = 10.0


@dataclass(slots=True)
class World:
    """One simulator's state."""

    config: SimulatorConfig
    accounts: Accounts
    dials: Dials
    ledger: Ledger = field(default_factory=Ledger)
    tokens: Tokens = field(default_factory=Tokens)
    rules: Rules = field(default_factory=Rules)
    scripts: Scripts = field(default_factory=Scripts)
    holds: Holds = field(default_factory=Holds)
    blobs: Blobs = field(default_factory=Blobs)
    base_url: str = ""
    closing: bool = False
    _random: random.Random = field(default_factory=random.Random)
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    @classmethod
    def make(cls, config: SimulatorConfig) -> World:
        """A new world; nothing listens yet."""
        dials = Dials(
            config.rtt_ms, config.time_scale, config.delta_ms, config.deltas, config.image, config.image_seconds
        )
        return cls(config, Accounts(config), dials, _random=random.Random(config.seed))

    def new_id(self) -> str:
        """A fresh id in the shape of a UUID; the same sequence for the same seed."""
        return as_uuid(f"{self._random.getrandbits(128):032x}")

    def scaled(self, seconds: float) -> float:
        """A simulated duration in real seconds."""
        return seconds * self.dials.time_scale

    async def half_trip(self) -> None:
        """Half a network round trip."""
        if self.dials.rtt_ms:
            await asyncio.sleep(self.dials.rtt_ms / 2000)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
        """Run `work` beside the requests; it is cancelled when the simulator closes."""
        if self.closing:
            work.close()
            return None
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def reset(self) -> None:
        """Forget what was asked and made, and let go what is held; accounts and dials stay as they are."""
        self.rules.clear()
        self.scripts.clear()
        self.holds.release()
        self.tokens.clear()
        self.blobs.clear()
        for account in self.accounts:
            account.conversations.clear()
        self.ledger.reset()

    async def aclose(self) -> None:
        """Cancel and await what runs beside the requests."""
        self.closing = True
        self.holds.release()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

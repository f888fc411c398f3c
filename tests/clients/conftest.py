"""The bridge behind a door, and a desk to use it from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest

from provider.simulator import Simulator, SimulatorConfig
from tests.clients.desk import Desk, sit_down
from tests.clients.door import Asked, Door, open_door
from tests.clients.installing import install
from tests.clients.pages import read
from tests.e2e.stack import Stack, open_stack


@dataclass(frozen=True, slots=True)
class Bench:
    """A client at its desk, the bridge it uses, and the simulator behind that."""

    desk: Desk
    door: Door
    stack: Stack

    @property
    def simulator(self) -> Simulator:
        return self.stack.simulator

    @property
    def turns(self) -> int:
        """What was paid for upstream."""
        return len(self.simulator.ledger.submissions)

    def asked(self, path: str) -> list[Asked]:
        """What came to a path of the bridge."""
        return [asked for asked in self.door.asked if asked.path == path]


Sit: TypeAlias = Callable[..., Awaitable[Bench]]


@pytest.fixture
async def sit(tmp_path: Path) -> AsyncIterator[Sit]:
    """Sits down at a page's client before a running bridge; `whole` brings Temporal and a worker."""
    async with AsyncExitStack() as opened:

        async def sit(name: str, *, whole: bool = False, **environment: str) -> Bench:
            page = read(name)
            config = SimulatorConfig(accounts=("plus",), image_seconds=0.5)
            stack = await opened.enter_async_context(open_stack(tmp_path, config, **environment))
            await (stack.start() if whole else stack.start_api())
            door = await opened.enter_async_context(open_door(stack.base_url))
            desk = await opened.enter_async_context(sit_down(page, install(page), door.base_url))
            return Bench(desk, door, stack)

        yield sit

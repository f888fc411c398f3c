"""The bridge behind a tap, and a desk to use it from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest

from provider.simulator import Simulator, SimulatorConfig
from tests.clients.desk import Desk, sit_down
from tests.clients.installing import install
from tests.clients.pages import read
from tests.e2e.stack import Stack, open_stack
from tests.fakes.tap import Exchange, Tap, tapped


@dataclass(frozen=True, slots=True)
class Bench:
    """A client at its desk, the bridge it uses, and the simulator behind that."""

    desk: Desk
    tap: Tap
    stack: Stack

    @property
    def simulator(self) -> Simulator:
        return self.stack.simulator

    @property
    def turns(self) -> int:
        """What was paid for upstream."""
        return len(self.simulator.ledger.submissions)

    def asked(self, path: str) -> list[Exchange]:
        """What was posted to a path of the bridge."""
        return self.tap.asked("POST", path)


Sit: TypeAlias = Callable[..., Awaitable[Bench]]


@pytest.fixture
async def sit(tmp_path: Path) -> AsyncIterator[Sit]:
    """Sits down at a page's client before a running bridge; `whole` brings Temporal and a worker."""
    taps: list[Tap] = []
    async with AsyncExitStack() as opened:

        async def sit(name: str, *, whole: bool = False, **environment: str) -> Bench:
            page = read(name)
            config = SimulatorConfig(accounts=("plus",), image_seconds=0.5)
            stack = await opened.enter_async_context(open_stack(tmp_path, config, **environment))
            await (stack.start() if whole else stack.start_api())
            tap = await opened.enter_async_context(tapped(stack.api_port))
            taps.append(tap)
            desk = await opened.enter_async_context(sit_down(page, install(page.install), tap.address))
            return Bench(desk, tap, stack)

        yield sit
    for tap in taps:
        tap.check()

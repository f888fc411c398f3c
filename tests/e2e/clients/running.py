"""The bridge as clients find it: real processes, and a tap before them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from provider.simulator import Simulator, SimulatorConfig
from tests.e2e.stack import Stack, open_stack
from tests.fakes.tap import Tap, tapped

ACCOUNTS = ("plus",) * 10
"""Enough that a test which spoils one has others left."""


@dataclass
class Bridge:
    """Everything, running.

    Attributes:
        tap: where clients connect to.
    """

    stack: Stack
    tap: Tap

    @property
    def simulator(self) -> Simulator:
        """Upstream."""
        return self.stack.simulator

    @property
    def turns(self) -> int:
        """How many turns upstream has accepted."""
        return len(self.simulator.ledger.submissions)

    async def revive(self) -> None:
        """Start again what a test has left dead."""
        if self.stack.process("worker").ended:
            await self.stack.start_worker()
        if self.stack.process("api").ended:
            await self.stack.start_api()

    def forget(self) -> None:
        """Nothing was said, asked or planned."""
        self.tap.forget()
        self.simulator.clear_rules()
        self.simulator.clear_scripts()
        self.simulator.ledger.reset()


@asynccontextmanager
async def open_bridge(root: Path) -> AsyncIterator[Bridge]:
    """Start it; accounts do as much at once as is asked of them, and pictures take a moment."""
    config = SimulatorConfig(accounts=ACCOUNTS, image="inline", image_seconds=0.3)
    settings = {
        "CHATGPT_CHAT_CONCURRENCY": "plus=8",
        "CHATGPT_IMAGE_CONCURRENCY": "plus=8",
        "CHATGPT_SHUTDOWN_SECONDS": "0.5",
    }
    async with open_stack(root, config, **settings) as stack, tapped(stack.api_port) as tap:
        await stack.start()
        yield Bridge(stack, tap)

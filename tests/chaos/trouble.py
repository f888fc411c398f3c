"""What goes wrong: processes that die, upstream that fails, sockets that are cut. All of it from one seeded source."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from provider.simulator import Simulator
from tests.e2e.stack import Process, Stack

FAULTS: tuple[dict[str, Any], ...] = (
    {"path": "*/f/conversation", "drop": "after"},
    {"path": "*/f/conversation", "drop": "before"},
    {"path": "*/f/conversation", "status": 503},
    {"path": "*/f/conversation", "scenario": {"cut": 5}},
    {"path": "*/f/conversation", "scenario": {"handoff": True, "ws_drop": 3, "duplicates": True}},
    {"path": "*/chat-requirements", "status": 502},
    {"path": "/backend-api/conversation/{id}", "status": 502},
    {"path": "/backend-api/conversation/{id}", "drop": "before"},
    {"path": "*/download*", "status": 503},
    {"path": "/backend-api/files", "drop": "after"},
    {"path": "*/call_mcp", "status": 502},
    {"path": "*/celsius/ws/user", "status": 503},
)


class Trouble:
    """Kills and starts the bridge's processes, and makes upstream fail.

    Attributes:
        kills: by process.
        faults: how many requests upstream was told to spoil.
    """

    def __init__(self, stack: Stack, rng: random.Random) -> None:
        self.kills: Counter[str] = Counter()
        self.faults = 0
        self._stack = stack
        self._rng = rng
        self._running: dict[str, Process] = {}
        self._starters: dict[str, Callable[[], Awaitable[Process]]] = {
            "api": stack.start_api,
            "worker": stack.start_worker,
            "temporal": stack.start_temporal,
        }

    async def start(self) -> None:
        """Start everything."""
        self._running["temporal"] = await self._stack.start_temporal()
        self._running["worker"], self._running["api"] = await asyncio.gather(
            self._stack.start_worker(), self._stack.start_api()
        )

    async def kill_one(self) -> None:
        """Kill a process, leave it dead for a moment, and start it again."""
        name = self._rng.choices(("worker", "api", "temporal"), (6, 3, 1))[0]
        await self._running[name].kill()
        self.kills[name] += 1
        await asyncio.sleep(self._rng.uniform(0, 1))
        self._running[name] = await self._starters[name]()

    def spoil(self, simulator: Simulator) -> None:
        """Have one of upstream's next answers go wrong."""
        simulator.add_rule(**self._rng.choice(FAULTS), skip=self._rng.randrange(3))
        self.faults += 1

"""What the leases of a chat turn cost: a slot taken and given back, on a real database."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bridge.accounts.buckets import BucketLimits
from bridge.accounts.presence import ProcessPresence
from bridge.accounts.registry import Registry
from bridge.routing.chats import Want
from bridge.routing.needs import Needs
from bridge.routing.slots import Slots
from bridge.store.engine import Store
from bridge.store.migrations import migrate
from bridge.vault import Vault
from core import ids
from core.contracts.buckets import Bucket
from tests.fakes.provider import FakeProvider, capture

_CHAT = Needs(kind="chat", buckets=(Bucket.CHAT,))


@dataclass(frozen=True, slots=True)
class Cost:
    """Median milliseconds: what a turn waits for, and until what it gave back is committed."""

    waited: float
    committed: float


async def cost(folder: Path, *, accounts: int = 8, turns: int = 500, together: int = 4) -> Cost:
    """Turns that follow each other, some at a time, over accounts with slots enough."""
    url = f"sqlite:///{folder / 'leases.sqlite'}"
    await asyncio.to_thread(migrate, url)
    store, vault = Store.open(url), Vault(folder / "accounts")
    for number in range(accounts):
        vault.write(f"a{number}", capture("pro"))
    presence = ProcessPresence(store, kind="bench")
    await presence.start()
    registry = Registry(store, vault, FakeProvider(), BucketLimits({}))
    slots = Slots(registry, process_id=presence.process_id, limit=100, patience_seconds=10, on_granted=lambda _: None)
    waited: list[float] = []
    committed: list[float] = []

    async def chat() -> None:
        for _ in range(turns // together):
            began = time.perf_counter()
            grant = await slots.acquire(Want(ids.lease_id(), _CHAT))
            slots.give_back(grant.lease_id)
            waited.append((time.perf_counter() - began) * 1000)
            await store.write(lambda conn: None)
            committed.append((time.perf_counter() - began) * 1000)

    await chat()
    waited.clear()
    committed.clear()
    await asyncio.gather(*(chat() for _ in range(together)))
    await slots.aclose()
    await presence.aclose()
    await store.aclose()
    return Cost(statistics.median(waited), statistics.median(committed))


def rows(folder: Path) -> list[tuple[str, str, str]]:
    """The row of what, target and what was seen."""
    folder.mkdir(parents=True, exist_ok=True)
    seen = asyncio.run(cost(folder, together=1))
    text = f"{seen.waited:.2f} ms ({seen.committed:.2f} ms until the slot is free for others)"
    return [("leases of a chat turn, median", "≤ 2 ms", text)]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        print(*rows(Path(place))[0], sep=" | ")  # noqa: T201

"""What it costs to decide who serves, and how soon a new account does."""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx2

from bridge.accounts.buckets import BucketLimits
from bridge.accounts.leases import Transaction
from bridge.accounts.registry import Registry
from bridge.routing.eligibility import choose
from bridge.routing.needs import Needs
from bridge.routing.taking import look, settle
from bridge.store.engine import Store
from bridge.store.migrations import migrate
from bridge.vault import Vault
from core.clock import utc_now
from core.contracts.buckets import Bucket
from core.contracts.routing import Strategy
from tests.bench.processes import KEY, Bench
from tests.fakes.provider import FakeProvider, capture

_NEEDS = Needs(kind="image", buckets=(Bucket.IMAGE,))
_SIZES = (3, 30, 300)
_STRATEGIES = (Strategy.AUTO, Strategy.WEIGHTED)


async def decisions(folder: Path, accounts: int, strategy: Strategy, times: int = 200) -> float:
    """Median milliseconds of a decision: looking at what is taken, choosing, and remembering whose turn it was."""
    url = f"sqlite:///{folder / 'bridge.sqlite'}"
    await asyncio.to_thread(migrate, url)
    store, vault = Store.open(url), Vault(folder / "accounts")
    for number in range(accounts):
        vault.write(f"a{number:03}", capture("pro"))
    pool = await Registry(store, vault, FakeProvider(), BucketLimits({})).snapshot()
    needs = _NEEDS.model_copy(update={"strategy": strategy})

    def work(conn: Transaction) -> list[float]:
        seen = []
        for _ in range(times):
            began = time.perf_counter()
            scene = look(conn, pool, [needs], utc_now())
            settle(conn, scene, choose(pool, needs, scene), needs, "bench")
            seen.append((time.perf_counter() - began) * 1000)
        return seen

    seen = await store.write(work)
    await store.aclose()
    return statistics.median(seen)


def added(it: Bench, *, verify: bool, times: int = 10) -> tuple[float, float]:
    """Median milliseconds from sending a new account to its first answer, and of a chat on one that was there.

    Args:
        verify: upstream is asked first whether the capture authenticates.
    """
    new, old = [], []
    with httpx2.Client(base_url=it.api_url, headers={"Authorization": f"Bearer {KEY}"}, timeout=30) as http:
        for number in range(times):
            alias = f"{'proved' if verify else 'new'}-{number}"
            began = time.perf_counter()
            body = {"alias": alias, "capture": it.capture, "verify": verify}
            http.post("/v1/chatgpt/accounts", json=body).raise_for_status()
            _chat(http, alias)
            between = time.perf_counter()
            _chat(http, alias)
            new.append((between - began) * 1000)
            old.append((time.perf_counter() - between) * 1000)
    return statistics.median(new), statistics.median(old)


def rows(folder: Path) -> list[tuple[str, str, str]]:
    """Rows of what, target and what was seen."""
    table = []
    for accounts in _SIZES:
        seen = []
        for strategy in _STRATEGIES:
            place = folder / f"{strategy}-{accounts}"
            place.mkdir(parents=True)
            seen.append(f"{asyncio.run(decisions(place, accounts, strategy)):.2f} ms ({strategy})")
        target = "< 1 ms" if accounts == 30 else ""
        table.append((f"routing decision with {accounts} accounts, median", target, ", ".join(seen)))
    return table


def _chat(http: httpx2.Client, alias: str) -> None:
    body = {"model": "auto", "chatgpt_account": alias, "messages": [{"role": "user", "content": "hello"}]}
    http.post("/v1/chat/completions", json=body).raise_for_status()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as here:
        for row in rows(Path(here)):
            sys.stdout.write(" | ".join(row) + "\n")

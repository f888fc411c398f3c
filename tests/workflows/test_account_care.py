"""The care of accounts as Temporal runs it, against the simulator, by a worker that is a process of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client, WorkflowHandle

from bridge.accounts.events import AccountEvents
from bridge.accounts.memory import bump, remember
from bridge.build import Bridge, open_bridge
from core.clock import utc_now
from core.contracts.care import CareInput, CareReport
from core.errors import BrowserCheckRequiredError
from core.settings import load_all
from provider.simulator import SimulatorConfig
from tests.e2e.stack import Stack, open_stack
from tests.fakes.waiting import until
from workflows.account_care import AccountCareWorkflow
from workflows.temporal.client import connect
from workflows.temporal.replayer import build_replayer

ALIASES = ("plus", "plus-2", "plus-3", "free", "pro")
LIMITS = "/backend-api/conversation/init"


@dataclass
class Bench:
    """Processes, a bridge of the test's own on the same database, and a client of Temporal."""

    stack: Stack
    bridge: Bridge
    client: Client

    async def begin(self, name: str, **given: Any) -> WorkflowHandle[Any, CareReport]:
        return await self.client.start_workflow(
            AccountCareWorkflow.run,
            CareInput(**{"spread": timedelta(0), **given}),
            id=name,
            task_queue=self.bridge.settings.temporal.task_queue,
        )

    async def warned(self) -> list[tuple[str, str]]:
        page = await AccountEvents(self.bridge.store).page(limit=500)
        return sorted((event.account, event.data["stage"]) for event in page if event.type == "expiry.warned")

    def asked(self) -> dict[str, int]:
        """How often upstream was asked for each account's limits."""
        calls = [call.account for call in self.stack.simulator.ledger.requests if call.route == LIMITS]
        return {alias: calls.count(alias) for alias in ALIASES if alias in calls}


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """Five accounts, of which `plus` ends within a day and `free` within a week; Temporal, and no worker yet."""
    plans = tuple(alias.partition("-")[0] for alias in ALIASES)
    async with open_stack(tmp_path, SimulatorConfig(accounts=plans, difficulty="")) as stack:
        await stack.start_temporal()
        settings = load_all(
            storage={"data_dir": stack.root / "data"},
            accounts={"accounts_dir": stack.root / "accounts"},
            upstream={"base_url": stack.simulator.url},
            temporal={"address": f"127.0.0.1:{stack.temporal_port}"},
        )
        async with open_bridge(settings, process="test") as bridge:
            for alias, days in (("plus", 1), ("free", 6)):
                ends = int(time.time()) + days * 86400 - 60
                bridge.vault.write(alias, stack.simulator.capture(alias, expires_at=ends))
            await bridge.registry.snapshot()
            yield Bench(stack, bridge, await connect(settings.temporal, bridge.keyring, blobs=bridge.blobs, lazy=False))


async def test_it_warns_once_and_asks_everybody_who_may_be_asked(bench: Bench) -> None:
    await bench.stack.start_worker()
    await bench.bridge.store.write(_paused)
    await bench.bridge.pool.report("pro", BrowserCheckRequiredError("look", reason="challenge"))
    bench.stack.simulator.add_rule(path=LIMITS, account="plus-2", status=502, times=0)

    first = await (await bench.begin("first")).result()
    again = await (await bench.begin("again")).result()

    assert {(warned.account, warned.stage) for warned in first.warned} == {("plus", "days"), ("free", "week")}
    assert (first.accounts, again.warned) == (5, ())
    assert await bench.warned() == [("free", "week"), ("plus", "days")]
    assert {canary.account: canary.outcome for canary in first.canaries} == {
        "plus": "answered",
        "plus-2": "failed",
        "free": "answered",
    }
    by_account = bench.stack.simulator.ledger.by_account
    assert (by_account["plus-3"], by_account["pro"]) == (0, 0)
    assert {alias: count for alias, count in bench.asked().items() if alias != "plus-2"} == {"plus": 2, "free": 2}
    assert len(bench.stack.simulator.ledger.submissions) == 0
    await until(lambda: _knows(bench, "plus", "free"))
    await build_replayer(bench.bridge.keyring).replay_workflow(
        await bench.client.get_workflow_handle("first").fetch_history()
    )


@pytest.mark.timeout(90)
async def test_a_worker_killed_in_the_middle_warns_nobody_twice(bench: Bench) -> None:
    bench.stack.simulator.add_rule(path=LIMITS, hold="before", times=0)
    first = await bench.stack.start_worker()
    handle = await bench.begin("killed")
    await bench.stack.simulator.held(4, timeout=20)
    await first.kill()
    bench.stack.simulator.clear_rules()
    bench.stack.simulator.release()
    await bench.stack.start_worker("second")

    report = await asyncio.wait_for(handle.result(), 80)

    assert {canary.account: canary.outcome for canary in report.canaries} == dict.fromkeys(ALIASES, "answered")
    assert len(report.warned) == 2
    assert await bench.warned() == [("free", "week"), ("plus", "days")]


async def test_accounts_are_asked_over_a_while_and_not_at_one_moment(bench: Bench) -> None:
    await bench.stack.start_worker()
    began = utc_now()

    await (await bench.begin("spread", spread=timedelta(seconds=3))).result()

    times = sorted(call.at for call in bench.stack.simulator.ledger.requests if call.route == LIMITS)
    assert len(times) == 5
    assert times[-1] - times[0] > 0.5
    assert utc_now() - began < timedelta(seconds=20)


async def test_a_worker_keeps_the_schedule_that_begins_the_rounds(bench: Bench) -> None:
    await bench.stack.start_worker(CHATGPT_CARE_INTERVAL_SECONDS="2")

    await until(lambda: _asked(bench), seconds=20)

    assert await bench.warned() == [("free", "week"), ("plus", "days")]


async def test_without_canaries_upstream_hears_nothing(bench: Bench) -> None:
    await bench.stack.start_worker()

    report = await (await bench.begin("quiet", canary=False)).result()

    assert (len(report.warned), report.canaries) == (2, ())
    assert not bench.stack.simulator.ledger.requests


async def _asked(bench: Bench) -> bool:
    """Whether upstream has been asked for everybody, twice."""
    asked = bench.asked()
    return all(asked.get(alias, 0) > 1 for alias in ALIASES)


async def _knows(bench: Bench, *aliases: str) -> bool:
    """Whether what upstream said in the worker's process is known in this one."""
    await bench.bridge.quota.keeper.settle()
    return all(bench.bridge.quota.book.account(alias).at is not None for alias in aliases)


def _paused(conn: Any) -> None:
    remember(conn, "plus-3", utc_now(), state="paused")
    bump(conn)

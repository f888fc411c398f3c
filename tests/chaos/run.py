"""`make chaos SECONDS=600 SEED=7`: operations of all kinds while everything dies around them, and what came of it."""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from provider.simulator import SimulatorConfig
from tests.chaos import checks
from tests.chaos.kinds import KINDS, Asked
from tests.chaos.trouble import Trouble
from tests.e2e.calls import OPERATIONS
from tests.e2e.stack import Stack, open_stack

_ENDS = ("completed", "failed", "cancelled")
_SETTLE_SECONDS = 150.0
ENVIRONMENT = {
    "CHATGPT_RECONCILE_GRACE_SECONDS": "1",
    "CHATGPT_RECONCILE_AFTER_SECONDS": "1",
    "CHATGPT_IMAGE_POLL_SECONDS": "0.5",
    "CHATGPT_MAX_UPSTREAM_FAILURES": "50",
    "CHATGPT_HEARTBEAT_SECONDS": "3",
    "CHATGPT_RESEARCH_PLAN_DELAY_SECONDS": "2",
}


@dataclass
class Report:
    """What happened. `wrong` is empty when everything that must hold holds."""

    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    faults: int = 0
    states: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        def told(counts: Counter[str]) -> str:
            return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"

        lines = [
            f"seed={self.seed}",
            f"operations={self.states.total()}: {told(self.states)}",
            f"kills={self.kills.total()}: {told(self.kills)}",
            f"upstream faults={self.faults}",
            f"failures: {told(self.failures)}",
            *(f"WRONG: {entry}" for entry in self.wrong),
        ]
        return "\n".join(lines)


class Client:
    """A caller who does not give up: every request has a key, and is sent again until it is answered."""

    def __init__(self, http: httpx2.AsyncClient, rng: random.Random) -> None:
        self._http = http
        self._rng = rng
        self.known: dict[str, Asked] = {}

    async def run(self, asked: Asked) -> None:
        """Have the operation made, steer it, and sometimes cancel it."""
        headers = {**asked.headers, "Prefer": "respond-async", "Idempotency-Key": asked.prompt.replace(" ", "-")}
        answer = await self._insist("POST", asked.path, json=asked.body, headers=headers)
        if answer.status_code != 202:
            raise AssertionError(f"{asked.kind}: {answer.status_code} {answer.text}")
        operation_id = str(answer.json()["operation"]["id"])
        self.known[operation_id] = asked
        if asked.plan is not None:
            await self._decide(operation_id, asked.plan)
        elif self._rng.random() < 0.08:
            await asyncio.sleep(self._rng.uniform(0, 2))
            await self._insist("POST", f"{OPERATIONS}/{operation_id}/cancel")

    async def state(self, operation_id: str) -> dict[str, Any]:
        """The operation now."""
        found: dict[str, Any] = (await self._insist("GET", f"{OPERATIONS}/{operation_id}")).json()["operation"]
        return found

    async def _decide(self, operation_id: str, decision: str) -> None:
        while (state := (await self.state(operation_id))["state"]) not in (*_ENDS, "running", "saving"):
            if state == "waiting_for_plan":
                body = {"decision": decision, "text": "Leave the last step out."}
                answer = await self._insist("POST", f"{OPERATIONS}/{operation_id}/plan", json=body)
                if answer.status_code not in (200, 409):
                    raise AssertionError(f"plan: {answer.status_code} {answer.text}")
                # An edited plan waits again, and then it is approved.
                decision = "approve"
            await asyncio.sleep(0.5)

    async def _insist(self, method: str, path: str, **request: Any) -> httpx2.Response:
        deadline = time.monotonic() + _SETTLE_SECONDS
        while True:
            try:
                answer = await self._http.request(method, path, **request)
                if answer.status_code < 500 and answer.headers.get("x-should-retry") != "true":
                    return answer
            except httpx2.TransportError:
                answer = None
            if time.monotonic() > deadline:
                raise AssertionError(f"{method} {path}: {answer and answer.text}")
            await asyncio.sleep(0.3)


async def chaos(root: Path, *, seed: int, seconds: float, operations: int | None = None) -> Report:
    """Run operations for `seconds`, at most `operations` of them, under trouble; then let it calm down and look."""
    rng = random.Random(seed)
    report = Report(seed)
    config = SimulatorConfig(accounts=("plus", "pro", "pro"), seed=seed, image_seconds=1.0, time_scale=0.5)
    async with open_stack(root, config, **ENVIRONMENT) as stack:
        trouble = Trouble(stack, random.Random(seed + 1))
        await trouble.start()
        async with stack.client(timeout=20) as http, _troubled(stack, trouble, random.Random(seed + 3), seconds):
            client = Client(http, random.Random(seed + 2))
            await _work(client, rng, seconds, operations)
        async with stack.client(timeout=20) as http:
            client._http = http
            await _settle(client, stack, report)
        report.kills, report.faults = trouble.kills, trouble.faults
    return report


@asynccontextmanager
async def _troubled(stack: Stack, trouble: Trouble, rng: random.Random, seconds: float) -> AsyncIterator[None]:
    """Trouble while the block runs; when it is left, everything is up again."""
    over = asyncio.Event()

    async def make() -> None:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends and not over.is_set():
            trouble.spoil(stack.simulator)
            await asyncio.sleep(rng.uniform(0.5, 2.5))
            await trouble.kill_one()

    task = asyncio.create_task(make())
    try:
        yield
    finally:
        over.set()
        await task
        stack.simulator.clear_rules()


async def _work(client: Client, rng: random.Random, seconds: float, operations: int | None) -> None:
    """Requests at random times; returns when the last one was admitted and steered."""
    ends, made = time.monotonic() + seconds, 0
    async with asyncio.TaskGroup() as group:
        while time.monotonic() < ends and (operations is None or made < operations):
            kind = rng.choice(sorted(KINDS))
            asked = KINDS[kind](f"{kind} number {made:05} of {rng.getrandbits(48):012x}", rng)
            group.create_task(client.run(asked))
            made += 1
            await asyncio.sleep(rng.uniform(0, 2 * seconds / operations) if operations else rng.uniform(0.2, 2))


async def _settle(client: Client, stack: Stack, report: Report) -> None:
    deadline = time.monotonic() + _SETTLE_SECONDS
    for operation_id in client.known:
        found = await client.state(operation_id)
        while found["state"] not in _ENDS and time.monotonic() < deadline:
            await asyncio.sleep(0.3)
            found = await client.state(operation_id)
        report.states[found["state"]] += 1
        if found["state"] not in _ENDS:
            report.wrong.append(f"{operation_id} ({found['kind']}) is still {found['state']}")
            continue
        if found["error"] is not None:
            report.failures[f"{found['kind']}:{found['error']['code']}"] += 1
        events = await checks.event_log(client._http, operation_id)
        report.wrong += checks.numbered(operation_id, events) + checks.whole_text(found, events)
        report.wrong += await checks.results(client._http, found)
    report.wrong += checks.paid_once(stack.simulator, client.known.values())
    report.wrong += checks.nothing_left(stack.root / "data" / "bridge.sqlite")


def main() -> None:
    """Run once and print what happened; status 1 when something was lost or doubled."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None)
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else random.SystemRandom().randrange(2**31)
    sys.stdout.write(f"seed={seed}\n")
    with tempfile.TemporaryDirectory() as folder:
        report = asyncio.run(chaos(Path(folder), seed=seed, seconds=given.seconds))
    sys.stdout.write(f"{report}\n")
    sys.stdout.flush()
    sys.exit(1 if report.wrong else 0)


if __name__ == "__main__":
    main()

"""Temporal's database deleted while operations of a kind are in every state: each ends well, and is paid for once."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import pytest

from provider.simulator import SimulatorConfig
from tests.e2e.calls import ASYNC, CHAT, IMAGES, OPERATIONS, operation, reaches
from tests.e2e.stack import Stack, open_stack
from tests.fakes.upstream import png

PICTURE = [f"data:image/png;base64,{b64encode(png('red')).decode()}"]
HELD: Mapping[str, dict[str, Any]] = {
    "uploading": {"path": "/backend-api/files", "method": "POST", "hold": "before"},
    "submitting": {"path": "*/f/conversation", "hold": "before"},
    "saving": {"path": "*/download*", "hold": "before"},
}
"""What upstream holds back so that an operation stays in a state; the others last long enough by themselves."""


@dataclass(frozen=True)
class Kind:
    """How a kind is asked for, the states that one of it can be found in, and what the simulator is told.

    `slow` makes the state `running` last; everything else is `quick`.
    """

    path: str
    states: tuple[str, ...]
    slow: str
    quick: str
    body: Mapping[str, Any] = field(default_factory=dict)

    def asking(self, prompt: str, account: str, state: str) -> dict[str, Any]:
        words = f"[sim:{self.slow if state == 'running' else self.quick}] {prompt}"
        said = {"messages": [{"role": "user", "content": words}]} if self.path == CHAT else {"prompt": words}
        plan = {"plan": "ask" if state == "waiting_for_plan" else "auto"} if "plan" in self.body else {}
        return {**self.body, **said, **plan, "chatgpt_account": account}


TEXT = ("deltas=50,pace=160", "deltas=2")
IMAGE = ("seconds=8,pixels=32", "seconds=0.3,pixels=32")
REPORT = ("research=plan,seconds=8", "research=plan,seconds=1")
KINDS = {
    "image": Kind(IMAGES, ("submitting", "running", "saving"), *IMAGE),
    "edit": Kind("/v1/images/edits", ("uploading", "submitting", "running", "saving"), *IMAGE, {"images": PICTURE}),
    "vision": Kind("/v1/chatgpt/vision", ("uploading", "submitting", "running"), *TEXT, {"images": PICTURE}),
    "response": Kind(CHAT, ("submitting", "running"), *TEXT, {"model": "auto"}),
    "research": Kind("/v1/chatgpt/research", ("submitting", "waiting_for_plan", "running"), *REPORT, {"plan": "auto"}),
}
"""A new kind joins by its line; `waiting_for_account` is a state of each."""


@dataclass
class Asker:
    """Has operations of one kind made, each on an account of its own."""

    stack: Stack
    client: httpx2.AsyncClient
    kind: Kind
    accounts: Iterator[str]
    numbers: Iterator[int] = field(default_factory=count)

    async def in_state(self, state: str) -> tuple[str, str]:
        """The id and the account of an operation that is in the state."""
        account = next(self.accounts)
        if state in HELD:
            self.stack.simulator.add_rule(**HELD[state], account=account)
        operation_id = await self.start(state, account)
        await reaches(self.client, operation_id, state)
        return operation_id, account

    async def start(self, state: str, account: str) -> str:
        body = self.kind.asking(f"heron number {next(self.numbers)}", account, state)
        answer = await self.client.post(self.kind.path, json=body, headers=ASYNC)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["operation"]["id"])


@pytest.fixture
async def stack(tmp_path: Path) -> Any:
    environment = {
        "CHATGPT_RECONCILE_GRACE_SECONDS": "1",
        "CHATGPT_RECONCILE_AFTER_SECONDS": "1",
        "CHATGPT_HEARTBEAT_SECONDS": "2",
        "CHATGPT_RESEARCH_PLAN_DELAY_SECONDS": "1",
        **{f"CHATGPT_{bucket}_CONCURRENCY": "plus=1" for bucket in ("CHAT", "IMAGE", "RESEARCH", "UPLOAD")},
    }
    async with open_stack(tmp_path, SimulatorConfig(accounts=("plus",) * 4), **environment) as opened:
        yield opened


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", KINDS)
async def test_in_every_state_it_ends_well_and_is_sent_once(stack: Stack, name: str) -> None:
    temporal = await stack.start_temporal()
    await asyncio.gather(stack.start_worker(), stack.start_api())
    kind = KINDS[name]
    async with stack.client() as client:
        asker = Asker(stack, client, kind, iter(stack.simulator.aliases))
        found = dict(zip(kind.states, await asyncio.gather(*map(asker.in_state, kind.states)), strict=True))
        waiting = await asker.start("waiting_for_account", found["submitting"][1])
        await reaches(client, waiting, "waiting_for_account")
        states = [(await operation(client, operation_id))["state"] for operation_id, _ in found.values()]
        assert states == list(kind.states)

        await temporal.kill()
        for file in stack.temporal_file.parent.glob("temporal.sqlite*"):
            file.unlink()
        await stack.start_temporal()
        stack.simulator.clear_rules()
        stack.simulator.release()
        if "waiting_for_plan" in found:
            await _approve(client, found["waiting_for_plan"][0])

        ids = [*(operation_id for operation_id, _ in found.values()), waiting]
        await asyncio.gather(*(reaches(client, operation_id, "completed", seconds=75) for operation_id in ids))

    prompts = [submission.prompt.splitlines()[0] for submission in stack.simulator.ledger.submissions]
    assert sorted(prompts) == [f"heron number {number}" for number in range(len(ids))]


async def _approve(client: httpx2.AsyncClient, operation_id: str) -> None:
    """Approve a plan whose workflow may not be back yet."""
    for _ in range(200):
        answer = await client.post(f"{OPERATIONS}/{operation_id}/plan", json={"decision": "approve"})
        if answer.status_code == 200:
            return
        assert answer.status_code in (409, 503), answer.text
        await asyncio.sleep(0.2)
    raise AssertionError(answer.text)

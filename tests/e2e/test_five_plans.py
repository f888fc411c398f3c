"""Slots, quota and limits over five accounts on five plans, by upstream's own count, for every kind of work."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from provider.simulator import SimulatorConfig
from tests.e2e.calls import ASYNC, CHAT, IMAGES, chat, reaches
from tests.e2e.stack import Stack, open_stack
from tests.fakes.waiting import until

PLANS = ("free", "go", "plus", "pro", "team")
CHATS = {"free": 1, "go": 2, "plus": 3, "pro": 4, "team": 3}
PICTURES = {"free": 1, "go": 1, "plus": 2, "pro": 3, "team": 2}
RESEARCHES = {"free": 1, "go": 1, "plus": 2, "pro": 2, "team": 2}
ACCOUNTS, RESEARCH, USAGE = "/v1/chatgpt/accounts", "/v1/chatgpt/research", "/v1/chatgpt/usage"
SHARED_SECONDS = 2.2

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """One stack for all: none of them leaves work behind."""
    config = SimulatorConfig(accounts=PLANS, difficulty="")
    environment = {"CHATGPT_RESEARCH_POLL_SECONDS": "1", "CHATGPT_QUEUE_PATIENCE_SECONDS": "60"}
    async with open_stack(tmp_path_factory.mktemp("plans"), config, **environment) as stack:
        await stack.start()
        yield stack


@pytest_asyncio.fixture(loop_scope="module")
async def stack(shared: Stack) -> AsyncIterator[Stack]:
    """The stack with plenty of everything, and nothing counted yet."""
    for alias in PLANS:
        await allow(shared, alias, image_gen=500, file_upload=500, deep_research=50)
    shared.simulator.ledger.reset()
    yield shared
    shared.simulator.clear_rules()


@pytest_asyncio.fixture(loop_scope="module")
async def client(stack: Stack) -> AsyncIterator[httpx2.AsyncClient]:
    async with stack.client(limits=httpx2.Limits(max_connections=100)) as opened:
        await told(opened)
        yield opened
        for alias in PLANS:
            await opened.post("/v1/chatgpt/cooldowns/clear", json={"account": alias})


async def allow(stack: Stack, alias: str, **features: int) -> None:
    stack.simulator.set_account(alias, features=features, blocked=set())


async def usage(client: httpx2.AsyncClient, *, refresh: bool = False) -> dict[str, Any]:
    found = (await client.get(USAGE, params={"refresh": refresh})).json()["accounts"]
    return {one["account"]: one for one in found}


async def told(client: httpx2.AsyncClient) -> None:
    """Have upstream asked, and every process know of it: one writes it within a second, the other reads it in one."""
    await usage(client, refresh=True)
    await asyncio.sleep(SHARED_SECONDS)


async def has_left(client: httpx2.AsyncClient, alias: str, pictures: int) -> bool:
    """Another process counts what an operation took; this one hears of it in a second."""
    await asyncio.sleep(0.1)
    return bool((await usage(client))[alias]["features"]["image_gen"]["remaining"] == pictures)


async def renewed(stack: Stack, client: httpx2.AsyncClient) -> None:
    """The accounts are new, and so are their captures: nothing is known of anybody's quota."""
    expires_at = int(time.time()) + 86_400
    for alias in PLANS:
        await client.delete(f"{ACCOUNTS}/{alias}")
        capture = stack.simulator.capture(alias, expires_at=expires_at)
        added = await client.post(ACCOUNTS, json={"alias": alias, "capture": capture})
        assert added.status_code == 201, added.text


async def begun(client: httpx2.AsyncClient, path: str, prompt: str, **more: Any) -> str:
    answer = await client.post(path, json={"prompt": prompt, **more}, headers=ASYNC)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["operation"]["id"])


async def served_by(client: httpx2.AsyncClient, operation_ids: list[str]) -> Counter[str]:
    return Counter([(await reaches(client, one, "completed"))["account"] for one in operation_ids])


def peaks(stack: Stack) -> dict[str, int]:
    return {alias: stack.simulator.ledger.in_flight[alias].peak for alias in PLANS}


async def test_every_plan_has_its_slots_for_chats(stack: Stack, client: httpx2.AsyncClient) -> None:
    body = chat("[sim:slow=0.3] hello")
    answers = await asyncio.gather(*(client.post(CHAT, json=body) for _ in range(40)))
    assert [answer.status_code for answer in answers] == [200] * 40
    assert peaks(stack) == CHATS


async def test_every_plan_has_its_slots_for_pictures(stack: Stack, client: httpx2.AsyncClient) -> None:
    prompt = "[sim:image=async,seconds=2,pixels=32] a heron"
    made = [await begun(client, IMAGES, f"{prompt} {number}") for number in range(15)]
    served = await served_by(client, made)
    assert peaks(stack) == PICTURES
    assert set(served) == set(PLANS)


async def test_every_plan_has_its_slots_for_researches(stack: Stack, client: httpx2.AsyncClient) -> None:
    made = [await begun(client, RESEARCH, f"[sim:research=fast,seconds=2] heron {n}") for n in range(10)]
    served = await served_by(client, made)
    assert all(peak <= RESEARCHES[alias] for alias, peak in peaks(stack).items())
    assert all(served[alias] >= RESEARCHES[alias] for alias in PLANS), served


async def test_pictures_go_where_most_is_known_to_be_left(stack: Stack, client: httpx2.AsyncClient) -> None:
    """Known to suffice, the most first; then who did not say; never who has none left or is blocked."""
    await allow(stack, "free", file_upload=5)
    for alias, left in (("go", 2), ("plus", 9), ("pro", 0), ("team", 7)):
        await allow(stack, alias, image_gen=left)
    stack.simulator.set_account("team", blocked={"image_gen"})
    await renewed(stack, client)
    await asyncio.sleep(SHARED_SECONDS)
    asked = {"kind": "image", "request": {"prompt": "x", "chatgpt_account_strategy": "quota-aware"}}

    first = await begun(client, IMAGES, "[sim:image=inline,pixels=32] one", chatgpt_account_strategy="quota-aware")
    await reaches(client, first, "completed")
    found = (await client.post("/v1/chatgpt/route/explain", json=asked)).json()["accounts"]
    places = {one["account"]: one["place"] for one in found}
    reasons = {one["account"]: one["reason"] for one in found}

    assert places == {"plus": 1, "go": 2, "free": 3, "pro": None, "team": None}
    assert reasons["pro"] == reasons["team"] == "quota_exhausted"
    # Everybody of whom nothing was known was asked, once and before.
    assert stack.simulator.ledger.by_route["POST /backend-api/conversation/init"] >= len(PLANS)
    assert [one.account for one in stack.simulator.ledger.submissions] == ["plus"]


async def test_what_is_taken_is_counted_down_and_kept_as_history(stack: Stack, client: httpx2.AsyncClient) -> None:
    began = time.time()
    await allow(stack, "go", image_gen=5)
    await told(client)
    pictures = [
        await begun(client, IMAGES, f"[sim:image=async,seconds=0.3,pixels=32] {n}", chatgpt_account="go")
        for n in range(2)
    ]
    await served_by(client, pictures)
    await until(partial(has_left, client, "go", 3))
    at_upstream = (await usage(client, refresh=True))["go"]["features"]["image_gen"]
    points = (await client.get(f"{USAGE}/history?account=go&feature=image_gen&since={began}")).json()["data"]
    left = [point["remaining"] for point in points]

    assert at_upstream["remaining"] == 3
    assert left == sorted(left, reverse=True)
    assert {5, 4, 3} <= set(left)


async def test_a_limit_that_upstream_meets_moves_work_on_and_ends_at_its_time(
    stack: Stack, client: httpx2.AsyncClient
) -> None:
    """The bridge believes that there is plenty; upstream knows better, and says when it comes back."""
    ends = time.time() + 6
    stack.simulator.set_account("plus", features={"image_gen": 0}, refill={"image_gen": 9}, resets_at=ends)
    only = {"chatgpt_accounts": ["plus", "pro"], "chatgpt_account_strategy": "failover"}
    moved = await begun(client, IMAGES, "[sim:image=inline,pixels=32] moved", **only)
    assert (await reaches(client, moved, "completed"))["account"] == "pro"
    waits = await begun(client, IMAGES, "[sim:image=inline,pixels=32] waits", chatgpt_account="plus")
    found = await reaches(client, waits, "waiting_for_account")
    assert (await client.post(CHAT, json=chat("hello", chatgpt_account="plus"))).status_code == 200

    done = await reaches(client, waits, "completed", seconds=30)
    assert [(skip["account"], skip["reason"]) for skip in found["skipped"]] == [("plus", "feature_limit")]
    assert found["skipped"][0]["until"] == pytest.approx(ends, abs=2)
    assert done["account"] == "plus"
    assert time.time() >= ends
    assert (await usage(client, refresh=True))["plus"]["features"]["image_gen"]["remaining"] == 8


async def test_a_limit_is_lifted_by_hand(stack: Stack, client: httpx2.AsyncClient) -> None:
    stack.simulator.add_rule(path="*/f/conversation", account="go", times=1, refusal="image_limit")
    moved = await begun(
        client,
        IMAGES,
        "[sim:image=inline,pixels=32] moved",
        chatgpt_accounts=["go", "pro"],
        chatgpt_account_strategy="failover",
    )
    assert (await reaches(client, moved, "completed"))["account"] == "pro"
    blocked = (await usage(client))["go"]["features"]["image_gen"]
    cleared = (await client.post("/v1/chatgpt/cooldowns/clear", json={"account": "go"})).json()
    again = await begun(client, IMAGES, "[sim:image=inline,pixels=32] again", chatgpt_account="go")

    assert (blocked["status"], blocked["source"]) == ("blocked", "refusal")
    assert cleared["quota_unknown"] == ["image_gen"]
    assert (await reaches(client, again, "completed"))["account"] == "go"


async def test_researches_are_given_while_there_are_some(stack: Stack, client: httpx2.AsyncClient) -> None:
    for alias in PLANS:
        await allow(stack, alias, deep_research=1 if alias in ("free", "team") else 0)
    await told(client)
    first, second = [await begun(client, RESEARCH, f"[sim:research=fast,seconds=0.5] heron {n}") for n in range(2)]
    served = await served_by(client, [first, second])
    third = await begun(client, RESEARCH, "[sim:research=fast,seconds=0.5] heron 3")
    found = await reaches(client, third, "waiting_for_account")
    assert served == {"free": 1, "team": 1}
    assert {skip["reason"] for skip in found["skipped"]} == {"quota_exhausted"}

    await allow(stack, "go", deep_research=1)
    await told(client)
    assert (await reaches(client, third, "completed"))["account"] == "go"

"""Never more upstream than the limits allow, by upstream's own count: under load, a kill and limits changed live."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from pathlib import Path

import httpx2

from provider.simulator import SimulatorConfig
from tests.e2e.calls import CHAT, chat
from tests.e2e.stack import Stack, free_port, open_stack
from tests.fakes.waiting import until

PLANS = ("plus", "plus", "pro")
LIMITS = {"plus": 3, "plus-2": 3, "pro": 4}
LOWERED = {"plus": 1, "plus-2": 1, "pro": 2}
FREED_SECONDS = 30


def peaks(stack: Stack) -> dict[str, int]:
    in_flight = stack.simulator.ledger.in_flight
    return {alias: in_flight[alias].peak for alias in LIMITS if alias in in_flight}


def running(stack: Stack) -> dict[str, int]:
    in_flight = stack.simulator.ledger.in_flight
    return {alias: in_flight[alias].current for alias in LIMITS if alias in in_flight}


async def in_use(client: httpx2.AsyncClient) -> list[int]:
    accounts = (await client.get("/v1/chatgpt/limits")).json()["accounts"]
    return [buckets["chat"]["in_use"] for buckets in accounts.values()]


async def freed(client: httpx2.AsyncClient) -> None:
    """Wait until nobody holds a slot."""

    async def nobody() -> bool:
        await asyncio.sleep(0.1)
        return not any(await in_use(client))

    await until(nobody, seconds=FREED_SECONDS)


async def statuses(client: httpx2.AsyncClient, count: int, seconds: float) -> list[int]:
    async def one() -> int:
        try:
            return (await client.post(CHAT, json=chat(f"[sim:slow={seconds}] hello"))).status_code
        except httpx2.TransportError:
            return 0

    return await asyncio.gather(*(one() for _ in range(count)))


async def test_no_account_has_more_in_flight_than_its_limit(tmp_path: Path) -> None:
    config = SimulatorConfig(accounts=PLANS, difficulty="")
    many = httpx2.Limits(max_connections=300)
    async with open_stack(tmp_path, config, CHATGPT_QUEUE_PATIENCE_SECONDS="60") as stack:
        await stack.start_api()
        async with stack.client(limits=many) as client:
            stack.api_port = free_port()
            doomed = await stack.start_api()
            async with stack.client(limits=many) as other:
                raced = await asyncio.gather(*(statuses(each, 100, 0.1) for each in (client, other)))
                assert raced == [[200] * 100] * 2
                assert peaks(stack) == LIMITS
                await freed(client)

                lost = asyncio.create_task(statuses(other, 10, 5))
                await until(partial(_all_taken, stack))
                await doomed.kill()
                killed = time.monotonic()
                assert await lost == [0] * 10
            assert any(await in_use(client))

            await freed(client)
            assert time.monotonic() - killed < FREED_SECONDS
            assert peaks(stack) == LIMITS

            await _lowered_and_raised(stack, client)
            await freed(client)


async def _all_taken(stack: Stack) -> bool:
    return running(stack) == LIMITS


async def _lowered_and_raised(stack: Stack, client: httpx2.AsyncClient) -> None:
    load, taken = asyncio.create_task(statuses(client, 40, 0.2)), partial(_all_taken, stack)

    async def drained() -> bool:
        return all(count <= LOWERED[alias] for alias, count in running(stack).items())

    await until(taken)
    answer = await client.patch("/v1/chatgpt/limits", json={"chat": {"plans": {"plus": 1, "pro": 2}}})
    assert answer.json()["accounts"]["pro"]["chat"]["source"] == "settings"
    await until(drained)
    stack.simulator.ledger.reset()
    await asyncio.sleep(0.6)
    assert peaks(stack) == LOWERED

    await client.delete("/v1/chatgpt/limits")
    await until(taken)
    assert await load == [200] * 40
    assert peaks(stack) == LIMITS

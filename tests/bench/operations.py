"""Durable operations under the clock: how many, how soon stopped, how soon going on, how well listed."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import statistics
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from functools import partial
from typing import Any

import httpx2

from tests.bench.processes import KEY, Bench

OPERATIONS = "/v1/chatgpt/operations"
IMAGES = "/v1/images/generations"
ASYNC = {"Prefer": "respond-async"}
_ENDS = ("completed", "failed", "cancelled")


def client(it: Bench) -> httpx2.AsyncClient:
    """A client of the bridge."""
    return httpx2.AsyncClient(base_url=it.api_url, headers={"Authorization": f"Bearer {KEY}"}, timeout=60)


async def per_second(it: Bench, count: int) -> float:
    """Pictures a second from first request to last completion, 16 at a time."""
    gate = asyncio.Semaphore(16)
    async with client(it) as http:

        async def one(number: int) -> None:
            async with gate:
                body = {"prompt": f"[sim:image=inline,seconds=0,pixels=64] batch {number}"}
                (await http.post(IMAGES, json=body)).raise_for_status()

        began = time.perf_counter()
        await asyncio.gather(*(one(number) for number in range(count)))
        return count / (time.perf_counter() - began)


async def cancel_to_stop(it: Bench, count: int) -> float:
    """The 95th percentile in milliseconds from a cancel's request to upstream's hearing of it."""
    took = []
    async with client(it) as http, httpx2.AsyncClient(base_url=it.upstream_url) as upstream:
        for number in range(count):
            operation_id = await _begin(http, f"[sim:image=async,seconds=600] to be stopped {number}")
            await _until(partial(_state, http, operation_id), lambda found: found["state"] == "running")
            before = len(await _stops(upstream))
            asked = time.monotonic()
            (await http.post(f"{OPERATIONS}/{operation_id}/cancel")).raise_for_status()
            stops = await _until(lambda: _stops(upstream), lambda seen, before=before: len(seen) > before)
            took.append((stops[before]["at"] - asked) * 1000)
    return statistics.quantiles(took, n=20, method="inclusive")[-1]


async def kill_to_progress(it: Bench, rounds: int) -> float:
    """The longest of some times in seconds from a worker's kill -9 to the next event of what it was at."""
    longest = 0.0
    async with client(it) as http:
        for number in range(rounds):
            operation_id = await _begin(http, f"[sim:image=async,seconds=3] to be survived {number}")
            found = await _until(partial(_state, http, operation_id), lambda found: found["state"] == "running")
            it.worker.send_signal(signal.SIGKILL)
            it.worker.wait()
            killed = time.monotonic()
            it.start_worker()
            last = found["last_event"]
            await _until(
                partial(_state, http, operation_id), lambda found, last=last: found["last_event"] > last, seconds=60
            )
            longest = max(longest, time.monotonic() - killed)
            await _until(partial(_state, http, operation_id), lambda found: found["state"] in _ENDS, seconds=60)
    return longest


async def reads(it: Bench, count: int) -> dict[str, float]:
    """Median milliseconds of reading one operation and of listing a page."""
    async with client(it) as http:
        newest = (await http.get(f"{OPERATIONS}?limit=10")).json()["data"][0]["id"]
        return {
            "get": await _median(lambda: http.get(f"{OPERATIONS}/{newest}"), count),
            "list": await _median(lambda: http.get(f"{OPERATIONS}?limit=10&state=completed"), count),
        }


def keep_many(it: Bench, count: int) -> None:
    """Copy finished operations until there are `count`, older than all that are there."""
    with closing(sqlite3.connect(it.folder / "data" / "bridge.sqlite", timeout=30)) as opened, opened:
        columns = [
            row[1] for row in opened.execute("pragma table_info(operations)") if row[1] not in ("sequence", "id")
        ]
        names = ", ".join(columns)
        have = opened.execute("select count(*) from operations").fetchone()[0]
        opened.execute(
            f"with recursive n(i) as (select 1 union all select i + 1 from n where i < ?) "
            f"insert into operations (sequence, id, {names}) select -n.i, 'copy_' || n.i, {names} from n, "
            "(select * from operations where state = 'completed' limit 1)",
            (count - have,),
        )
        opened.execute(
            "insert into submissions (operation_id, fence, upstream_failures) "
            "select id, 0, 0 from operations where id like 'copy!_%' escape '!'"
        )


async def _begin(http: httpx2.AsyncClient, prompt: str) -> str:
    answer = await http.post(IMAGES, json={"prompt": prompt}, headers=ASYNC)
    answer.raise_for_status()
    return str(answer.json()["operation"]["id"])


async def _state(http: httpx2.AsyncClient, operation_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await http.get(f"{OPERATIONS}/{operation_id}")).json()["operation"]
    return found


async def _stops(upstream: httpx2.AsyncClient) -> list[dict[str, Any]]:
    stops: list[dict[str, Any]] = json.loads((await upstream.get("/__sim__/ledger?last=1")).content)["stops"]
    return stops


async def _until(look: Callable[[], Awaitable[Any]], wanted: Callable[[Any], bool], *, seconds: float = 30) -> Any:
    for _ in range(int(seconds / 0.02)):
        seen = await look()
        if wanted(seen):
            return seen
        await asyncio.sleep(0.02)
    raise TimeoutError(f"not within {seconds} s: {seen}")


async def _median(ask: Callable[[], Awaitable[httpx2.Response]], count: int) -> float:
    took = []
    for _ in range(count):
        began = time.perf_counter()
        (await ask()).raise_for_status()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)

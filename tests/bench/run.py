"""`make bench`: every figure of docs/benchmarks.md, in one run, as ratios against what runs beside the bridge."""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx2
from temporalio.client import Client

from tests.bench import leases, noop, operations, routing, surfaces
from tests.bench.processes import HERE, KEY, Bench, bench

ROUNDS = 3
SECONDS = 6
ROOT = HERE.parents[1]


def throughput(it: Bench, *arguments: str) -> tuple[float, float, int]:
    """Median rates a second of bridge and relay over interleaved rounds, and the bridge's errors."""
    bridge, relay, errors = [], [], 0
    for _ in range(ROUNDS):
        relay.append(it.load(it.relay_url, "--seconds", str(SECONDS), *arguments)["per_second"])
        figures = it.load(it.api_url, "--seconds", str(SECONDS), *arguments)
        bridge.append(figures["per_second"])
        errors += figures["errors"]
    return statistics.median(bridge), statistics.median(relay), errors


def first_token(it: Bench, count: int) -> float:
    """Median time to the first token through the bridge, in milliseconds, with warm tokens."""
    it.load(it.api_url, "--stream", "--concurrency", "1", "--count", "5", "--pause", "0.3")
    arguments = ("--stream", "--concurrency", "1", "--count", str(count), "--pause", "0.3")
    return float(it.load(it.api_url, *arguments)["first_ms"])


def direct(it: Bench, count: int) -> float:
    """The same without the bridge."""
    command = [sys.executable, str(HERE / "direct.py"), it.upstream_url, it.authorization, str(count)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout)


async def images(it: Bench, count: int) -> tuple[float, float]:
    """Median milliseconds of an image operation and of a no-op workflow on the same server, in turn."""
    client = await Client.connect(it.temporal)
    image_ms, noop_ms = [], []
    headers = {"Authorization": f"Bearer {KEY}"}
    async with noop.worker(client), httpx2.AsyncClient(base_url=it.api_url, headers=headers, timeout=60) as http:
        for number in range(count + 3):
            started = time.perf_counter()
            await noop.once(client)
            between = time.perf_counter()
            prompt = f"[sim:image=inline,seconds=0,pixels=64] number {number}"
            answer = await http.post("/v1/images/generations", json={"prompt": prompt})
            ended = time.perf_counter()
            answer.raise_for_status()
            if number >= 3:
                noop_ms.append((between - started) * 1000)
                image_ms.append((ended - between) * 1000)
    return statistics.median(image_ms), statistics.median(noop_ms)


async def open_streams(it: Bench, count: int) -> tuple[float, int]:
    """Resident memory with `count` streams open, and how many of them had begun."""
    headers = {"Authorization": f"Bearer {KEY}"}
    body = {"model": "auto", "stream": True, "messages": [{"role": "user", "content": "[sim:slow=60] hello"}]}
    limits = httpx2.Limits(max_connections=count, max_keepalive_connections=0)
    async with httpx2.AsyncClient(base_url=it.api_url, headers=headers, timeout=90, limits=limits) as http:

        async def hold() -> None:
            async with http.stream("POST", "/v1/chat/completions", json=body) as answer:
                assert answer.status_code == 200
                async for _ in answer.aiter_raw():
                    begun.append(1)
                    await leaving.wait()
                    return

        begun: list[int] = []
        leaving = asyncio.Event()
        holders = [asyncio.create_task(hold()) for _ in range(count)]
        for _ in range(600):
            if len(begun) == count:
                break
            await asyncio.sleep(0.1)
        memory = it.memory_mb()
        leaving.set()
        await asyncio.gather(*holders)
    return memory, len(begun)


def measure(folder: Path) -> list[tuple[str, str, str]]:
    """Rows of what, target and what was seen."""
    rows: list[tuple[str, str, str]] = leases.rows(folder / "leases") + routing.rows(folder / "routing")
    with bench(folder / "far", accounts=3, rtt_ms=100) as it:
        milliseconds = first_token(it, 20)
        rows.append(("first token at 100 ms RTT, in round trips", "≤ 1.15", f"{milliseconds / 100:.2f}"))
    with bench(folder / "near", accounts=7) as it:
        through, bare = first_token(it, 40), direct(it, 40)
        seen = f"{through - bare:.1f} ms ({through:.1f} against {bare:.1f})"
        rows.append(("first token added at RTT 0", "≤ 5 ms", seen))
        ours, relay, errors = throughput(it, "--stream", "--concurrency", "8")
        seen = f"{ours / relay:.2f} ({ours:.0f} against {relay:.0f}, {errors} errors)"
        rows.append(("streams a second, concurrency 8, over the relay", "≥ 0.6", seen))
        ours, relay, errors = throughput(it, "--concurrency", "32")
        seen = f"{ours / relay:.2f} ({ours:.0f} against {relay:.0f}, {errors} errors)"
        rows.append(("answers a second, concurrency 32, over the relay", "≥ 0.6, no errors", seen))
        rows += surfaces.rows(it)
        many = it.load(it.api_url, "--concurrency", "200", "--seconds", "8")
        seen = f"{many['errors']} of {many['done'] + many['errors']}"
        rows.append(("errors at concurrency 200", "0", seen))
        ours, bare = asyncio.run(images(it, 20))
        seen = f"{ours / bare:.1f} ({ours:.0f} ms against {bare:.0f} ms)"
        rows.append(("image operation over a no-op workflow", "≤ 4", seen))
        for verify, how in ((True, "proved live"), (False, "not proved")):
            new, old = routing.added(it, verify=verify)
            seen = f"{new:.0f} ms, of which {old:.0f} ms are a chat"
            rows.append((f"account added, {how}, to first request served by it, median", "", seen))
    with bench(folder / "operations", accounts=3) as it:
        rows += durable(it)
    with bench(folder / "memory") as it:
        it.load(it.api_url, "--stream", "--concurrency", "16", "--count", "5000")
        table = surfaces.table_mb()
        rows.append(("memory of the tokenizer's table, loaded at the first count", "", f"{table:.0f} MB"))
        rows.append(("resident memory after 5,000 chats, without it", "≤ 150 MB", f"{it.memory_mb() - table:.0f} MB"))
        memory, begun = asyncio.run(open_streams(it, 500))
        rows.append((f"resident memory with {begun} open streams, without it", "≤ 300 MB", f"{memory - table:.0f} MB"))
    return rows


def durable(it: Bench) -> list[tuple[str, str, str]]:
    """What is measured of operations."""
    asyncio.run(operations.per_second(it, 10))
    few = asyncio.run(operations.reads(it, 60))
    rate = asyncio.run(operations.per_second(it, 120))
    stopped = asyncio.run(operations.cancel_to_stop(it, 20))
    operations.keep_many(it, 10_000)
    many = asyncio.run(operations.reads(it, 60))
    again = asyncio.run(operations.kill_to_progress(it, 3))
    rows = [
        ("image operations a second, 16 at a time", "", f"{rate:.0f}"),
        ("from cancel to upstream's stop, 95th percentile", "≤ 2 s", f"{stopped:.0f} ms"),
        ("from kill -9 of the worker to progress, longest of 3", "≤ 30 s", f"{again:.1f} s"),
    ]
    for name in ("get", "list"):
        seen = f"{many[name] / few[name]:.2f} ({many[name]:.1f} ms against {few[name]:.1f} ms)"
        rows.append((f"{name} with 10,000 operations kept, over 10", "≤ 2", seen))
    return rows


def main() -> None:
    """Measure, print, and write the table between the marks of docs/benchmarks.md."""
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(Path(folder))
    table = "\n".join(
        ["| What | Target | Seen |", "| --- | --- | --- |", *(f"| {a} | {b} | {c} |" for a, b, c in rows)]
    )
    when = datetime.now(UTC).strftime("%Y-%m-%d")
    text = f"Measured {when} on {os.cpu_count()} cores, with Python {sys.version.split()[0]}.\n\n{table}"
    sys.stdout.write(text + "\n")
    page = ROOT / "docs" / "benchmarks.md"
    before, _, rest = page.read_text().partition("<!-- figures -->")
    _, _, after = rest.partition("<!-- end of figures -->")
    page.write_text(f"{before}<!-- figures -->\n\n{text}\n\n<!-- end of figures -->{after}")


if __name__ == "__main__":
    main()

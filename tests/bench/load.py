"""Load from a process of its own: so many chats at once, for so long; prints one JSON line."""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from dataclasses import dataclass, field

import aiohttp

from tests.bench.kinds import KINDS


@dataclass
class Tally:
    """What one run saw. Times in seconds."""

    done: int = 0
    errors: list[str] = field(default_factory=list)
    first: list[float] = field(default_factory=list)


async def one(session: aiohttp.ClientSession, arguments: argparse.Namespace, tally: Tally) -> None:
    """One chat, streamed or not, read to its end."""
    kind = KINDS[arguments.kind]
    body = kind.body(arguments.prompt, stream=arguments.stream)
    started = time.perf_counter()
    try:
        async with session.post(kind.path, json=body) as answer:
            tail, text = b"", b""
            async for piece in answer.content.iter_any():
                text = (tail + piece)[-4000:]
                if not arguments.stream:
                    tail = tail + piece
                    continue
                if len(tally.first) == tally.done + len(tally.errors) and kind.first in piece:
                    tally.first.append(time.perf_counter() - started)
                tail = text[-4000:]
            ended = kind.last in tail if arguments.stream else tail.rstrip().endswith(b"}")
            if answer.status != 200 or not ended:
                tally.errors.append(f"{answer.status} {tail[:200]!r}")
            else:
                tally.done += 1
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        tally.errors.append(repr(error)[:200])


async def run(arguments: argparse.Namespace) -> dict[str, object]:
    """Keep `concurrency` chats going for `seconds`, or make `count` of them."""
    tally = Tally()
    connector = aiohttp.TCPConnector(limit=0)
    headers = {"Authorization": f"Bearer {arguments.key}"}
    async with aiohttp.ClientSession(arguments.url, connector=connector, headers=headers) as session:
        started = time.perf_counter()

        def going() -> bool:
            made = tally.done + len(tally.errors)
            return made < arguments.count if arguments.count else time.perf_counter() - started < arguments.seconds

        async def worker() -> None:
            while going():
                await one(session, arguments, tally)
                await asyncio.sleep(arguments.pause)

        await asyncio.gather(*(worker() for _ in range(arguments.concurrency)))
        took = time.perf_counter() - started
    return {
        "per_second": tally.done / took,
        "done": tally.done,
        "errors": len(tally.errors),
        "first_error": tally.errors[0] if tally.errors else None,
        "first_ms": statistics.median(tally.first) * 1000 if tally.first else None,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--key", default="none")
    parser.add_argument("--stream", action="store_true")
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--count", type=int, default=0)
    parser.add_argument("--pause", type=float, default=0)
    parser.add_argument("--kind", choices=KINDS, default="chat")
    parser.add_argument("--prompt", default="Say hello")
    sys.stdout.write(json.dumps(asyncio.run(run(parser.parse_args()))) + "\n")


if __name__ == "__main__":
    main()

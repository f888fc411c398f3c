"""Chats with tools and responses next to plain chats: what the bridge adds for them."""

from __future__ import annotations

import statistics
import subprocess
import sys
from typing import Any

from tests.bench.kinds import KINDS
from tests.bench.processes import Bench

ROUNDS = 3
SECONDS = 5

_NAMES = {"tools": "a chat with 10 tools (22 KB)", "responses": "a response"}
_TABLE = """
import resource
from bridge.usage import tokens
before = int(open("/proc/self/statm").read().split()[1])
tokens.count("warm")
print((int(open("/proc/self/statm").read().split()[1]) - before) * resource.getpagesize() / 2**20)
"""


def rows(it: Bench) -> list[tuple[str, str, str]]:
    """First tokens and streams a second of each kind, over a plain chat's in the same rounds."""
    first: dict[str, list[float]] = {kind: [] for kind in KINDS}
    rates: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for _ in range(ROUNDS):
        for kind in KINDS:
            first[kind].append(_run(it, kind, "--concurrency", "1", "--count", "25", "--pause", "0.1")["first_ms"])
            rates[kind].append(_run(it, kind, "--concurrency", "8", "--seconds", str(SECONDS))["per_second"])
    found = []
    for kind, name in _NAMES.items():
        ours, plain = statistics.median(first[kind]), statistics.median(first["chat"])
        seen = f"{ours / plain:.2f} ({ours:.1f} ms against {plain:.1f} ms)"
        found.append((f"first token of {name}, over a plain chat's", "≤ 1.3", seen))
        slow, fast = statistics.median(rates[kind]), statistics.median(rates["chat"])
        seen = f"{fast / slow:.2f} ({slow:.0f} a second against {fast:.0f})"
        found.append((f"time of {name} streamed, 8 at once, over a plain chat's", "≤ 1.3", seen))
    return [*found, ("memory of the tokenizer's table, loaded at the first count", "", f"{table_mb():.0f} MB")]


def table_mb() -> float:
    """What a process grows by when it counts its first tokens."""
    done = subprocess.run([sys.executable, "-c", _TABLE], capture_output=True, text=True, check=True, timeout=60)
    return float(done.stdout)


def _run(it: Bench, kind: str, *arguments: str) -> dict[str, Any]:
    figures = it.load(it.api_url, "--stream", "--kind", kind, *arguments)
    assert not figures["errors"], figures["first_error"]
    return figures

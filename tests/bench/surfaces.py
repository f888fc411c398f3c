"""Chats with tools and responses next to plain chats: what the bridge adds for them."""

from __future__ import annotations

import statistics
import subprocess
import sys
from typing import Any

from tests.bench.kinds import KINDS
from tests.bench.processes import Bench

ROUNDS = 7
SECONDS = 3

_NAMES = {"tools": "a chat with 10 tools (22 KB)", "responses": "a response"}
_TABLE = """
import resource
from bridge.usage import tokens
before = int(open("/proc/self/statm").read().split()[1])
tokens.count("warm")
print((int(open("/proc/self/statm").read().split()[1]) - before) * resource.getpagesize() / 2**20)
"""


def rows(it: Bench) -> list[tuple[str, str, str]]:
    """First tokens and streams a second of each kind, over a plain chat's: the median of the rounds' own ratios."""
    first: dict[str, list[float]] = {kind: [] for kind in KINDS}
    rates: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for _ in range(ROUNDS):
        for kind in KINDS:
            first[kind].append(_run(it, kind, "--concurrency", "1", "--count", "20", "--pause", "0.05")["first_ms"])
            rates[kind].append(_run(it, kind, "--concurrency", "8", "--seconds", str(SECONDS))["per_second"])
    found = []
    median = statistics.median
    for kind, name in _NAMES.items():
        ratio = median(ours / plain for ours, plain in zip(first[kind], first["chat"], strict=True))
        seen = f"{ratio:.2f} ({median(first[kind]):.1f} ms against {median(first['chat']):.1f} ms)"
        found.append((f"first token of {name}, over a plain chat's", "≤ 1.3", seen))
        ratio = median(plain / ours for ours, plain in zip(rates[kind], rates["chat"], strict=True))
        seen = f"{ratio:.2f} ({median(rates[kind]):.0f} a second against {median(rates['chat']):.0f})"
        found.append((f"time of {name} streamed, 8 at once, over a plain chat's", "≤ 1.3", seen))
    return found


def table_mb() -> float:
    """What a process grows by when it counts its first tokens."""
    done = subprocess.run([sys.executable, "-c", _TABLE], capture_output=True, text=True, check=True, timeout=60)
    return float(done.stdout)


def _run(it: Bench, kind: str, *arguments: str) -> dict[str, Any]:
    figures = it.load(it.api_url, "--stream", "--kind", kind, *arguments)
    assert not figures["errors"], figures["first_error"]
    return figures

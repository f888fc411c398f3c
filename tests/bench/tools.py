"""How well calls are found in replies, and what it costs: the corpus of `tests/vectors/tools`, cut at random."""

from __future__ import annotations

import json
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from bridge.chat.tools.schemas import Checker
from tests.bridge.chat.tools.corpus import Case, Seen, cases, offer, seen
from tests.bridge.chat.tools.replies import pieces

_ROUNDS = 20
_TOKEN_CHARACTERS = 12
"""Upstream sends pieces of a few tokens, so replies are cut into up to so many characters."""
_LARGE = 50_000


@dataclass
class Score:
    """What was read, over all rounds."""

    found: int = 0
    missed: int = 0
    invented: int = 0
    spoilt: int = 0
    wrong: int = 0
    otherwise: int = 0

    def add(self, case: Case, read: Seen) -> None:
        """Compare one reading of a case with what it has to be."""
        expected, calls = _counted(case.calls), _counted(read.calls)
        self.found += (calls & expected).total()
        self.missed += (expected - calls).total()
        self.invented += (calls - expected).total()
        self.spoilt += len(case.spoilt) == len(read.spoilt) > 0
        self.wrong += [name for name, _ in case.wrong] == [name for name, _ in read.wrong] != []
        self.otherwise += (read.prose, len(read.spoilt), len(read.wrong)) != (
            case.prose,
            len(case.spoilt),
            len(case.wrong),
        )


def _counted(calls: list[tuple[str, Any]]) -> Counter[str]:
    return Counter(json.dumps(call, sort_keys=True) for call in calls)


def score(rounds: int = _ROUNDS) -> Score:
    """Read the whole corpus so many times, cut differently each time."""
    total, checker, rng = Score(), Checker(offer()), random.Random(20261124)
    for _ in range(rounds):
        for case in cases():
            longest = _TOKEN_CHARACTERS if len(case.reply) < _LARGE else 400
            total.add(case, seen(pieces(case.reply, offer().names, rng, longest), checker))
    return total


def speed(chosen: list[Case], longest: int, seconds: float = 1.5) -> tuple[float, float]:
    """Microseconds a reply, and megabytes of UTF-8 a second, of the parser alone."""
    rng, names, done = random.Random(1), offer().names, 0
    size = sum(len(case.reply.encode(errors="replace")) for case in chosen)
    began = time.perf_counter()
    while (spent := time.perf_counter() - began) < seconds:
        for case in chosen:
            pieces(case.reply, names, rng, longest)
        done += 1
    return spent / done / len(chosen) * 1e6, size * done / spent / 1e6


def main() -> int:
    """Print the table; 1 when a call was missed or invented, or anything else was read wrongly."""
    total = score()
    small = [case for case in cases() if len(case.reply) < _LARGE]
    large = [case for case in cases() if len(case.reply) >= _LARGE]
    lines = [
        f"replies            {len(cases())}, each cut in {_ROUNDS} ways",
        f"calls found        {total.found}",
        f"missed             {total.missed}",
        f"invented           {total.invented}",
        f"spoilt as expected {total.spoilt} of {_ROUNDS * sum(bool(case.spoilt) for case in cases())} replies",
        f"wrong as expected  {total.wrong} of {_ROUNDS * sum(bool(case.wrong) for case in cases())} replies",
        f"otherwise read     {total.otherwise}",
        "{:18} {:.0f} µs a reply, {:.1f} MB/s".format("in pieces", *speed(small, _TOKEN_CHARACTERS)),
        "{:18} {:.0f} µs a reply, {:.1f} MB/s".format("long, in pieces", *speed(large, 400)),
        "{:18} {:.0f} µs a reply, {:.1f} MB/s".format("long, at once", *speed(large, 10**9)),
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if total.missed or total.invented or total.otherwise else 0


if __name__ == "__main__":
    sys.exit(main())

"""How much is sent.

It is the same in every run, so that a change is what makes a test fail. `FUZZ=20` sends twenty times as much, and
something else each time: `FUZZ=20 make test ARGS=tests/fuzz`.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_TIMES = int(os.environ.get("FUZZ", "0"))


def examples(usual: int) -> settings:
    """How much is sent."""
    return settings(
        max_examples=usual * max(_TIMES, 1),
        derandomize=not _TIMES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )

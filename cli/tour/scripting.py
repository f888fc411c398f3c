"""What the simulator is told to say: it does not think by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cli.tour.report import StepFailedError
from cli.up.places import Places


def tell(places: Places, when: str, says: Sequence[str | dict[str, Any]]) -> None:
    """Have turns that hold some words answered with this; nothing where upstream is no simulator.

    Raises:
        StepFailedError: the simulator takes no script.
    """
    if places.simulator is None:
        return
    import httpx2

    told = httpx2.post(f"{places.simulator}/__sim__/scripts", json={"when": when, "says": says}, trust_env=False)
    if told.is_error:
        raise StepFailedError(f"the simulator takes no script: {told.text}")

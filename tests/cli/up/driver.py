"""Runs a supervisor over children described in JSON: the process that the tests start, signal and kill."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from cli.exit import leave
from cli.output import note, result
from cli.up.child import ChildSpec
from cli.up.supervisor import Patience, Supervisor


def spec(child: dict[str, object]) -> ChildSpec:
    """A child as a test describes it; it counts as ready when its file `ready` exists, where it names one."""
    marker = Path(str(child.get("ready", os.devnull)))

    async def ready() -> bool:
        return await asyncio.to_thread(marker.exists)

    return ChildSpec(
        name=str(child["name"]),
        command=tuple(str(part) for part in child["command"]),  # type: ignore[attr-defined]
        environment={**os.environ, **child.get("environment", {})},  # type: ignore[dict-item]
        ours=bool(child.get("ours", True)),
        ready=ready,
        stop_seconds=float(child.get("stop_seconds", 5)),  # type: ignore[arg-type]
    )


async def main() -> int:
    """Supervise until something ends it."""
    given = json.loads(sys.argv[1])
    patience = Patience(quick=given.get("quick", 10), first=0.05, longest=0.2, ready=given.get("patience", 30))
    stages = [[spec(child) for child in stage] for stage in given["stages"]]
    supervisor = Supervisor(stages, logs=Path(given["logs"]), notice=note, patience=patience)

    async def when_ready() -> int | None:
        result("ready")
        answer: int | None = given.get("answer")
        return answer

    return await supervisor.run(when_ready)


leave(asyncio.run(main()))

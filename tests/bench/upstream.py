"""The simulator as the benchmark's upstream, in a process of its own: `upstream.py '{"port": 1234, ...}'`."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

from provider.simulator import SimulatorConfig, start


async def main(given: dict[str, object], captures: Path) -> None:
    """Serve until SIGTERM; the captures are written first, a folder an account."""
    given["accounts"] = tuple(given["accounts"])  # type: ignore[arg-type]
    simulator = await start(SimulatorConfig(**given))  # type: ignore[arg-type]
    for alias, text in simulator.captures().items():
        (captures / alias).mkdir(parents=True, exist_ok=True)
        (captures / alias / "chatgpt-request.txt").write_text(text)
    (captures / "ready").touch()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await simulator.aclose()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1]), Path(sys.argv[2])))

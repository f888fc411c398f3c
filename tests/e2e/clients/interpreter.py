"""A client's own Python interpreter, which runs what its page has."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

_PLAYER = Path(__file__).with_name("player.py")


class Interpreter:
    """One process; its working folder has the files that pages speak of."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        self._child = child

    async def run(self, *blocks: str, seconds: float = 50) -> str:
        """What one program prints, which is made of these blocks.

        Raises:
            AssertionError: it failed; the message is its traceback.
        """
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(json.dumps({"blocks": blocks}).encode() + b"\n")
        line = await asyncio.wait_for(self._child.stdout.readline(), seconds)
        told = json.loads(line)
        assert told["trouble"] is None, f"{told['printed']}\n{told['trouble']}"
        return str(told["printed"])


@asynccontextmanager
async def interpreter(
    python: Path, folder: Path, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Interpreter]:
    """Start one; leaving ends it."""
    child = await asyncio.create_subprocess_exec(
        str(python),
        "-P",
        str(_PLAYER),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        limit=2**22,
    )
    try:
        yield Interpreter(child)
    finally:
        child.kill()
        await child.wait()

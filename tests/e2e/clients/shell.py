"""Lines of a shell, as pages have them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path


async def sh(folder: Path, lines: str, environment: Mapping[str, str] | None = None, *, seconds: float = 50) -> str:
    """What they print, run in a folder; the first that fails ends them.

    Raises:
        AssertionError: one failed; the message is what was printed.
    """
    child = await asyncio.create_subprocess_exec(
        "sh",
        "-e",
        "-c",
        lines,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        printed, trouble = await asyncio.wait_for(child.communicate(), seconds)
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    assert child.returncode == 0, f"{printed.decode()}\n{trouble.decode()}"
    return printed.decode()

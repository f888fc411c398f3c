"""Modules of JavaScript, run by Node."""

from __future__ import annotations

import asyncio
from pathlib import Path


async def node(folder: Path, program: str, exports: str) -> str:
    """What a module prints that lies beside the packages.

    Args:
        exports: lines of a shell that come first.

    Raises:
        AssertionError: it failed; the message is what Node says.
    """
    (folder / "program.mjs").write_text(program)
    child = await asyncio.create_subprocess_exec(
        "sh",
        "-c",
        f"{exports}\nexec node program.mjs",
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, trouble = await asyncio.wait_for(child.communicate(), 50)
    assert child.returncode == 0, f"{printed.decode()}\n{trouble.decode()}"
    return printed.decode()

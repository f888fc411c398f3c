"""Modules of JavaScript, run by Node."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.clients.shell import sh


async def node(folder: Path, program: str, exports: str) -> str:
    """What a module prints that lies beside the packages.

    Args:
        exports: lines of a shell that come first.

    Raises:
        AssertionError: it failed; the message is what Node says.
    """
    (folder / "program.mjs").write_text(program)
    return await sh(folder, f"{exports}\nexec node program.mjs")

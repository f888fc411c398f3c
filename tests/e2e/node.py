"""Scripts that use the vendor's client for Node."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.e2e.stack import KEY, Stack


async def run(stack: Stack, script: str, module: Path, **given: Any) -> list[dict[str, Any]]:
    """What a script says, a line of JSON each. It is given the module, the server and `given` on its standard input."""
    asked = {"module": str(module), "baseURL": f"{stack.base_url}/v1", "apiKey": KEY, **given}
    child = await asyncio.create_subprocess_exec(
        "node",
        str(Path(__file__).with_name(script)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, trouble = await asyncio.wait_for(child.communicate(json.dumps(asked).encode()), 50)
    assert child.returncode == 0, trouble.decode()
    return [json.loads(line) for line in out.splitlines()]

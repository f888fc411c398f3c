"""The vendor's client for Node, installed once for this user, and scripts that use it."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import ssl
import subprocess
from pathlib import Path
from typing import Any

from tests.e2e.stack import KEY, Stack

CLIENTS = Path.home() / ".cache" / "chatgpt-api" / "node-clients"
VERSION = "6.49.0"


def install() -> Path:
    """The entry of the package, which is fetched where it is not there."""
    npm = shutil.which("npm")
    assert npm is not None, "these tests need Node and npm: install Node.js 20 or newer"
    package = CLIENTS / "node_modules" / "openai"
    CLIENTS.mkdir(parents=True, exist_ok=True)
    with (CLIENTS / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        manifest = package / "package.json"
        if not manifest.exists() or json.loads(manifest.read_text())["version"] != VERSION:
            subprocess.run(
                [npm, "install", "--prefix", str(CLIENTS), "--no-audit", "--no-fund", f"openai@{VERSION}"],
                check=True,
                capture_output=True,
                env={**_system_certificates(), **os.environ},
                timeout=150,
            )
    return package / "index.mjs"


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


def _system_certificates() -> dict[str, str]:
    """Node trusts a list of its own; this machine's may know one more, of a proxy on the way to the registry."""
    known = ssl.get_default_verify_paths().cafile
    return {"NODE_EXTRA_CA_CERTS": known} if known else {}

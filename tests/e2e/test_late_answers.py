"""Answers that outlast a proxy's patience, read by both vendor SDKs, unmodified."""

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

import openai
import pytest

from tests.e2e.calls import chat
from tests.e2e.stack import KEY, Stack

SHORT = {"CHATGPT_SYNC_PATIENCE_SECONDS": "0.4", "CHATGPT_PING_SECONDS": "0.2"}
CLIENTS = Path.home() / ".cache" / "chatgpt-api" / "node-clients"
VERSION = "6.49.0"
LATE_PICTURE = {"prompt": "[sim:seconds=2] a heron", "model": "gpt-image-1", "response_format": "url"}
LATE_REFUSAL = {"prompt": "[sim:image=failed,seconds=2] a heron", "model": "gpt-image-1"}
LATE_CHAT = chat("[sim:slow=2] hello")
LATE_BLOCK = chat("[sim:slow=2,fault=moderation] hello")


def _install() -> Path:
    """The vendor's client for Node, fetched once for this user."""
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


def _system_certificates() -> dict[str, str]:
    """Node trusts a list of its own; this machine's may know one more, of a proxy on the way to the registry."""
    known = ssl.get_default_verify_paths().cafile
    return {"NODE_EXTRA_CA_CERTS": known} if known else {}


@pytest.fixture(scope="session")
def node_client() -> Path:
    """The entry of the package."""
    return _install()


async def node(stack: Stack, module: Path, *calls: dict[str, Any]) -> list[dict[str, Any]]:
    """What calls in Node come to, one after the other."""
    asked = {"module": str(module), "baseURL": f"{stack.base_url}/v1", "apiKey": KEY, "calls": calls}
    child = await asyncio.create_subprocess_exec(
        "node",
        str(Path(__file__).with_name("late.mjs")),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, trouble = await asyncio.wait_for(child.communicate(json.dumps(asked).encode()), 50)
    assert child.returncode == 0, trouble.decode()
    return [json.loads(line) for line in out.splitlines()]


def python(stack: Stack, **options: Any) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{stack.base_url}/v1", api_key=KEY, **options)


def submitted(stack: Stack) -> int:
    return len(stack.simulator.ledger.submissions)


@pytest.mark.slow
@pytest.mark.timeout(90)
async def test_pythons_client_reads_late_answers_and_its_retry_hears_the_true_error(stack: Stack) -> None:
    await stack.start_temporal()
    await asyncio.gather(stack.start_worker(), stack.start_api(**SHORT))

    async with python(stack) as client:
        image = await client.images.generate(**LATE_PICTURE)
        assert image.data is not None
        assert str(image.data[0].url).startswith(stack.base_url)
        said = await client.chat.completions.create(**LATE_CHAT)
        assert said.choices[0].message.content
        assert submitted(stack) == 2

        with pytest.raises(openai.APIStatusError) as refused:
            await client.images.generate(**LATE_REFUSAL)
        assert (refused.value.status_code, submitted(stack)) == (400, 3)

        with pytest.raises(openai.BadRequestError) as blocked:
            await client.chat.completions.create(**LATE_BLOCK, extra_headers={"Idempotency-Key": "one"})
        assert (blocked.value.code, submitted(stack)) == ("content_policy_violation", 4)


@pytest.mark.slow
@pytest.mark.timeout(90)
async def test_a_client_that_gives_up_early_and_retries_finds_its_picture(stack: Stack) -> None:
    await stack.start_temporal()
    await asyncio.gather(stack.start_worker(), stack.start_api())

    async with python(stack, timeout=1.2, max_retries=5) as client:
        image = await client.images.generate(**LATE_PICTURE)

    assert image.data is not None
    assert submitted(stack) == 1


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_nodes_client_reads_late_answers_and_never_takes_a_late_error_for_one(
    stack: Stack, node_client: Path
) -> None:
    await stack.start_temporal()
    await asyncio.gather(stack.start_worker(), stack.start_api(**SHORT))
    keyed = {"headers": {"Idempotency-Key": "one"}}
    refused, blocked = {"body": LATE_REFUSAL, "options": keyed}, {"body": LATE_BLOCK, "options": keyed}

    picture, said, *late = await node(
        stack,
        node_client,
        {"kind": "image", "body": LATE_PICTURE, "options": {}},
        {"kind": "chat", "body": LATE_CHAT, "options": {}},
        {"kind": "image", **refused},
        {"kind": "image", **refused},
        {"kind": "chat", **blocked},
        {"kind": "chat", **blocked},
    )

    assert picture["text"].startswith(stack.base_url)
    assert said["ok"]
    assert [call["ok"] for call in late] == [False] * 4
    # A body that breaks off is an error at once in this client; the same request with the same key has the status.
    assert (late[1]["status"], late[3]["status"]) == (400, 400)
    assert late[3]["code"] == "content_policy_violation"
    assert submitted(stack) == 4

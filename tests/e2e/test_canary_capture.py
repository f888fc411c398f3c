"""A capture's cookies, tokens and e-mail address are read nowhere: not after work, failures, a new key or an import."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from provider.simulator import SimulatorConfig
from tests.e2e.calls import CHAT, chat, picture, reaches, start_image
from tests.e2e.stack import Stack, open_stack
from tests.e2e.test_canary import Canaries, files, process_list
from tests.fakes.original import OlderFolder

ADMIN = "/v1/chatgpt/admin"
SECRETS = {
    "token": re.compile(r"authorization: Bearer (\S+)'"),
    "signature": re.compile(r"authorization: Bearer \S+\.(\S+)'"),
    "session cookie 0": re.compile(r"__Secure-next-auth.session-token\.0=(\w+)"),
    "session cookie 1": re.compile(r"__Secure-next-auth.session-token\.1=(\w+)"),
    "clearance cookie": re.compile(r"cf_clearance=(\w+)"),
    "requirements token": re.compile(r"openai-sentinel-chat-requirements-token: (\S+)'"),
    "proof token": re.compile(r"openai-sentinel-proof-token: (\S+)'"),
    "conduit token": re.compile(r"x-conduit-token: \S+?\.(\w+)'"),
}


class Heard:
    """Everything that came out of the bridge: answers with their headers, what commands print, lists of processes."""

    def __init__(self) -> None:
        self.places: dict[str, bytes] = {}

    def add(self, name: str, content: bytes) -> None:
        self.places[f"{len(self.places)} {name}"] = content

    async def answer(self, response: httpx2.Response) -> None:
        content = await response.aread()
        head = repr(response.headers.multi_items()).encode()
        self.add(f"{response.request.method} {response.request.url.path} {response.status_code}", head + content)


@asynccontextmanager
async def listening(stack: Stack, heard: Heard) -> AsyncIterator[httpx2.AsyncClient]:
    """A client whose every answer is heard."""
    async with stack.client(event_hooks={"response": [heard.answer]}) as client:
        yield client


async def command(stack: Stack, heard: Heard, *arguments: str) -> str:
    """Run one command of the bridge beside it; what it printed."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-P", "-m", "chatgpt_api", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, **stack.environment, "CHATGPT_BASE_URL": stack.base_url},
    )
    for place, line in process_list().items():
        heard.add(place, line)
    printed = (await child.communicate())[0]
    heard.add(" ".join(arguments[:2]), printed)
    assert child.returncode == 0, printed.decode()
    return printed.decode()


def canaries_of(captures: dict[str, str]) -> Canaries:
    """What must not be read, of every account."""
    canaries = Canaries()
    for alias, text in captures.items():
        canaries.add(f"e-mail of {alias}", f"{alias}@simulator.test")
        for name, pattern in SECRETS.items():
            found = pattern.search(text)
            assert found, (alias, name)
            canaries.add(f"{name} of {alias}", found[1])
    return canaries


async def work(client: httpx2.AsyncClient, account: str) -> None:
    """Chats, one of them under a key, and a picture."""
    keyed = {"Idempotency-Key": f"kept-for-{account}"}
    body = chat("[sim:echo] hello", chatgpt_account=account)
    first = await client.post(CHAT, json=body, headers=keyed)
    assert first.status_code == 200, first.text
    assert (await client.post(CHAT, json={**body, "stream": True})).status_code == 200
    made = await start_image(client, "a heron", chatgpt_account=account)
    assert await picture(client, await reaches(client, made, "completed"))


async def administer(client: httpx2.AsyncClient, alias: str, capture: str) -> None:
    """Look at a capture, whole and damaged, have it refused, and replace the account's own with it."""
    damaged = [capture[: len(capture) // 2], capture.replace("POST", "GET").replace("--data-raw", "-x"), capture * 2]
    for text in damaged:
        for path in ("inspect", "save"):
            answer = await client.post(f"{ADMIN}/captures/{path}", json={"account": "damaged", "capture_text": text})
            assert answer.status_code < 500, answer.text
    body = {"account": alias, "capture_text": capture}
    assert (await client.post(f"{ADMIN}/captures/inspect", json=body)).json()["ok"]
    saved = await client.post(f"{ADMIN}/captures/save", json={**body, "replace": True})
    assert saved.status_code == 200, saved.text


async def fail(stack: Stack, client: httpx2.AsyncClient, alias: str, capture: str) -> None:
    """Upstream refuses, with all that it was sent in its words; then it does not know the login any more."""
    lines = [found[0].strip("'") for pattern in SECRETS.values() if (found := pattern.search(capture))]
    echo = "\n".join(["bad request", *lines, lines[0].rpartition(" ")[2]])
    for status, body in ((400, {"detail": {"message": echo, "code": "bad"}}), (401, {"detail": echo})):
        stack.simulator.add_rule(path="*/f/conversation", status=status, body=json.dumps(body), times=9)
        answer = await client.post(CHAT, json=chat("refused", chatgpt_account=alias))
        assert answer.status_code >= 400, answer.text
        stack.simulator.clear_rules()


async def read_everything(client: httpx2.AsyncClient) -> int:
    """Every address that can be read without knowing anything; returns how many there are."""
    paths = (await client.get("/openapi.json")).json().get("paths", {})
    plain = [path for path, verbs in paths.items() if "get" in verbs and "{" not in path]
    for path in plain:
        async with client.stream("GET", path) as answer:
            if not answer.headers.get("content-type", "").startswith("text/event-stream"):
                await answer.aread()
    return len(plain)


@pytest.mark.slow
async def test_no_secret_of_a_capture_is_read_anywhere(tmp_path: Path) -> None:
    config = SimulatorConfig(accounts=("plus", "pro"), image_seconds=0.3)
    heard = Heard()
    async with open_stack(tmp_path, config, CHATGPT_LOG_LEVEL="debug") as stack:
        captures = stack.simulator.captures()
        canaries = canaries_of(captures)
        accounts, older = tmp_path / "accounts", OlderFolder(tmp_path / "older")
        older.add_account("pro", captures["pro"])
        shutil.rmtree(accounts / "pro")
        # The search finds what is there to be found: this capture is still as an older version left it.
        names = {f"{name} of plus" for name in SECRETS}
        assert {name for name, _ in canaries.found(files(accounts, "**/*"))} >= names

        await stack.start()
        async with listening(stack, heard) as client:
            await work(client, "plus")
            await administer(client, "plus", captures["plus"])
            assert "plus: rotated" in await command(stack, heard, "secrets", "rotate")
            assert "took 1 account(s)" in await command(stack, heard, "import", str(older.root), "--apply")
            # The running processes took both up by themselves.
            await work(client, "plus")
            await work(client, "pro")
            await fail(stack, client, "pro", captures["pro"])
            await command(stack, heard, "secrets", "rotate", "--json")
            await work(client, "plus")
            assert await read_everything(client) > 5
        for process in reversed(stack.processes):
            await process.terminate()

        written = {
            **files(tmp_path, "*.log"),
            **files(tmp_path / "data", "**/*"),
            **{f"accounts: {name}": content for name, content in files(accounts, "**/*").items()},
        }
        assert any(name.startswith("temporal.sqlite") for name in written)
        assert any("captures/save 200" in name for name in heard.places)
        assert any(b"bad request" in content for content in heard.places.values())
        assert canaries.found({**written, **heard.places}) == set()

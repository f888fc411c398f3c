"""Accounts on running processes: added, paused, broken, refreshed and restored while chats go on."""

from __future__ import annotations

import asyncio
import json
import shlex
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bridge.build import Bridge, open_bridge
from bridge.routing.needs import Needs
from cli.app import run
from core.contracts.buckets import Bucket
from core.errors import NoEligibleAccountError
from core.settings import load_all
from provider.simulator import SimulatorConfig
from tests.e2e.calls import CHAT, chat
from tests.e2e.stack import KEY, Stack, open_stack

ACCOUNTS = "/v1/chatgpt/accounts"


@pytest.fixture
async def three(tmp_path: Path) -> AsyncIterator[Stack]:
    """Three accounts upstream, none of them here, and the API."""
    async with open_stack(tmp_path, SimulatorConfig(accounts=("free", "plus", "pro"))) as stack:
        shutil.rmtree(tmp_path / "accounts")
        await stack.start_api()
        yield stack


@pytest.fixture(autouse=True)
def quiet(capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    """What commands print is read where it matters."""
    yield
    capsys.readouterr()


async def command(stack: Stack, *arguments: str) -> int:
    """Run a command of the command line against the API."""
    where = ["--base-url", f"{stack.base_url}/v1", "--api-key", KEY]
    return await asyncio.to_thread(run, [*arguments, *where])


def as_fetch(curl: str) -> str:
    """The request as `Copy as fetch (Node.js)` has it, whose headers hold the cookies."""
    words = iter(shlex.split(curl.replace("\\\n", " "))[1:])
    url, headers, body = next(words), {}, ""
    for word in words:
        if word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "-b":
            headers["cookie"] = next(words)
        elif word == "--data-raw":
            body = next(words)
    return f"fetch({json.dumps(url)}, {json.dumps({'headers': headers, 'body': body, 'method': 'POST'})});"


async def test_every_format_becomes_an_account_that_serves_the_next_chat(three: Stack, tmp_path: Path) -> None:
    simulator = three.simulator
    captures = {
        "free": simulator.capture("free", style="har"),
        "plus": simulator.capture("plus", style="curl-bash"),
        "pro": as_fetch(simulator.capture("pro", style="curl-bash")),
    }
    async with three.client() as client:
        assert (await client.post(CHAT, json=chat("[sim:echo] none"))).status_code == 403
        for alias, text in captures.items():
            file = tmp_path / f"{alias}.copied"
            file.write_text(text)
            assert await command(three, "account", "add", alias, "--capture-file", str(file)) == 0
            answer = await client.post(CHAT, json=chat(f"[sim:echo] {alias}", chatgpt_account=alias))
            assert answer.status_code == 200, answer.text
            assert answer.headers["x-chatgpt-account"] == alias
        assert await command(three, "account", "check", "plus") == 0
        listed = (await client.get(ACCOUNTS)).json()["data"]
    assert {one["alias"]: one["plan"] for one in listed} == {"free": "free", "plus": "plus", "pro": "pro"}
    assert all(one["last_success_at"] for one in listed)


async def test_an_account_breaks_says_what_to_do_and_is_refreshed(three: Stack, tmp_path: Path) -> None:
    simulator, file = three.simulator, tmp_path / "copied.txt"
    file.write_text(simulator.capture("plus"))
    assert await command(three, "account", "add", "me", "--capture-file", str(file)) == 0
    simulator.set_account("plus", expired=True)
    async with three.client() as client:
        assert (await client.post(CHAT, json=chat("[sim:echo] x"))).status_code == 403
        broken = (await client.get(f"{ACCOUNTS}/me")).json()["health"]
        # The newer capture is of a login that upstream does not accept either: what is there stays.
        assert await command(three, "account", "update", "me", "--capture-file", str(file)) == 2
        asked = simulator.ledger.counts["requests"]
        assert (await client.post(CHAT, json=chat("[sim:echo] x"))).status_code == 403
        assert await command(three, "account", "check", "me") == 1
        assert simulator.ledger.counts["requests"] == asked

        simulator.set_account("plus", expired=False)
        file.write_text(simulator.capture("pro"))
        assert await command(three, "account", "update", "me", "--capture-file", str(file)) == 2
        assert await command(three, "account", "update", "me", "--capture-file", str(file), "--other-login") == 0
        assert (await client.get(f"{ACCOUNTS}/me")).json()["plan"] == "pro"
        assert (await client.post(CHAT, json=chat("[sim:echo] x"))).status_code == 200
        assert await command(three, "account", "restore", "me") == 0
        restored = (await client.get(f"{ACCOUNTS}/me")).json()
        assert (await client.post(CHAT, json=chat("[sim:echo] x"))).status_code == 200
        events = (await client.get(f"{ACCOUNTS}/me/events")).json()["data"]
    assert (broken["state"], broken["cause"]) == ("quarantined", "auth_expired")
    assert "account update" in broken["what_to_do"]
    assert (restored["plan"], restored["health"]["state"]) == ("plus", "ok")
    told = [event["type"] for event in events if event["type"].startswith("capture.")]
    assert told == ["capture.restored", "capture.replaced", "capture.added"]


async def test_a_paused_account_gets_nothing_new_in_another_process_either(three: Stack, tmp_path: Path) -> None:
    file = tmp_path / "copied.txt"
    file.write_text(three.simulator.capture("plus"))
    assert await command(three, "account", "add", "me", "--capture-file", str(file)) == 0
    settings = load_all(
        storage={"data_dir": tmp_path / "data"},
        accounts={"accounts_dir": tmp_path / "accounts"},
        upstream={"base_url": three.simulator.url},
    )
    async with open_bridge(settings, process="test") as bridge:
        assert await takes(bridge)
        for verb in ("pause", "drain"):
            assert await command(three, "account", verb, "me", "--reason", "holiday") == 0
            with pytest.raises(NoEligibleAccountError):
                await takes(bridge)
            assert await command(three, "account", "resume", "me") == 0
            assert await takes(bridge)


async def takes(bridge: Bridge) -> bool:
    """Whether this process gets the account for a chat."""
    async with bridge.pool.chat(Needs(kind="chat", buckets=(Bucket.CHAT,))) as held:
        return held.alias == "me"

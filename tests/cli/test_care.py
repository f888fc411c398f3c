from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.accounts.events import AccountEvents
from bridge.build import open_bridge
from core.settings import load_all
from provider.simulator import Simulator, SimulatorConfig
from tests.fakes.threaded import threaded_simulator

Command = Callable[..., Any]


@pytest.fixture(autouse=True)
def simulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """An upstream with `plus` near its end; the working folder holds the two accounts."""
    monkeypatch.chdir(tmp_path)
    with threaded_simulator(SimulatorConfig(accounts=("plus", "pro"), difficulty="")) as running:
        monkeypatch.setenv("CHATGPT_WEB_BASE_URL", running.url)
        for alias, days in (("plus", 1), ("pro", 90)):
            folder = tmp_path / "secrets" / "accounts" / alias
            folder.mkdir(parents=True)
            text = running.capture(alias, expires_at=int(time.time()) + days * 86400 - 60)
            (folder / "chatgpt-request.txt").write_text(text)
        yield running


def events() -> list[str]:
    async def read() -> list[str]:
        async with open_bridge(load_all(), process="test") as bridge:
            page = await AccountEvents(bridge.store).page()
            return [event.type for event in page]

    return asyncio.run(read())


def test_it_tells_what_the_next_look_would_say_and_does_nothing(command: Command, simulator: Simulator) -> None:
    shown = command("care")

    lines = shown.out.splitlines()
    assert shown.status == 0
    assert lines[0].startswith("plus: days. Replace the capture with `chatgpt-api account update plus`")
    assert lines[1].startswith("pro: fine. Nothing to do")
    assert lines[2:] == ["accounts=2", "warned=plus", "dry_run=yes"]
    assert (events(), len(simulator.ledger.requests)) == ([], 0)


def test_now_it_warns_and_asks_once(command: Command, simulator: Simulator) -> None:
    first, again = command("care", "--now"), command("care", "--now", "--json")

    assert {"plus: answered", "pro: answered", "warned=plus", "dry_run=no"} <= set(first.out.splitlines())
    report = json.loads(again.out)
    assert [account["stage"] for account in report["accounts"]] == ["days", "fine"]
    assert report["round"]["warned"] == []
    assert events().count("expiry.warned") == 1
    assert {call.route for call in simulator.ledger.requests} == {"/backend-api/conversation/init"}


def test_switched_off_nobody_is_asked(command: Command, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATGPT_CARE_CANARY", "false")

    shown = command("care", "--now")

    assert {"warned=plus", "dry_run=no"} <= set(shown.out.splitlines())
    assert len(simulator.ledger.requests) == 0

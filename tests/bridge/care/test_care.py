"""Accounts are warned of once, and asked only when they may be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from bridge import build
from bridge.accounts.events import AccountEvents
from bridge.accounts.memory import bump, recall_one, remember
from bridge.build import Bridge, open_bridge
from core.clock import utc_now
from core.errors import AuthExpiredError, BridgeError, BrowserCheckRequiredError, RateLimitedError
from core.settings import Settings, load_all
from tests.fakes.provider import capture
from tests.fakes.upstream import FakeUpstream


@dataclass
class World:
    """A bridge on a real database, with an upstream in memory."""

    bridge: Bridge
    upstream: FakeUpstream
    settings: Settings

    def ends(self, alias: str, left: timedelta, **more: Any) -> None:
        """Give an account a capture that ends after `left`."""
        self.puts(alias, capture(expires=(utc_now() + left).isoformat(), **more))

    def puts(self, alias: str, text: str) -> None:
        """The account has this capture from now on."""
        self.bridge.vault.write(alias, text)
        self.bridge.registry.changed()

    async def set(self, alias: str, **columns: Any) -> None:
        """Change what is remembered of an account."""

        def work(conn: Any) -> None:
            remember(conn, alias, utc_now(), **columns)
            bump(conn)

        await self.bridge.store.write(work)
        self.bridge.registry.changed()

    async def warned(self) -> list[tuple[str, str]]:
        """The warnings among the events, oldest first."""
        page = await AccountEvents(self.bridge.store).page(limit=500)
        return [(event.account, event.data["stage"]) for event in reversed(page) if event.type == "expiry.warned"]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    upstream = FakeUpstream(quota={"image_gen": 3})
    settings = load_all(storage={"data_dir": tmp_path / "data"}, accounts={"accounts_dir": tmp_path / "accounts"})
    with mock.patch.object(build, "provider", return_value=upstream.provider()):
        async with open_bridge(settings, process="test") as bridge:
            yield World(bridge, upstream, settings)


async def test_each_stage_is_warned_of_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.ends("one", timedelta(days=9))
    now = utc_now()
    looks = []
    for hours in (0, 24 * 3, 24 * 4, 24 * 7.5, 24 * 8, 24 * 8.7, 24 * 9.1, 24 * 30):
        monkeypatch.setattr("bridge.care.care.utc_now", lambda hours=hours: now + timedelta(hours=hours))
        looks.append([warned.stage for warned in (await world.bridge.care.look()).warned])

    assert looks == [[], ["week"], [], ["days"], [], ["hours"], ["expired"], []]
    assert await world.warned() == [("one", "week"), ("one", "days"), ("one", "hours"), ("one", "expired")]


async def test_a_stage_that_was_slept_through_is_not_made_up(world: World) -> None:
    world.ends("one", timedelta(hours=3))

    await world.bridge.care.look()
    await world.bridge.care.look()

    assert await world.warned() == [("one", "hours")]


async def test_a_newer_capture_is_warned_of_again_and_the_old_one_never(world: World) -> None:
    world.ends("one", timedelta(days=5))
    before = world.bridge.vault.read("one")
    await world.bridge.care.look()
    world.ends("one", timedelta(days=6))
    await world.bridge.care.look()
    world.puts("one", before)
    await world.bridge.care.look()

    assert await world.warned() == [("one", "week")] * 2


async def test_two_processes_that_look_at_once_warn_once(world: World) -> None:
    for number in range(5):
        world.ends(f"account-{number}", timedelta(days=1))
    with mock.patch.object(build, "provider", return_value=world.upstream.provider()):
        async with open_bridge(world.settings, process="other") as other:
            looks = await asyncio.gather(*(care.look() for care in (world.bridge.care, other.care) for _ in range(4)))

    assert sorted(warned.account for look in looks for warned in look.warned) == [f"account-{n}" for n in range(5)]
    assert len(await world.warned()) == 5


async def test_a_warning_is_a_line_in_the_log_without_a_secret(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.ends("one", timedelta(days=1), secret="hush-hush")

    await world.bridge.care.look()
    await world.bridge.care.look()

    written = capsys.readouterr()
    said = written.out + written.err
    assert said.count("account_expires") == 1
    assert "account update one" in said
    assert not any(secret in said for secret in ("hush-hush", "@"))


async def test_a_plan_tells_and_writes_nothing(world: World) -> None:
    world.ends("one", timedelta(days=1))
    world.ends("two", timedelta(days=30))

    planned = await world.bridge.care.plan()

    assert await world.warned() == []
    assert planned == await world.bridge.care.look()
    assert [warned.account for warned in planned.warned] == ["one"]
    assert planned.askable == ("one", "two")


async def test_a_paused_account_is_warned_of_and_not_asked(world: World) -> None:
    world.ends("one", timedelta(days=1))
    await world.set("one", state="paused")

    look = await world.bridge.care.look()
    canary = await world.bridge.care.ask("one")

    assert (len(look.warned), look.askable, canary.outcome) == (1, (), "skipped")
    assert world.upstream.probed == []


@pytest.mark.parametrize(
    "outcome",
    [BrowserCheckRequiredError("look", reason="challenge"), AuthExpiredError("over"), RateLimitedError("later")],
)
async def test_a_quarantined_or_cooling_account_is_not_asked(world: World, outcome: BridgeError) -> None:
    world.ends("one", timedelta(days=30))
    await world.bridge.pool.report("one", outcome)

    canary = await world.bridge.care.ask("one")

    assert (canary.outcome, world.upstream.probed) == ("skipped", [])


async def test_one_that_is_gone_is_left_alone(world: World) -> None:
    assert (await world.bridge.care.ask("nobody")).outcome == "skipped"


async def test_an_answer_is_a_success(world: World) -> None:
    world.ends("one", timedelta(days=30))

    canary = await world.bridge.care.ask("one")

    remembered = await world.bridge.store.read(lambda conn: recall_one(conn, "one"))
    assert (canary.outcome, canary.code, world.upstream.probed) == ("answered", None, ["one"])
    assert remembered.last_success_at is not None


async def test_a_refusal_counts_as_any_other(world: World) -> None:
    world.ends("one", timedelta(days=30))
    world.upstream.probing["one"] = AuthExpiredError("over")

    canaries = [await world.bridge.care.ask("one") for _ in range(2)]

    assert [(canary.outcome, canary.code) for canary in canaries] == [("failed", "auth_expired"), ("skipped", None)]
    assert world.upstream.probed == ["one"]
    assert (await world.bridge.registry.account("one")).health == "auth_expired"


async def test_a_success_does_not_end_a_cooldown(world: World) -> None:
    """That an account can be read says nothing of whether it may write again."""
    world.ends("one", timedelta(days=30))
    await world.bridge.registry.snapshot()
    await world.bridge.outcomes.report("one", RateLimitedError("slow", retry_after_seconds=1))
    await asyncio.sleep(1.1)

    assert (await world.bridge.care.ask("one")).outcome == "answered"
    assert (await world.bridge.registry.account("one")).cooldown is not None

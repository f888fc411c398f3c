"""Upstream is asked in parallel, briefly, once at a time, and never for an account that nobody may use."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import cast

from bridge.accounts.account import Account, AccountState, Health, Memory
from bridge.accounts.cooldowns import ACCOUNT
from bridge.quota.book import QuotaBook
from bridge.quota.probes import Probes
from core.clock import utc_now
from core.errors import AccountNotConfiguredError, AuthExpiredError, BridgeError
from provider.interface.accounts import FeatureQuota, Limits
from provider.interface.session import Session
from tests.fakes.accounts import cooling
from tests.fakes.waiting import until

TOLD = Limits({"image_gen": FeatureQuota("image_gen", "available", 3)})


@dataclass
class Upstream:
    """Sessions that name limits, late, or refuse."""

    book: QuotaBook
    seconds: float = 0.01
    refusal: BridgeError | None = None
    asked: list[str] = field(default_factory=list)
    reported: list[tuple[str, str]] = field(default_factory=list)
    now: int = 0
    most: int = 0

    async def lend(self, alias: str) -> Session:
        return cast(Session, Named(self, alias))

    async def report(self, alias: str, error: BridgeError) -> None:
        self.reported.append((alias, error.code))

    async def is_asking(self) -> bool:
        return self.now > 0

    def probes(self, *, timeout_seconds: float = 1, cache_seconds: float = 60) -> Probes:
        return Probes(self.book, self.lend, self.report, timeout_seconds=timeout_seconds, cache_seconds=cache_seconds)


@dataclass
class Named:
    upstream: Upstream
    alias: str

    async def limits(self) -> Limits:
        self.upstream.asked.append(self.alias)
        self.upstream.now += 1
        self.upstream.most = max(self.upstream.most, self.upstream.now)
        try:
            await asyncio.sleep(self.upstream.seconds)
        finally:
            self.upstream.now -= 1
        if self.upstream.refusal is not None:
            raise self.upstream.refusal
        self.upstream.book.told(self.alias, TOLD, source="probe")
        return TOLD


def accounts(*names: str) -> list[Account]:
    return [Account(alias=name, capture_sha256="x") for name in names]


async def test_accounts_are_asked_together_and_not_again_while_what_they_said_is_new() -> None:
    upstream = Upstream(QuotaBook())
    probes = upstream.probes()
    await asyncio.gather(probes.refresh(accounts("a", "b", "c")), probes.refresh(accounts("a", "b", "c")))
    await probes.refresh(accounts("a", "b", "c"))
    assert sorted(upstream.asked) == ["a", "b", "c"]
    assert upstream.most == 3

    await probes.refresh(accounts("a"), force=True)
    assert upstream.asked.count("a") == 2


async def test_not_more_than_eight_are_asked_at_once() -> None:
    upstream = Upstream(QuotaBook())
    await upstream.probes().refresh(accounts(*(f"a{number}" for number in range(30))))
    assert len(upstream.asked) == 30
    assert upstream.most == 8


async def test_an_account_that_was_told_by_a_turn_is_not_asked() -> None:
    upstream = Upstream(QuotaBook())
    upstream.book.told("a", TOLD, source="stream")
    await upstream.probes().refresh(accounts("a"))
    assert upstream.asked == []


async def test_a_silent_upstream_costs_the_time_out_and_leaves_the_quota_unknown() -> None:
    upstream = Upstream(QuotaBook(), seconds=30)
    probes = upstream.probes(timeout_seconds=0.05)
    async with asyncio.timeout(2):
        await probes.refresh(accounts("a", "b"))
    last = probes.last(accounts("a")[0])
    assert last is not None
    assert last.error is not None
    assert last.error.code == "upstream_timeout"
    assert upstream.book.judge("a", {"image_gen": 1}).status == "unknown"
    # A slow answer is not held against the account.
    assert upstream.reported == []


async def test_a_refusal_is_reported_because_it_may_mean_more() -> None:
    upstream = Upstream(QuotaBook(), refusal=AuthExpiredError("over"))
    await upstream.probes().refresh(accounts("a"))
    assert upstream.reported == [("a", "auth_expired")]


async def test_nothing_is_sent_for_accounts_that_somebody_has_to_look_after() -> None:
    upstream = Upstream(QuotaBook())
    well = accounts("a")[0]
    now = utc_now()
    ill = [
        replace(well, error=AccountNotConfiguredError("gone")),
        replace(well, memory=Memory(state=AccountState.PAUSED)),
        replace(well, memory=Memory(capture_sha256="x", health=Health.CHALLENGE)),
        replace(well, memory=Memory(cooldowns={ACCOUNT: cooling("account", now + timedelta(minutes=1))})),
        replace(well, token_expires_at=now - timedelta(seconds=1)),
    ]
    await upstream.probes().refresh(ill, force=True)
    assert upstream.asked == []


async def test_a_preflight_asks_only_those_of_whom_nothing_is_known() -> None:
    upstream = Upstream(QuotaBook())
    upstream.book.told("a", TOLD, source="stream")
    probes = upstream.probes(cache_seconds=0)
    await probes.preflight(accounts("a", "b"), {})
    await probes.preflight(accounts("a", "b"), {"image_gen": 1})
    assert upstream.asked == ["b"]


async def test_what_came_of_asking_counts_for_that_capture_only() -> None:
    """Another capture may be another login: of it nothing is known."""
    upstream = Upstream(QuotaBook(), refusal=AuthExpiredError("over"))
    probes = upstream.probes()
    (old,) = accounts("a")
    await probes.refresh([old])
    new = replace(old, capture_sha256="y")
    assert probes.last(old) is not None
    assert probes.last(new) is None

    await probes.refresh([new])
    assert upstream.asked == ["a", "a"]


async def test_closing_leaves_no_probe_behind() -> None:
    upstream = Upstream(QuotaBook(), seconds=30)
    probes = upstream.probes()
    asking = asyncio.create_task(probes.refresh(accounts("a")))
    await until(upstream.is_asking)
    await probes.aclose()
    async with asyncio.timeout(1):
        await asking
    assert upstream.now == 0

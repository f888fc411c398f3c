"""What answers and errors teach."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bridge.accounts.account import Account, Health
from bridge.accounts.events import AccountEvents
from bridge.accounts.outcomes import Attempt, Outcomes
from bridge.accounts.registry import Registry
from bridge.store.engine import Store
from bridge.vault import Vault
from core.clock import utc_now
from core.contracts.buckets import Bucket
from core.errors import (
    AccountBusyError,
    AccountDisabledError,
    AuthExpiredError,
    AuthInvalidError,
    BridgeError,
    BrowserCheckRequiredError,
    EmptyResponseError,
    FeatureLimitError,
    ForbiddenError,
    ModelLimitError,
    ProtocolError,
    RateLimitedError,
    UpstreamError,
    UpstreamTimeoutError,
)
from tests.fakes.provider import capture


class _Bench:
    """One account `a` and what is remembered of it."""

    def __init__(self, store: Store, registry: Registry) -> None:
        self.store = store
        self.registry = registry
        self.outcomes = Outcomes(store, registry)

    async def account(self) -> Account:
        return await self.registry.account("a")

    async def attempt(self, *, ago: float = 0, slug: str = "auto", buckets: tuple[Bucket, ...] = ()) -> Attempt:
        began = utc_now() - timedelta(seconds=ago)
        return Attempt(began, (await self.account()).capture_sha256, slug, buckets)

    async def left(self) -> float:
        return await self.left_of("account")

    async def left_of(self, scope: str) -> float:
        return ((await self.account()).memory.cooldowns[scope].until - utc_now()).total_seconds()

    async def scopes(self) -> set[str]:
        return set((await self.account()).memory.cooldowns)

    async def happened(self) -> list[str]:
        return [event.type for event in reversed(await AccountEvents(self.store).page("a"))]


@pytest.fixture
def bench(store: Store, registry: Registry, vault: Vault) -> _Bench:
    vault.write("a", capture())
    return _Bench(store, registry)


@pytest.mark.parametrize(
    ("error", "health"),
    [
        (BrowserCheckRequiredError("stop", reason="challenge_page"), Health.CHALLENGE),
        (AuthExpiredError("old"), Health.AUTH_EXPIRED),
        (AuthInvalidError("no"), Health.AUTH_EXPIRED),
        (AccountDisabledError("gone"), Health.BLOCKED),
    ],
)
async def test_these_quarantine_until_the_capture_changes(
    bench: _Bench, vault: Vault, error: BridgeError, health: Health
) -> None:
    old = await bench.attempt()
    await bench.outcomes.report("a", error, old)
    assert (await bench.account()).health is health
    # A turn that was under way may still end well; that lifts nothing.
    await bench.outcomes.report("a", None, await bench.attempt())
    assert (await bench.account()).health is health
    vault.write("a", capture("pro"))
    assert (await bench.account()).health is Health.OK
    # What is said of the old capture is not held against the new one.
    await bench.outcomes.report("a", error, old)
    assert (await bench.account()).health is Health.OK


@pytest.mark.parametrize(
    ("error", "reason", "source", "seconds"),
    [
        (RateLimitedError("slow"), "burst", "guessed", 60),
        (RateLimitedError("slow", retry_after_seconds=7), "burst", "told", 7),
        (RateLimitedError("slow", retry_after_seconds=86_400), "rate_window", "told", 86_400),
        (RateLimitedError("slow", retry_after_seconds=86_400_000), "rate_window", "told", 8 * 86_400),
        (AccountBusyError("one at a time", retry_after_seconds=3), "account_busy", "told", 3),
        (AccountBusyError("one at a time", retry_after_seconds=3000), "account_busy", "told", 900),
        (ForbiddenError("no"), "forbidden", "guessed", 60),
    ],
)
async def test_these_cool_the_account_down_for_a_bounded_time(
    bench: _Bench, error: BridgeError, reason: str, source: str, seconds: float
) -> None:
    await bench.outcomes.report("a", error, await bench.attempt())
    assert seconds - 5 < await bench.left() <= seconds
    account = await bench.account()
    assert account.cooldown is not None
    assert (account.cooldown.reason, account.cooldown.source) == (reason, source)
    assert account.cooldown.evidence == error.message
    assert (account.health, account.cause(utc_now())) == (Health.OK, reason)


async def test_each_guess_is_twice_the_one_before_until_a_success(bench: _Bench) -> None:
    for seconds in (60, 120, 240, 480, 900, 900):
        await bench.outcomes.report("a", RateLimitedError("slow"), await bench.attempt())
        assert seconds - 5 < await bench.left() <= seconds
    await bench.outcomes.report("a", None, await bench.attempt())
    await bench.outcomes.report("a", RateLimitedError("slow"), await bench.attempt())
    assert await bench.left() <= 60
    assert await bench.happened() == ["cooldown.began"] * 6 + ["cooldown.ended", "cooldown.began"]


async def test_a_shorter_cooldown_does_not_end_a_longer_one(bench: _Bench) -> None:
    await bench.outcomes.report("a", RateLimitedError("x", retry_after_seconds=500), await bench.attempt())
    await bench.outcomes.report("a", AccountBusyError("x", retry_after_seconds=2), await bench.attempt())
    assert await bench.left() > 400


async def test_only_a_success_that_began_later_ends_a_cooldown(bench: _Bench) -> None:
    before = await bench.attempt(ago=10)
    await bench.outcomes.report("a", RateLimitedError("x"), await bench.attempt())
    await bench.outcomes.report("a", None, before)
    assert await bench.left() > 50
    await bench.outcomes.report("a", None, await bench.attempt())
    assert await bench.scopes() == set()


async def test_a_model_that_is_used_up_says_nothing_about_the_account(bench: _Bench) -> None:
    attempt = await bench.attempt(slug="gpt-5-5", buckets=(Bucket.CHAT,))
    await bench.outcomes.report("a", ModelLimitError("x", retry_after_seconds=36_000), attempt)
    assert await bench.scopes() == {"model:gpt-5-5"}
    assert 35_990 < await bench.left_of("model:gpt-5-5") <= 36_000
    assert (await bench.account()).cause(utc_now()) == "ok"


async def test_a_cap_on_messages_that_leave_the_model_to_upstream_is_believed(bench: _Bench) -> None:
    await bench.outcomes.report("a", ModelLimitError("x", retry_after_seconds=900), await bench.attempt())
    assert await bench.scopes() == {"model:auto"}
    assert 890 < await bench.left_of("model:auto") <= 900


async def test_a_used_up_feature_is_its_bucket_and_a_later_success_in_it_ends_that(bench: _Bench) -> None:
    image = (Bucket.UPLOAD, Bucket.IMAGE)
    before = await bench.attempt(buckets=image)
    await bench.outcomes.report("a", FeatureLimitError("x"), await bench.attempt(buckets=image))
    for older in (await bench.attempt(buckets=(Bucket.CHAT,)), before):
        await bench.outcomes.report("a", None, older)
        assert await bench.scopes() == {"bucket:upload", "bucket:image"}
    await bench.outcomes.report("a", None, await bench.attempt(buckets=image))
    assert await bench.scopes() == set()


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (UpstreamError("500"), "transport"),
        (UpstreamTimeoutError("silence"), "transport"),
        (ProtocolError("no stream"), "shape_changed"),
        (EmptyResponseError("nothing"), "ok"),
    ],
)
async def test_failures_of_upstream_are_told_but_keep_nobody_from_trying(
    bench: _Bench, error: BridgeError, cause: str
) -> None:
    await bench.outcomes.report("a", error, await bench.attempt())
    account = await bench.account()
    assert (account.health, account.cause(utc_now()), account.memory.cooldowns) == (Health.OK, cause, {})
    await bench.outcomes.report("a", None, await bench.attempt())
    assert (await bench.account()).cause(utc_now()) == "ok"


async def test_successes_of_a_healthy_account_are_written_once_a_minute(bench: _Bench) -> None:
    def last(conn: object) -> datetime | None:
        return conn.exec_driver_sql("SELECT last_success_at FROM accounts").scalar()  # type: ignore[attr-defined]

    await bench.account()
    await bench.outcomes.report("a", None)
    first = await bench.store.read(last)
    assert first is not None
    version = await bench.store.changed()
    for _ in range(5):
        await bench.outcomes.report("a", None)
    assert await bench.store.read(last) == first
    assert await bench.store.changed() == version


async def test_an_account_that_is_gone_is_not_remembered(bench: _Bench, store: Store) -> None:
    await bench.outcomes.report("nobody", RateLimitedError("x"))
    assert await store.read(lambda conn: conn.exec_driver_sql("SELECT count(*) FROM accounts").scalar()) == 0


async def test_what_was_learnt_from_is_kept_with_upstreams_own_words_and_without_secrets(bench: _Bench) -> None:
    said = "Too many requests\n for authorization: Bearer abc.def. " + "x" * 2000
    limited = RateLimitedError("Slow down.", upstream_status=429, upstream_text=said)
    await bench.outcomes.report("a", limited, await bench.attempt())
    await bench.outcomes.report("a", AuthInvalidError("Not accepted.", upstream_status=401), await bench.attempt())
    account = await bench.account()
    assert account.cooldown is not None
    assert account.cooldown.evidence.startswith("Slow down. (HTTP 429: Too many requests for authorization")
    assert "abc.def" not in account.cooldown.evidence
    assert len(account.cooldown.evidence) < 340
    assert account.memory.health_detail == "Not accepted. (HTTP 401)"

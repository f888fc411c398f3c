"""Who can serve, and why the others cannot."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from bridge.accounts.account import Account, AccountState, Health, Memory
from bridge.routing.eligibility import choose, skips
from bridge.routing.needs import Needs
from bridge.routing.strategies import Scene
from core.clock import utc_now
from core.contracts.buckets import Bucket
from core.contracts.operations import SkippedAccount
from core.contracts.quota import QuotaFact
from core.errors import CaptureUnreadableError
from provider.interface.accounts import Capabilities
from tests.fakes.accounts import cooling

_NOW = utc_now()
_SOON = _NOW + timedelta(seconds=30)
_CHAT = Needs(kind="chat", buckets=(Bucket.CHAT,))
_IMAGE = Needs(kind="image", buckets=(Bucket.IMAGE,))
_PLUS = Capabilities("plus", ("auto", "gpt-5-5"), {"gpt-5-5": ("standard", "max")})


def _used_up(_alias: str, _features: Mapping[str, int]) -> QuotaFact:
    return QuotaFact(status="insufficient", until=_SOON)


def _cooling(scope: str, until: datetime, reason: str = "burst") -> Memory:
    return Memory(cooldowns={scope: cooling(scope, until, reason)})


def _account(alias: str = "a", **values: Any) -> Account:
    return Account(alias=alias, plan="plus", capabilities=_PLUS, **{"limits": {Bucket.CHAT: 2}, **values})


@pytest.mark.parametrize(
    ("account", "reason", "until"),
    [
        (_account(error=CaptureUnreadableError("x")), "capture_unreadable", None),
        (_account(memory=Memory(state=AccountState.PAUSED)), "paused", None),
        (_account(memory=Memory(state=AccountState.DRAINING)), "draining", None),
        (_account(memory=Memory(capture_sha256="", health=Health.CHALLENGE)), "challenge", None),
        (_account(token_expires_at=_NOW), "auth_expired", None),
        (_account(memory=_cooling("account", _SOON)), "burst", _SOON),
        (
            _account(judge=lambda alias, features: QuotaFact(status="insufficient", until=_SOON)),
            "quota_exhausted",
            _SOON,
        ),
        (_account(limits={Bucket.CHAT: 0}), "switched_off", None),
    ],
)
def test_every_reason_is_named_with_its_end(account: Account, reason: str, until: object) -> None:
    needs = _IMAGE if reason == "quota_exhausted" else _CHAT
    assert skips(account, needs, _NOW, {}) == SkippedAccount(account="a", reason=reason, until=until)


def test_a_full_bucket_is_busy_and_each_needed_bucket_counts() -> None:
    needs = Needs(kind="chat", buckets=(Bucket.UPLOAD, Bucket.CHAT))
    account = _account(limits={Bucket.CHAT: 2, Bucket.UPLOAD: 1})
    assert skips(account, needs, _NOW, {("a", "chat"): 1, ("b", "upload"): 9}) is None
    for used in ({("a", "chat"): 2}, {("a", "upload"): 1}):
        assert skips(account, needs, _NOW, used) == SkippedAccount(account="a", reason="busy")


def test_a_cooldown_that_is_over_lets_one_through_while_nobody_tries() -> None:
    account = _account(memory=_cooling("account", _NOW))
    assert choose([account], _CHAT, Scene({}, _NOW)).account is account
    others = choose([account], _CHAT, Scene({}, _NOW, trying={("a", "account")}))
    assert (others.account, others.skipped) == (None, (SkippedAccount(account="a", reason="trying_again"),))
    assert others.only_busy


@pytest.mark.parametrize(
    ("capabilities", "slug", "effort", "served"),
    [
        (_PLUS, "auto", None, True),
        (_PLUS, "gpt-5-5", "max", True),
        (_PLUS, "gpt-5-5", "extended", False),
        (_PLUS, "gpt-5-5-pro", None, False),
        (Capabilities("free", ("auto",), {}), "gpt-5-5", None, False),
        (Capabilities(None, ("auto",), {}, open_ended=True), "gpt-5-5", None, True),
    ],
)
def test_the_plan_must_offer_model_and_effort(
    capabilities: Capabilities, slug: str, effort: str | None, served: bool
) -> None:
    account = Account(alias="a", capabilities=capabilities, limits={Bucket.CHAT: 1})
    needs = Needs(kind="chat", buckets=(Bucket.CHAT,), slug=slug, effort=effort)
    skip = skips(account, needs, _NOW, {})
    assert (skip is None) is served
    assert served or (skip is not None and skip.reason == "unsupported_model")


def test_a_model_that_is_used_up_stops_that_model_only() -> None:
    account = _account(memory=_cooling("model:gpt-5-5", _SOON, "model_limit"))
    assert skips(account, _CHAT, _NOW, {}) is None
    skip = skips(account, _CHAT.model_copy(update={"slug": "gpt-5-5"}), _NOW, {})
    assert skip == SkippedAccount(account="a", reason="model_limit", until=_SOON)


def _chosen(needs: Needs, **how: Any) -> tuple[str | None, list[tuple[str, str]]]:
    pool = [_account("a"), _account("b", memory=Memory(state=AccountState.PAUSED)), _account("c")]
    choice = choose(pool, needs, Scene(how.pop("used", {}), _NOW), **how)
    return (
        choice.account.alias if choice.account else None,
        [(skip.account, skip.reason) for skip in choice.skipped],
    )


def test_the_order_is_preference_then_needs_then_pool() -> None:
    assert _chosen(_CHAT)[0] == "a"
    assert _chosen(_CHAT, prefer="c")[0] == "c"
    assert _chosen(_CHAT, prefer="b") == ("a", [("b", "paused")])
    assert _chosen(_CHAT, prefer="gone")[0] == "a"
    assert _chosen(_CHAT.model_copy(update={"accounts": ("b", "c", "a")})) == ("c", [("b", "paused")])
    assert _chosen(_CHAT, exclude={"a"}) == ("c", [("a", "already_tried"), ("b", "paused")])


def test_nobody_is_a_reason_for_each() -> None:
    assert _chosen(_CHAT, used={("a", "chat"): 2, ("c", "chat"): 2}) == (
        None,
        [("a", "busy"), ("b", "paused"), ("c", "busy")],
    )
    assert _chosen(_CHAT.model_copy(update={"accounts": ("x",)})) == (None, [("x", "account_not_configured")])
    assert choose([], _CHAT, Scene({}, _NOW)).skipped == (SkippedAccount(account="", reason="account_not_configured"),)

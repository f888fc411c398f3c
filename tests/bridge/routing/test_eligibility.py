"""Who can serve, and why the others cannot."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bridge.accounts.account import Account, AccountState, Health, Memory
from bridge.routing.eligibility import choose, skips
from bridge.routing.needs import Needs
from core.clock import utc_now
from core.contracts.buckets import Bucket
from core.contracts.operations import SkippedAccount
from core.errors import CaptureUnreadableError
from provider.interface.accounts import Capabilities

_NOW = utc_now()
_SOON = _NOW + timedelta(seconds=30)
_CHAT = Needs(kind="chat", buckets=(Bucket.CHAT,))
_PLUS = Capabilities("plus", ("auto", "gpt-5-5"), {"gpt-5-5": ("standard", "max")})


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
        (_account(memory=Memory(cooldown_until=_SOON, cooldown_reason="rate_limited")), "rate_limited", _SOON),
        (_account(memory=Memory(limited={"bucket:chat": _SOON})), "feature_limit", _SOON),
        (_account(limits={Bucket.CHAT: 0}), "switched_off", None),
    ],
)
def test_every_reason_is_named_with_its_end(account: Account, reason: str, until: object) -> None:
    assert skips(account, _CHAT, _NOW, {}) == SkippedAccount(account="a", reason=reason, until=until)


def test_a_full_bucket_is_busy_and_each_needed_bucket_counts() -> None:
    needs = Needs(kind="chat", buckets=(Bucket.UPLOAD, Bucket.CHAT))
    account = _account(limits={Bucket.CHAT: 2, Bucket.UPLOAD: 1})
    assert skips(account, needs, _NOW, {("a", "chat"): 1, ("b", "upload"): 9}) is None
    for used in ({("a", "chat"): 2}, {("a", "upload"): 1}):
        assert skips(account, needs, _NOW, used) == SkippedAccount(account="a", reason="busy")


def test_a_cooldown_that_is_over_lets_one_through() -> None:
    account = _account(memory=Memory(cooldown_until=_NOW, cooldown_reason="rate_limited"))
    assert skips(account, _CHAT, _NOW, {}) is None
    assert skips(account, _CHAT, _NOW, {("a", "chat"): 1}) == SkippedAccount(account="a", reason="busy")


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
    account = _account(memory=Memory(limited={"model:gpt-5-5": _SOON}))
    assert skips(account, _CHAT, _NOW, {}) is None
    skip = skips(account, _CHAT.model_copy(update={"slug": "gpt-5-5"}), _NOW, {})
    assert skip == SkippedAccount(account="a", reason="model_limit", until=_SOON)


def _chosen(needs: Needs, **how: Any) -> tuple[str | None, list[tuple[str, str]]]:
    pool = [_account("a"), _account("b", memory=Memory(state=AccountState.PAUSED)), _account("c")]
    choice = choose(pool, needs, how.pop("used", {}), _NOW, **how)
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
    assert choose([], _CHAT, {}, _NOW).skipped == (SkippedAccount(account="", reason="account_not_configured"),)

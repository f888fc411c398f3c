"""Who can serve, and why the others cannot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bridge.accounts.account import Account, AccountState, Health, Judge, Memory
from bridge.routing.eligibility import choose, skips
from bridge.routing.needs import Needs
from bridge.routing.strategies import Scene
from core.clock import utc_now
from core.contracts.buckets import Bucket
from core.contracts.operations import SkippedAccount
from core.contracts.quota import QuotaFact
from core.errors import AuthExpiredError, CaptureUnreadableError
from provider.interface.accounts import Capabilities
from tests.fakes.accounts import cooling

_NOW = utc_now()
_SOON, _LATER = _NOW + timedelta(seconds=30), _NOW + timedelta(hours=2)
_CHAT = Needs(kind="chat", buckets=(Bucket.CHAT,))
_IMAGE = Needs(kind="image", buckets=(Bucket.IMAGE,))
_PLUS = Capabilities("plus", ("auto", "gpt-5-5"), {"gpt-5-5": ("standard", "max")})


def _used_up(_alias: str, _features: Mapping[str, int]) -> QuotaFact:
    return QuotaFact(status="insufficient", until=_SOON)


def _plain(skip: SkippedAccount | None) -> tuple[str, str, datetime | None] | None:
    return None if skip is None else (skip.account, skip.reason, skip.until)


def _left(left: float, *, blocked: bool = False, until: datetime = _SOON) -> Judge:
    """A judge that knows how many uploads are left, where three are needed."""
    fact = QuotaFact(
        status="insufficient", remaining=left, until=until, feature="file_upload", needed=3, blocked=blocked
    )
    return lambda _alias, _features: fact


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
    assert _plain(skips(account, needs, _NOW, {})) == ("a", reason, until)


@pytest.mark.parametrize(
    ("account", "reason", "until"),
    [
        (_account(memory=_cooling("account", _LATER), judge=_left(0)), "burst", _LATER),
        (_account(memory=_cooling("account", _SOON), judge=_left(0, until=_LATER)), "quota_exhausted", _LATER),
        (_account(memory=_cooling("account", _SOON), limits={Bucket.IMAGE: 0}), "switched_off", None),
        (_account(memory=replace(_cooling("account", _SOON), state=AccountState.PAUSED)), "paused", None),
        (
            _account(memory=replace(_cooling("account", _SOON), health=Health.BLOCKED, capture_sha256="")),
            "blocked",
            None,
        ),
    ],
)
def test_of_several_reasons_the_one_counts_that_ends_last_or_never(
    account: Account, reason: str, until: object
) -> None:
    full = {("a", "image"): 9}
    assert _plain(skips(account, _IMAGE, _NOW, full)) == ("a", reason, until)


@pytest.mark.parametrize(
    "trouble",
    [
        {"memory": Memory(state=AccountState.PAUSED)},
        {"memory": Memory(health=Health.CHALLENGE, capture_sha256="")},
        {"memory": _cooling("account", _SOON)},
        {"error": AuthExpiredError("over")},
        {"limits": {Bucket.CHAT: 0}},
    ],
)
def test_what_a_plan_does_not_offer_counts_before_everything_else(trouble: dict[str, Any]) -> None:
    needs = _CHAT.model_copy(update={"slug": "gpt-nonsense"})
    skip = skips(_account(**trouble), needs, _NOW, {})
    assert skip is not None
    assert (skip.reason, skip.text) == ("unsupported_model", "its plan does not offer gpt-nonsense")


def test_of_a_capture_that_nobody_can_read_no_model_is_ruled_out() -> None:
    broken = Account("a", error=CaptureUnreadableError("no key"))
    needs = _CHAT.model_copy(update={"slug": "gpt-nonsense"})
    assert _plain(skips(broken, needs, _NOW, {})) == ("a", "capture_unreadable", None)


@pytest.mark.parametrize(
    ("account", "text"),
    [
        (_account(judge=_left(2)), "it has 2 uploads left, and this needs 3"),
        (_account(judge=_left(1)), "it has 1 upload left, and this needs 3"),
        (_account(judge=_left(0)), "it has no uploads left"),
        (_account(judge=_left(5, blocked=True)), "upstream has blocked its uploads"),
        (_account(memory=Memory(state=AccountState.PAUSED, state_reason="holiday")), "the operator paused it: holiday"),
        (_account(limits={Bucket.IMAGE: 0}), "it has no slots for image"),
        (_account(memory=_cooling("account", _SOON)), "upstream told it to slow down"),
    ],
)
def test_the_words_say_what_is_known(account: Account, text: str) -> None:
    skip = skips(account, _IMAGE, _NOW, {})
    assert skip is not None
    assert skip.text == text


def test_a_full_bucket_is_busy_and_each_needed_bucket_counts() -> None:
    needs = Needs(kind="chat", buckets=(Bucket.UPLOAD, Bucket.CHAT))
    account = _account(limits={Bucket.CHAT: 2, Bucket.UPLOAD: 1})
    assert skips(account, needs, _NOW, {("a", "chat"): 1, ("b", "upload"): 9}) is None
    for used in ({("a", "chat"): 2}, {("a", "upload"): 1}):
        assert _plain(skips(account, needs, _NOW, used)) == ("a", "busy", None)


def test_a_cooldown_that_is_over_lets_one_through_while_nobody_tries() -> None:
    account = _account(memory=_cooling("account", _NOW))
    assert choose([account], _CHAT, Scene({}, _NOW)).account is account
    others = choose([account], _CHAT, Scene({}, _NOW, trying={("a", "account")}))
    assert (others.account, [_plain(skip) for skip in others.skipped]) == (None, [("a", "trying_again", None)])
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
    assert served or (skip is not None and skip.reason in ("unsupported_model", "unsupported_effort"))


def test_an_effort_that_is_not_offered_is_not_taken_for_a_model() -> None:
    needs = _CHAT.model_copy(update={"slug": "gpt-5-5", "effort": "extended"})
    skip = skips(_account(), needs, _NOW, {})
    assert skip is not None
    assert (skip.reason, skip.text) == (
        "unsupported_effort",
        "its plan offers gpt-5-5 with the effort standard or max",
    )


def test_a_model_that_is_used_up_stops_that_model_only() -> None:
    account = _account(memory=_cooling("model:gpt-5-5", _SOON, "model_limit"))
    assert skips(account, _CHAT, _NOW, {}) is None
    skip = skips(account, _CHAT.model_copy(update={"slug": "gpt-5-5"}), _NOW, {})
    assert _plain(skip) == ("a", "model_limit", _SOON)


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
    assert _chosen(_CHAT, exclude={"a": ""}) == ("c", [("a", "already_tried"), ("b", "paused")])


def test_nobody_is_a_reason_for_each() -> None:
    assert _chosen(_CHAT, used={("a", "chat"): 2, ("c", "chat"): 2}) == (
        None,
        [("a", "busy"), ("b", "paused"), ("c", "busy")],
    )
    assert _chosen(_CHAT.model_copy(update={"accounts": ("x",)})) == (None, [("x", "account_not_configured")])
    (nobody,) = choose([], _CHAT, Scene({}, _NOW)).skipped
    assert _plain(nobody) == ("", "account_not_configured", None)

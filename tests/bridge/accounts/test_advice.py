"""Every cause says what the operator should do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bridge.accounts.account import Account, AccountState, Health, Memory
from bridge.accounts.advice import ADVICE, advice, cause_of, standing
from core.clock import utc_now
from core.errors import CaptureUnreadableError, error_codes

_NOW = utc_now()


def account(**memory: Any) -> Account:
    return Account("a", capture_sha256="1", memory=Memory(capture_sha256="1", **memory))


@pytest.mark.parametrize("health", list(Health))
def test_every_health_has_its_sentence(health: Health) -> None:
    stands = standing(account(health=health, health_detail="because"), _NOW)
    assert stands.cause == health.value
    assert stands.what_to_do == ADVICE[health.value]
    assert stands.state == ("ok" if health is Health.OK else "quarantined")


@pytest.mark.parametrize("code", sorted(error_codes()))
def test_every_error_leads_to_a_sentence(code: str) -> None:
    assert advice(code).endswith(".")


def test_what_the_bridge_never_heard_of_leads_to_the_log() -> None:
    assert advice("of_another_version") == "Read the log of the bridge."
    assert cause_of("of_another_version") == "of_another_version"


@pytest.mark.parametrize(
    ("code", "cause"),
    [("rate_limited", "burst"), ("feature_limit", "rate_window"), ("protocol_error", "shape_changed")],
)
def test_a_cooldown_names_its_cause_and_its_end(code: str, cause: str) -> None:
    until = _NOW + timedelta(minutes=3)
    stands = standing(account(cooldown_since=_NOW, cooldown_until=until, cooldown_reason=code), _NOW)
    assert (stands.state, stands.cause, stands.until) == ("cooling", cause, until)
    assert stands.what_to_do == ADVICE[cause]
    assert standing(account(cooldown_until=_NOW, cooldown_reason=code), _NOW).state == "ok"


def test_what_lasts_comes_before_what_passes() -> None:
    until = _NOW + timedelta(minutes=3)
    stands = standing(account(health=Health.CHALLENGE, cooldown_until=until, cooldown_reason="rate_limited"), _NOW)
    assert stands.cause == "challenge"
    broken = Account("a", error=CaptureUnreadableError("no key"))
    assert (standing(broken, _NOW).state, standing(broken, _NOW).cause) == ("unusable", "capture_unreadable")


def test_a_token_that_has_ended_is_told_without_asking_upstream() -> None:
    stands = standing(Account("a", token_expires_at=_NOW - timedelta(hours=1)), _NOW)
    assert (stands.state, stands.cause) == ("quarantined", "auth_expired")
    assert "expired at" in stands.detail


def test_an_account_in_order_that_gets_no_work_says_why() -> None:
    paused = account(state=AccountState.PAUSED, state_reason="holiday")
    assert standing(paused, _NOW).detail == "It is paused: holiday"
    assert standing(account(state=AccountState.DRAINING), _NOW).detail == "It is draining."

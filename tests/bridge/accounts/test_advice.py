"""Every cause says what the operator should do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bridge.accounts.account import Account, AccountState, Health, Memory
from bridge.accounts.advice import advice, cause_of, standing
from core.clock import utc_now
from core.errors import CaptureUnreadableError, error_codes
from tests.fakes.accounts import cooling

_NOW = utc_now()


def account(**memory: Any) -> Account:
    return Account("a", capture_sha256="1", memory=Memory(capture_sha256="1", **memory))


@pytest.mark.parametrize("health", list(Health))
def test_every_health_has_its_sentence(health: Health) -> None:
    stands = standing(account(health=health, health_detail="because"), _NOW)
    assert stands.cause == health.value
    assert stands.what_to_do == advice(health.value, "a")
    assert stands.state == ("ok" if health is Health.OK else "quarantined")


@pytest.mark.parametrize(
    ("cause", "command"),
    [
        ("challenge", "`chatgpt-api account update spare`"),
        ("auth_expired", "`chatgpt-api account update spare`"),
        ("blocked", "`chatgpt-api account check spare --again`"),
        ("account_not_configured", "`chatgpt-api account add spare`"),
    ],
)
def test_the_command_that_helps_is_told_with_the_accounts_name(cause: str, command: str) -> None:
    assert command in advice(cause, "spare")


@pytest.mark.parametrize("code", sorted(error_codes()))
def test_every_error_leads_to_a_sentence(code: str) -> None:
    assert advice(code, "a").endswith(".")


def test_what_the_bridge_never_heard_of_leads_to_the_log() -> None:
    assert advice("of_another_version", "a") == "Read the log of the bridge."
    assert cause_of("of_another_version") == "of_another_version"


@pytest.mark.parametrize(
    ("reason", "cause"), [("burst", "burst"), ("rate_window", "rate_window"), ("account_busy", "account_busy")]
)
def test_a_cooldown_names_its_cause_and_its_end(reason: str, cause: str) -> None:
    until = _NOW + timedelta(minutes=3)
    stands = standing(account(cooldowns={"account": cooling("account", until, reason)}), _NOW)
    assert (stands.state, stands.cause, stands.until) == ("cooling", cause, until)
    assert stands.what_to_do == advice(cause, "a")
    over = account(cooldowns={"account": cooling("account", _NOW, reason)})
    assert (standing(over, _NOW).state, standing(over, _NOW).cause) == ("ok", "ok")


def test_what_troubled_the_last_request_is_a_cause_and_keeps_nobody_from_trying() -> None:
    stands = standing(account(last_failure="protocol_error", last_failure_at=_NOW), _NOW)
    assert (stands.state, stands.cause, stands.what_to_do) == ("ok", "shape_changed", advice("shape_changed", "a"))


def test_what_lasts_comes_before_what_passes() -> None:
    cooldowns = {"account": cooling("account", _NOW + timedelta(minutes=3))}
    stands = standing(account(health=Health.CHALLENGE, cooldowns=cooldowns), _NOW)
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

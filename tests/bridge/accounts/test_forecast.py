"""What is foretold of a capture's end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.accounts.account import Account, Health, Memory
from bridge.accounts.forecast import Forecast, Stage, forecast
from core.errors import CaptureUnreadableError

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)

moments = st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
maybe = st.none() | moments
spans = st.timedeltas(timedelta(0), timedelta(days=400))


def told(left: timedelta | None, now: datetime = NOW, **fields: object) -> Forecast:
    ends = None if left is None else now + left
    return forecast(Account(alias="one", token_expires_at=ends, **fields), now)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("left", "stage"),
    [
        (timedelta(days=7) + SECOND, "fine"),
        (timedelta(days=7), "week"),
        (timedelta(days=2) + SECOND, "week"),
        (timedelta(days=2), "days"),
        (timedelta(hours=12) + SECOND, "days"),
        (timedelta(hours=12), "hours"),
        (SECOND, "hours"),
        (timedelta(0), "expired"),
        (-timedelta(days=9), "expired"),
        (None, "unknown"),
    ],
)
def test_a_stage_begins_at_its_threshold(left: timedelta | None, stage: str) -> None:
    assert told(left).stage == stage


@given(maybe, maybe, moments, st.lists(spans, min_size=2, max_size=6))
def test_with_one_capture_it_never_gets_better(
    token: datetime | None, cookies: datetime | None, start: datetime, later: list[timedelta]
) -> None:
    account = Account(alias="one", token_expires_at=token, cookies_expire_at=cookies)

    stages = [forecast(account, start + after).stage for after in sorted(later)]

    ranks = [stage.rank for stage in stages]
    assert ranks == sorted(ranks)
    assert (Stage.UNKNOWN in stages) == (token is None and cookies is None)


@given(maybe, maybe, moments)
def test_the_earliest_end_counts(token: datetime | None, cookies: datetime | None, now: datetime) -> None:
    found = forecast(Account(alias="one", token_expires_at=token, cookies_expire_at=cookies), now)

    known = [end for end in (token, cookies) if end is not None]
    assert found.expires_at == min(known, default=None)
    assert {"token": token, "cookies": cookies, None: None}[found.expires_by] == found.expires_at


@given(maybe, maybe, moments, st.sampled_from(Health))
def test_it_is_one_sentence_that_says_what_to_do(
    token: datetime | None, cookies: datetime | None, now: datetime, health: Health
) -> None:
    account = Account(
        alias="one",
        token_expires_at=token,
        cookies_expire_at=cookies,
        capture_sha256="x",
        memory=Memory(capture_sha256="x", health=health),
    )

    found = forecast(account, now)

    assert found.message.endswith(".")
    assert "\n" not in found.message
    assert ("account update one" in found.message) is (found.stage is not Stage.FINE or health is not Health.OK)


def test_a_warning_says_until_when() -> None:
    assert "before it ends at 2027-03-02 12:00 UTC" in told(timedelta(days=1)).message


def test_a_session_that_upstream_has_ended_is_expired_whatever_the_capture_says() -> None:
    memory = Memory(capture_sha256="x", health=Health.AUTH_EXPIRED)

    assert told(timedelta(days=80), capture_sha256="x", memory=memory).stage is Stage.EXPIRED
    assert told(timedelta(days=80), capture_sha256="newer", memory=memory).stage is Stage.FINE


def test_a_capture_that_cannot_be_read_is_to_be_replaced() -> None:
    found = forecast(Account(alias="one", error=CaptureUnreadableError("locked")), NOW)

    assert (found.stage, found.expires_at) == (Stage.UNKNOWN, None)
    assert "cannot be used" in found.message


def test_the_age_counts_from_the_storing_of_this_capture_else_from_its_token() -> None:
    stored, made = NOW - timedelta(days=3), NOW - timedelta(days=5)
    memory = Memory(capture_sha256="x", captured_at=stored)

    ages = [
        told(None, capture_sha256="x", memory=memory, token_issued_at=made).capture_age,
        told(None, capture_sha256="newer", memory=memory, token_issued_at=made).capture_age,
        told(None, capture_sha256="newer", memory=memory).capture_age,
        told(None, token_issued_at=NOW + timedelta(hours=1)).capture_age,
    ]

    assert ages == [timedelta(days=3), timedelta(days=5), None, timedelta(0)]


def test_it_is_shown_with_times_in_seconds() -> None:
    shown = told(timedelta(days=1), token_issued_at=NOW - timedelta(days=2)).shown()

    assert shown == {
        "stage": "days",
        "expires_at": (NOW + timedelta(days=1)).timestamp(),
        "expires_by": "token",
        "capture_age_seconds": 172800,
        "message": shown["message"],
    }

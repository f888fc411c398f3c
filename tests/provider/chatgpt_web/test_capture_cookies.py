"""When the session's cookies end, where the capture says so."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider.chatgpt_web.capture import parse_capture
from provider.chatgpt_web.capture.cookies import session_expiry

SESSION = "__Secure-next-auth.session-token"
COOKIES = {f"{SESSION}.0": "a", f"{SESSION}.1": "b", "oai-did": "c"}
JUNE = datetime(2027, 6, 9, 10, 18, 14, tzinfo=UTC)


def har(cookies: list[dict[str, Any]], headers: list[dict[str, Any]], started: Any = "2027-06-01T00:00:00Z") -> str:
    entry = {
        "startedDateTime": started,
        "request": {
            "method": "POST",
            "url": "https://chatgpt.com/backend-api/f/conversation",
            "headers": [],
            "cookies": cookies,
        },
        "response": {"status": 200, "headers": headers},
    }
    return json.dumps({"log": {"entries": [entry]}})


def expiry(*updates: str, ends: tuple[tuple[str, str], ...] = (), answered_at: str = "") -> datetime | None:
    return session_expiry(COOKIES, ends, [("Set-Cookie", value) for value in updates], answered_at)


@pytest.mark.parametrize(
    "text",
    [
        "2027-06-09T10:18:14Z",
        "2027-06-09T10:18:14.000Z",
        "2027-06-09T12:18:14+02:00",
        "2027-06-09T10:18:14",
        "Wed, 09 Jun 2027 10:18:14 GMT",
        "Wed, 09-Jun-2027 10:18:14 GMT",
    ],
)
def test_every_way_to_write_a_date_is_read(text: str) -> None:
    assert expiry(ends=((f"{SESSION}.0", text),)) == JUNE
    assert expiry(f"{SESSION}.0=x; Path=/; Expires={text}; Secure") == JUNE


def test_the_chunk_that_ends_first_counts_and_other_cookies_do_not() -> None:
    ends = ((f"{SESSION}.0", "2027-08-01"), (f"{SESSION}.1", "2027-07-01"), ("oai-did", "2027-01-01"))

    assert expiry(ends=ends) == datetime(2027, 7, 1, tzinfo=UTC)


def test_a_chunk_that_is_not_there_any_more_does_not_count() -> None:
    assert session_expiry({SESSION: "whole"}, [(f"{SESSION}.0", "2027-07-01")], []) is None


def test_an_update_has_the_last_word() -> None:
    before = ((f"{SESSION}.0", "2027-01-01"),)

    assert expiry(f"{SESSION}.0=x; expires=Wed, 09 Jun 2027 10:18:14 GMT", ends=before) == JUNE
    assert expiry(f"{SESSION}.0=x; Path=/", ends=before) is None


def test_an_age_counts_from_the_answer_and_wins_over_a_date() -> None:
    update = f"{SESSION}.0=x; Max-Age=86400; Expires=Wed, 09 Jun 2027 10:18:14 GMT"

    assert expiry(update, answered_at="2027-06-01T00:00:00Z") == datetime(2027, 6, 2, tzinfo=UTC)
    assert expiry(update) == JUNE


def test_an_age_beyond_all_calendars_says_nothing() -> None:
    assert expiry(f"{SESSION}.0=x; max-age=999999999999", answered_at="2027-06-01T00:00:00Z") is None


def test_a_har_says_when_its_cookies_end() -> None:
    listed = [{"name": name, "value": value, "expires": "2027-06-09T10:18:14.000Z"} for name, value in COOKIES.items()]
    updated = {"name": "set-cookie", "value": f"{SESSION}.0=y; Max-Age=3600"}

    assert parse_capture(har(listed, [])).session_expires_at == JUNE
    assert parse_capture(har(listed, [updated])).session_expires_at == datetime(2027, 6, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("expires", [None, 17, "", "soon", "-1", "0000-00-00", [], {"at": 1}, "1969" * 20])
def test_what_cannot_be_read_says_nothing_and_harms_nothing(expires: Any) -> None:
    listed = [{"name": f"{SESSION}.0", "value": "a", "expires": expires}]

    capture = parse_capture(har(listed, [], started=expires))

    assert (capture.session_expires_at, capture.cookies) == (None, {f"{SESSION}.0": "a"})


@given(st.text(), st.text(), st.text())
def test_no_text_makes_it_fail(end: str, update: str, answered_at: str) -> None:
    updates = [("set-cookie", f"{SESSION}.0=x; expires={update}"), ("set-cookie", update)]

    found = session_expiry(COOKIES, [(f"{SESSION}.1", end)], updates, answered_at)

    assert found is None or found.tzinfo is UTC

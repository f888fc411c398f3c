"""Errors as HTTP answers."""

from __future__ import annotations

import pytest

from api.errors import STATUSES, answer_to
from bridge.chat.failover import Attempt
from core.contracts.failure import Failure, failure_of
from core.errors import (
    AccountsBusyError,
    AccountsNeedCareError,
    AuthExpiredError,
    BridgeError,
    ContentBlockedError,
    EmptyResponseError,
    InvalidRequestError,
    NoEligibleAccountError,
    RateLimitedError,
    TemporalUnavailableError,
    UpstreamError,
    error_codes,
)


@pytest.mark.parametrize("code", sorted(error_codes()))
def test_every_code_has_a_status(code: str) -> None:
    assert 400 <= STATUSES[code] < 600


def test_no_status_is_for_a_code_that_does_not_exist() -> None:
    assert set(STATUSES) <= set(error_codes())


@pytest.mark.parametrize("code", sorted(error_codes()))
def test_an_answer_that_clients_would_repeat_by_its_status_says_whether_to(code: str) -> None:
    failure = Failure(code=code, fault="bridge", message="m", action="a", retryable=error_codes()[code].retryable)
    answer = answer_to(failure)

    assert answer.headers["x-should-retry"] in ("true", "false")
    assert answer.final is (answer.headers["x-should-retry"] == "false")
    if answer.headers["x-should-retry"] == "true":
        assert answer.status in (409, 429, 502, 503, 504)


def test_the_four_keys_are_always_there_and_ours_beside_them() -> None:
    error = answer_to(InvalidRequestError("`n` is wrong.", param="n")).body["error"]

    assert error == {
        "message": "`n` is wrong.",
        "type": "invalid_request_error",
        "param": "n",
        "code": "invalid_request",
        "fault": "caller",
        "action": "Correct the field named in `param` and send the request again.",
        "retryable": False,
    }


def test_what_upstream_said_is_told_without_its_secrets() -> None:
    failed = UpstreamError("broken", upstream_status=500, upstream_text="authorization: Bearer abc.def")
    error = answer_to(failed, account="one").body["error"]

    assert (error["provider"], error["provider_status"]) == ("chatgpt-web", 500)
    assert "abc.def" not in error["raw_provider_error"]
    assert error["chatgpt_account"] == "one"


def test_attempts_are_listed_when_there_was_more_than_one() -> None:
    first, second = Attempt("one", AuthExpiredError("old")), Attempt("two", RateLimitedError("slow"))

    assert "chatgpt_account_attempts" not in answer_to(first.error, attempts=[first]).body["error"]
    listed = answer_to(second.error, attempts=[first, second]).body["error"]["chatgpt_account_attempts"]
    assert [(one["account"], one["http_status"]) for one in listed] == [("one", 403), ("two", 429)]


def test_the_error_of_a_choice_says_how_it_went() -> None:
    nobody = answer_to(NoEligibleAccountError("all rest", retry_after_seconds=9, route="auto; passed=a:burst"))
    assert (nobody.headers["x-chatgpt-attempts"], nobody.headers["x-chatgpt-route"]) == ("0", "auto; passed=a:burst")

    one = Attempt("a", RateLimitedError("slow"))
    after = answer_to(one.error, account="a", attempts=[one], route="auto; tried=a:rate_limited")
    assert (after.headers["x-chatgpt-attempts"], after.headers["x-chatgpt-route"]) == (
        "1",
        "auto; tried=a:rate_limited",
    )


def test_where_somebody_has_to_act_nobody_is_told_to_wait() -> None:
    error = answer_to(AccountsNeedCareError("a: the operator paused it (paused)")).body["error"]
    assert (error["code"], error["retryable"]) == ("no_eligible_account", False)
    assert "Retry-After" not in error["action"]


@pytest.mark.parametrize(
    ("error", "status", "retry", "wait"),
    [
        (RateLimitedError("slow", retry_after_seconds=0.2), 429, "true", "1"),
        (RateLimitedError("slow", retry_after_seconds=120), 429, "true", "120"),
        (RateLimitedError("slow", retry_after_seconds=121), 429, "false", "121"),
        (RateLimitedError("slow"), 429, "true", "30"),
        (NoEligibleAccountError("all cool down", retry_after_seconds=9), 429, "true", "9"),
        (NoEligibleAccountError("all expired"), 403, "false", None),
        (AccountsBusyError("full", retry_after_seconds=5), 429, "true", "5"),
        (UpstreamError("before"), 502, "true", None),
        (UpstreamError("after", spent=True), 502, "false", None),
        (EmptyResponseError("nothing", spent=True), 502, "false", None),
        (TemporalUnavailableError("away"), 503, "true", "2"),
    ],
)
def test_retries_are_invited_where_they_help(error: BridgeError, status: int, retry: str, wait: str | None) -> None:
    answer = answer_to(error)

    assert answer.status == status
    assert answer.headers["x-should-retry"] == retry
    assert answer.headers.get("retry-after") == wait


def test_inside_a_stream_the_type_says_whether_to_try_again() -> None:
    assert answer_to(RateLimitedError("slow")).in_stream["error"]["type"] == "server_error"
    assert answer_to(UpstreamError("cut", spent=True)).in_stream["error"]["type"] == "invalid_request_error"


def test_the_words_of_a_final_error_inside_a_stream_hold_its_type() -> None:
    """LiteLLM, and aider on it, read nothing but the words."""
    final, passing = answer_to(UpstreamError("Cut.", spent=True)), answer_to(RateLimitedError("Slow."))

    assert final.in_stream["error"]["message"] == "Cut. (invalid_request_error)"
    assert passing.in_stream["error"]["message"] == "Slow."
    assert final.body["error"]["message"] == "Cut."


def test_refused_content_has_a_type_that_nobody_repeats() -> None:
    """LiteLLM takes the usual type with this code for an error of its own, which aider repeats."""
    answer = answer_to(ContentBlockedError("Not that."))

    assert (answer.status, answer.body["error"]["type"]) == (400, "provider_policy_error")


def test_a_failure_of_a_row_is_told_like_the_error_it_was() -> None:
    error = RateLimitedError("slow", retry_after_seconds=9)

    assert answer_to(failure_of(error)) == answer_to(error)


def test_a_code_of_another_version_is_a_500() -> None:
    assert answer_to(Failure(code="from_tomorrow", fault="bridge", message="m", action="a")).status == 500

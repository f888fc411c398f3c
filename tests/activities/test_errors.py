"""Errors as Temporal keeps them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationError

from activities.errors import final, retried, translated
from core.contracts.failure import Failure
from core.errors import (
    BridgeError,
    BrowserCheckRequiredError,
    ContentBlockedError,
    RateLimitedError,
    StoreError,
    UpstreamError,
    error_codes,
)
from workflows.policies import FINAL


def raised(error: BaseException) -> BaseException:
    with pytest.raises(BaseException) as caught, translated():  # noqa: PT011
        raise error
    return caught.value


def test_an_error_keeps_its_class_name_and_its_failure() -> None:
    error = raised(ContentBlockedError("blocked", upstream_status=400, upstream_text="no such pictures"))

    assert isinstance(error, ApplicationError)
    assert (error.type, error.non_retryable) == ("ContentBlockedError", True)
    [failure] = error.details
    assert isinstance(failure, Failure)
    assert (failure.code, failure.upstream_status, failure.upstream_text) == (
        "content_policy_violation",
        400,
        "no such pictures",
    )


def test_a_retryable_error_is_tried_again_when_upstream_said_it_may_be() -> None:
    error = raised(RateLimitedError("slow", retry_after_seconds=17))

    assert isinstance(error, ApplicationError)
    assert (error.non_retryable, error.next_retry_delay) == (False, timedelta(seconds=17))
    assert retried(RateLimitedError("slow", retry_after_seconds=1e6)).next_retry_delay == timedelta(minutes=2)


@pytest.mark.parametrize("error", [UpstreamError("502"), StoreError("locked"), ContentBlockedError("x")])
def test_what_is_to_be_retried_carries_no_name_that_a_policy_calls_final(error: BridgeError) -> None:
    assert str(retried(error).type) not in FINAL


def test_every_error_that_no_retry_cures_is_named_by_the_policies() -> None:
    assert set(FINAL) == {kind.__name__ for kind in error_codes().values() if not kind.retryable}
    assert {"ContentBlockedError", "BrowserCheckRequiredError", "OutcomeUnknownError"} <= set(FINAL)
    assert "StoreError" not in FINAL


def test_credentials_do_not_get_into_a_history() -> None:
    error = final(
        BrowserCheckRequiredError("authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", reason="x")
    )

    assert "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0" not in str(error)


def test_a_bug_is_our_fault_and_its_text_stays_here() -> None:
    error = raised(KeyError("a prompt"))

    assert isinstance(error, ApplicationError)
    assert (error.type, error.non_retryable) == ("InternalError", True)
    assert "a prompt" not in str(error)


def test_a_full_disk_is_tried_again() -> None:
    assert isinstance(raised(OSError(28, "No space left")), OSError)

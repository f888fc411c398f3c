"""Every timeout, retry and heartbeat of operations, as a few named bundles.

Attempts are unlimited and nothing has a schedule-to-close timeout: a closed lid would fire it the moment it opens.
Failures of upstream are counted in the journal instead, and end an activity by a non-retryable error.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TypedDict

from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityCancellationType

from core.contracts.steps import OperationTimings
from core.errors import error_codes

FINAL = tuple(sorted(kind.__name__ for kind in error_codes().values() if not kind.retryable))
"""Names of the errors that no retry cures, from the tree; Temporal matches them literally."""


class LocalPolicy(TypedDict):
    """Options of a local activity."""

    start_to_close_timeout: timedelta
    retry_policy: RetryPolicy


class Policy(LocalPolicy):
    """Options of an activity. Cancelling an operation never cancels one: what it does upstream must be known."""

    heartbeat_timeout: timedelta
    cancellation_type: ActivityCancellationType


def _retries(first_seconds: float, longest_seconds: float) -> RetryPolicy:
    return RetryPolicy(
        initial_interval=timedelta(seconds=first_seconds),
        backoff_coefficient=2,
        maximum_interval=timedelta(seconds=longest_seconds),
        maximum_attempts=0,
        non_retryable_error_types=FINAL,
    )


STORE: LocalPolicy = {
    "start_to_close_timeout": timedelta(seconds=2),
    "retry_policy": _retries(0.1, 10),
}
"""One transaction of our database, as a local activity."""


UPKEEP: Policy = {
    "start_to_close_timeout": timedelta(hours=1),
    "heartbeat_timeout": timedelta(seconds=30),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=10), maximum_interval=timedelta(minutes=5), maximum_attempts=5
    ),
    "cancellation_type": ActivityCancellationType.TRY_CANCEL,
}
"""Housekeeping: nobody waits for it, and the next round does what one could not."""


CANARY: Policy = {
    "start_to_close_timeout": timedelta(minutes=2),
    "heartbeat_timeout": timedelta(seconds=10),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=2),
        maximum_interval=timedelta(minutes=1),
        maximum_attempts=3,
        non_retryable_error_types=FINAL,
    ),
    "cancellation_type": ActivityCancellationType.TRY_CANCEL,
}
"""One question to an account that nobody waits for."""


def upstream_call(timings: OperationTimings) -> Policy:
    """A few short calls of upstream: a look, a stop, an upload, a download."""
    return _policy(timings, timings.call)


def upstream_stream(timings: OperationTimings) -> Policy:
    """A turn that is open for as long as upstream works, at most about the wall limit."""
    return _policy(timings, timings.limit + timings.call)


def _policy(timings: OperationTimings, longest: timedelta) -> Policy:
    return {
        "start_to_close_timeout": longest,
        "heartbeat_timeout": timings.heartbeat,
        "retry_policy": _retries(1, 30),
        "cancellation_type": ActivityCancellationType.ABANDON,
    }

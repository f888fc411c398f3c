"""Errors of the bridge as application errors of Temporal: the only translator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from temporalio.exceptions import ApplicationError

from core.contracts.failure import failure_of
from core.errors import BridgeError, InternalError

_LONGEST_DELAY = timedelta(minutes=2)

RETRIED = "Retried"
"""Type of an error that Temporal retries whatever its cause is; the cause is named in the text."""


def final(error: BridgeError) -> ApplicationError:
    """Ends the activity; its `Failure` is in the details."""
    failure = failure_of(error)
    return ApplicationError(failure.message, failure, type=type(error).__name__, non_retryable=True)


def retried(error: BridgeError) -> ApplicationError:
    """Has Temporal try again, after what upstream asked for if it did."""
    failure = failure_of(error)
    delay = None
    if failure.retry_after_seconds is not None:
        delay = min(timedelta(seconds=failure.retry_after_seconds), _LONGEST_DELAY)
    return ApplicationError(f"{type(error).__name__}: {failure.message}", failure, type=RETRIED, next_retry_delay=delay)


@contextmanager
def translated() -> Iterator[None]:
    """Raise what the block raises as an application error.

    What is no error of the bridge is a fault of ours: it ends the operation as `internal_error`, and its text stays
    out of the history. A disk that refuses is tried again.
    """
    try:
        yield
    except BridgeError as error:
        raise (retried(error) if error.retryable else final(error)) from error
    except (ApplicationError, OSError):
        raise
    except Exception as error:
        raise final(InternalError(f"An activity failed with {type(error).__name__}.")) from error

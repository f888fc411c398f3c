"""How an operation's run ends before its work is done."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from temporalio.exceptions import ActivityError, ApplicationError

from core.contracts.failure import Failure, failure_of
from core.errors import AccountQuarantinedError, BridgeError, InternalError, error_class

T = TypeVar("T")


class Ended(Exception):
    """The operation has to end now: as cancelled, or as failed where there is a `failure`."""

    def __init__(self, failure: Failure | None = None) -> None:
        super().__init__("cancelled" if failure is None else failure.code)
        self.failure = failure


class Over(Exception):
    """The operation had ended before this run began."""


async def result(step: Awaitable[T]) -> T:
    """An activity's result; its error becomes the operation's end.

    Raises:
        Ended: the activity failed for good.
    """
    try:
        return await step
    except ActivityError as error:
        raise Ended(_told(error.cause)) from error


def fail(error: BridgeError) -> Ended:
    """The end of an operation by an error that its workflow found."""
    return Ended(failure_of(error))


def _told(cause: BaseException | None) -> Failure:
    if isinstance(cause, ApplicationError) and cause.details:
        return Failure.model_validate(cause.details[0])
    return failure_of(InternalError(f"An activity ended with {type(cause).__name__}."))


def elsewhere(failure: Failure | None) -> bool:
    """Whether another account may be asked: this one refused, and accepted nothing."""
    kind = None if failure is None else error_class(failure.code)
    return kind is not None and kind.other_account and failure is not None and not failure.spent


def kept_away(failure: Failure | None) -> bool:
    """Whether nothing was sent because the account must not be used until its capture is refreshed."""
    return failure is not None and failure.code == AccountQuarantinedError.code

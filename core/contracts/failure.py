"""A failure as it is stored and shown: what `BridgeError` is when it crosses a process."""

from __future__ import annotations

from core.contracts.base import Contract
from core.errors import BridgeError
from core.redaction import redact_text

_LONGEST_MESSAGE = 2000


class Failure(Contract):
    """Why an operation ended without a result.

    Attributes:
        code: a code of `core.errors`.
        fault: `caller`, `account`, `upstream`, `bridge` or `configuration`.
        message: one line, redacted.
        action: what to do.
        retryable: whether a new operation with the same request may succeed by itself later.
        retry_after_seconds: earliest sensible retry.
        upstream_status: HTTP status of upstream's refusal.
        upstream_text: upstream's own words, redacted and bounded.
        spent: whether quota may have been spent.
    """

    code: str
    fault: str
    message: str
    action: str
    retryable: bool = False
    retry_after_seconds: float | None = None
    param: str | None = None
    upstream_status: int | None = None
    upstream_text: str | None = None
    spent: bool = False


def failure_of(error: BridgeError) -> Failure:
    """What is stored and shown of an error: bounded, and redacted where others' words may be in it."""
    return Failure(
        code=error.code,
        fault=error.fault.value,
        message=redact_text(error.message)[:_LONGEST_MESSAGE],
        action=error.action,
        retryable=error.retryable,
        retry_after_seconds=error.retry_after_seconds,
        param=error.param,
        upstream_status=error.upstream_status,
        upstream_text=redact_text(error.upstream_text) if error.upstream_text else None,
        spent=error.spent,
    )

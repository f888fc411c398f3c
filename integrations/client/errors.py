"""What a call of our API fails with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.contracts.failure import Failure

_NO_ADVICE = "See the server's log for the request id."


class ClientError(Exception):
    """The API answered with an error, or could not be reached.

    Attributes:
        failure: code, whose fault, message and what to do, as the API said it.
        status: HTTP status; `None` when there was no answer.
        request_id: names the request in the server's log.
        details: the whole answer, for those who know the route.
    """

    def __init__(
        self,
        failure: Failure,
        *,
        status: int | None = None,
        request_id: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.status = status
        self.request_id = request_id
        self.details = dict(details or {})


def unreachable(base_url: str, reason: str) -> ClientError:
    """Nobody listens at `base_url`."""
    return ClientError(
        Failure(
            code="server_unreachable",
            fault="configuration",
            message=f"no bridge answers at {base_url} ({reason})",
            action="Start it with `chatgpt-api up`, or name another with --base-url or CHATGPT_BASE_URL.",
            retryable=True,
        )
    )


def timed_out(base_url: str, seconds: float) -> ClientError:
    """The answer took longer than the caller waits."""
    return ClientError(
        Failure(
            code="client_timeout",
            fault="caller",
            message=f"{base_url} did not answer within {seconds:g} s",
            action="Give it more time with --timeout; an operation goes on meanwhile and can be read by its id.",
            retryable=True,
        )
    )


def broken_off(base_url: str, reason: str) -> ClientError:
    """The connection ended before the answer was complete."""
    return ClientError(
        Failure(
            code="connection_lost",
            fault="bridge",
            message=f"{base_url} ended the connection before its answer was complete ({reason})",
            action="Look whether the bridge still runs, and read its log.",
            retryable=True,
        )
    )


def unexpected(base_url: str, status: int) -> ClientError:
    """Something answers that is not the bridge."""
    return ClientError(
        Failure(
            code="not_the_bridge",
            fault="configuration",
            message=f"{base_url} answered with status {status} and not as the bridge does",
            action="Check the address; it ends in /v1.",
        ),
        status=status,
    )


def from_body(
    body: Any, *, base_url: str, status: int, request_id: str | None = None, retry_after: str | None = None
) -> ClientError:
    """The error that an answer's body holds; `retry_after` is its header of that name."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return unexpected(base_url, status)
    return ClientError(
        Failure(
            code=str(error.get("code") or error.get("type") or "unknown"),
            fault=str(error.get("fault") or "bridge"),
            message=str(error.get("message") or f"status {status}"),
            action=str(error.get("action") or _NO_ADVICE),
            retryable=bool(error.get("retryable")),
            retry_after_seconds=float(retry_after) if retry_after and retry_after.isdecimal() else None,
            param=error.get("param"),
        ),
        status=status,
        request_id=request_id,
        details=body,
    )

"""Errors as HTTP answers: the only translator. One table says which code is which status."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import JSONResponse, Response

from bridge.chat.failover import Attempt
from core.contracts.failure import Failure, failure_of
from core.errors import BridgeError, PassedOverError

STATUSES: Mapping[str, int] = {
    "invalid_request": 400,
    "unsupported_parameter": 400,
    "capture_rejected": 400,
    "invalid_image": 400,
    "image_unreachable": 400,
    "address_refused": 400,
    "unsupported_model": 400,
    "context_length_exceeded": 400,
    "conversation_too_large": 400,
    "content_policy_violation": 400,
    "image_no_asset": 400,
    "invalid_api_key": 401,
    "api_key_missing": 401,
    "api_key_expired": 401,
    "api_key_revoked": 401,
    "missing_scope": 403,
    "model_not_allowed": 403,
    "account_not_allowed": 403,
    "origin_not_allowed": 403,
    "link_expired": 403,
    "browser_check_required": 403,
    "auth_expired": 403,
    "auth_invalid": 403,
    "account_disabled": 403,
    "account_quarantined": 403,
    "forbidden": 403,
    "account_not_configured": 403,
    "feature_switched_off": 403,
    "capture_unreadable": 403,
    "not_found": 404,
    "model_not_found": 404,
    "not_offered": 404,
    "conversation_not_found": 404,
    "method_not_allowed": 405,
    "operation_id_taken": 409,
    "idempotency_conflict": 409,
    "idempotency_in_progress": 409,
    "plan_not_waiting": 409,
    "operation_not_finished": 409,
    "other_login": 409,
    "gone": 410,
    "request_too_large": 413,
    "file_quota_exceeded": 413,
    "unsupported_media_type": 415,
    "upgrade_required": 426,
    "host_not_allowed": 421,
    "outcome_unknown": 424,
    "too_many_attempts": 429,
    "api_key_limit": 429,
    "accounts_busy": 429,
    "rate_limited": 429,
    "account_busy": 429,
    "model_limit": 429,
    "feature_limit": 429,
    "no_eligible_account": 429,
    "operation_cancelled": 499,
    "internal_error": 500,
    "workflow_terminated": 500,
    "superseded": 500,
    "bad_request": 502,
    "file_not_found": 502,
    "research_failed": 502,
    "empty_response": 502,
    "tool_call_missing": 502,
    "stream_interrupted": 502,
    "upstream_unavailable": 502,
    "upstream_error": 502,
    "file_upload_failed": 502,
    "protocol_error": 502,
    "temporal_unavailable": 503,
    "worker_unavailable": 503,
    "store_unavailable": 503,
    "shutting_down": 503,
    "too_many_connections": 503,
    "upstream_timeout": 504,
    "operation_timeout": 504,
    "invalid_setting": 500,
    "vault_key_mismatch": 500,
    "import_source_unusable": 500,
    "temporal_binary_missing": 500,
    "data_folder_locked": 500,
    "port_in_use": 500,
}

_TYPES: Mapping[int, str] = {
    401: "authentication_error",
    403: "provider_auth_error",
    404: "not_found",
    410: "gone",
    429: "provider_rate_limit",
    499: "request_cancelled",
    500: "server_error",
    502: "provider_error",
    503: "server_error",
    504: "provider_error",
}
_CALLER_TYPES: Mapping[int, str] = {403: "permission_error", 429: "rate_limit_error"}
_FINAL = "invalid_request_error"
_MODEL_ERRORS = frozenset({"unsupported_model", "empty_response", "tool_call_missing", "image_no_asset"})
_PROVIDER_FAULTS = frozenset({"account", "upstream"})
_PROVIDER = "chatgpt-web"

_PATIENCE_SECONDS = 120
"""A longer wait is the client's to decide: one SDK would sleep through it, the other gives up."""

_USUAL_WAIT_SECONDS = {429: 30, 503: 2}


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """An error, ready to be sent. `body` is the whole document; `final`: the same request need not be sent again."""

    status: int
    body: dict[str, Any]
    final: bool
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def in_stream(self) -> dict[str, Any]:
        """The document for a stream that has begun; clients read from its `type` whether to try again."""
        error = self.body["error"]
        if not self.final:
            return {"error": {**error, "type": "server_error"}}
        # LiteLLM looks for the type in the words, and has what lacks it repeated.
        return {"error": {**error, "type": _FINAL, "message": f"{error['message']} ({_FINAL})"}}

    def response(self) -> Response:
        """A plain answer."""
        return JSONResponse(self.body, self.status, self.headers)


def answer_to(
    problem: BridgeError | Failure,
    *,
    status: int | None = None,
    account: str | None = None,
    attempts: Sequence[Attempt] = (),
    route: str = "",
) -> ErrorAnswer:
    """What a client is told of an error.

    Args:
        problem: an error, or what an operation's row kept of one.
        status: another one than the table's, where a standard asks for it.
        account: whose turn it was.
        attempts: every account that failed, in order.
        route: how the account was chosen, in short; an error of the choice itself brings its own.
    """
    failure = problem if isinstance(problem, Failure) else failure_of(problem)
    status = status or status_of(failure)
    wait = _wait(failure, status)
    retry = _should_retry(failure, status, wait)
    headers = {"x-should-retry": "true" if retry else "false"}
    if wait is not None:
        headers["retry-after"] = str(wait)
    if account is not None:
        headers["x-chatgpt-account"] = account
    if isinstance(problem, PassedOverError):
        headers["x-chatgpt-attempts"], route = "0", route or problem.route
    if attempts:
        headers["x-chatgpt-attempts"] = str(len(attempts))
    if route:
        headers["x-chatgpt-route"] = route
    return ErrorAnswer(status, {"error": _object(failure, status, retry, account, attempts)}, not retry, headers)


def error_object(failure: Failure) -> dict[str, Any]:
    """The error object of a failure that is part of another document."""
    status = status_of(failure)
    return _object(failure, status, _should_retry(failure, status, _wait(failure, status)), None, ())


def status_of(failure: Failure) -> int:
    """The HTTP status of a failure; 500 for a code of another version of the bridge."""
    if failure.code == "no_eligible_account" and failure.retry_after_seconds is None:
        # Nothing passes by itself here: somebody has to look after the accounts.
        return 403
    return STATUSES.get(failure.code, 500)


def _wait(failure: Failure, status: int) -> int | None:
    if failure.retry_after_seconds is not None:
        return max(math.ceil(failure.retry_after_seconds), 1)
    return _USUAL_WAIT_SECONDS.get(status)


def _should_retry(failure: Failure, status: int, wait: int | None) -> bool:
    if status == 409:
        return failure.retryable
    if not failure.retryable or status < 429 or status in (499, 500):
        return False
    if status == 429:
        return wait is None or wait <= _PATIENCE_SECONDS
    return not failure.spent


def _object(
    failure: Failure, status: int, retry: bool, account: str | None, attempts: Sequence[Attempt]
) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "message": failure.message,
        "type": _type(failure, status),
        "param": failure.param,
        "code": failure.code,
        "fault": failure.fault,
        "action": failure.action,
        "retryable": retry,
    }
    if failure.fault in _PROVIDER_FAULTS or failure.upstream_status is not None:
        shown["provider"] = _PROVIDER
        shown["provider_status"] = failure.upstream_status
        shown["raw_provider_error"] = failure.upstream_text
    if account is not None:
        shown["chatgpt_account"] = account
    if len(attempts) > 1:
        shown["chatgpt_account_attempts"] = [_attempt(attempt) for attempt in attempts]
    return shown


def _attempt(attempt: Attempt) -> dict[str, Any]:
    failure = failure_of(attempt.error)
    status = status_of(failure)
    return {
        "account": attempt.account,
        "code": failure.code,
        "type": _type(failure, status),
        "http_status": status,
        "provider_status": failure.upstream_status,
        "hint": failure.action,
    }


def _type(failure: Failure, status: int) -> str:
    if failure.code in _MODEL_ERRORS:
        return "provider_model_error"
    if failure.code == "content_policy_violation":
        # With the usual type LiteLLM makes another error of it, which aider asks for again.
        return "provider_policy_error"
    if failure.fault == "caller" and status in _CALLER_TYPES:
        return _CALLER_TYPES[status]
    return _TYPES.get(status, _FINAL)

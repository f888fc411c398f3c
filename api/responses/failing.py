"""What a response that has begun is said to have failed of: one of the codes that clients act on."""

from __future__ import annotations

from api.errors import ErrorAnswer

_LIMITS = frozenset(
    {"rate_limited", "account_busy", "accounts_busy", "model_limit", "feature_limit", "no_eligible_account"}
)


def failure_code(answer: ErrorAnswer) -> tuple[str, str]:
    """The code and what happened: clients send the request again after `server_error` and `rate_limit_exceeded`, so
    everything that no repetition cures is `invalid_prompt`."""
    error = answer.body["error"]
    message = f"{error['message']} ({error['code']})"
    if not error["retryable"]:
        return "invalid_prompt", message
    return "rate_limit_exceeded" if error["code"] in _LIMITS else "server_error", message

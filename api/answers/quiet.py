"""The words of an error that must not be repeated. Agents look for some in whatever they are told, whatever the status
(opencode in the message and the whole body, LiteLLM in the message), and ask again where they find them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from api.errors import ErrorAnswer

_LOUD = re.compile(
    r"429|50[0234]|524|rate.?limit|rate increased|too many requests|overloaded|unavailable|exhausted|at capacity"
    r"|internal.(server.)?error|server.error|provider.returned|terminated|failed to fetch|fetch failed"
    r"|(network|connection).error|connection (refused|lost)|upstream connect|socket|reset before|getaddrinfo"
    r"|enotfound|eai_again|econnre|etimedout|time.?out|timed out|try your request|try again",
    re.IGNORECASE,
)
_TELLTALES = frozenset({"provider_status", "raw_provider_error"})
_ACTION = "Send the request again if you still want the answer; what was done may have used quota."


def quiet(answer: ErrorAnswer) -> ErrorAnswer:
    """The same error without anything that makes an agent ask again."""
    error = {name: value for name, value in answer.body["error"].items() if name not in _TELLTALES}
    if _LOUD.search(error["message"]):
        error["message"] = f"The turn ended as {error['code']} and may have used quota."
    if _LOUD.search(error["action"]):
        error["action"] = _ACTION
    attempts = error.get("chatgpt_account_attempts")
    if attempts is not None:
        error["chatgpt_account_attempts"] = [_quiet_attempt(attempt) for attempt in attempts]
    return replace(answer, body={"error": error})


def _quiet_attempt(attempt: Mapping[str, Any]) -> dict[str, Any]:
    return {name: attempt[name] for name in ("account", "code")}

"""Every way upstream says no before it streams: the rows of docs/protocol.md section 8 as ready answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

_CHALLENGE_PAGE = (
    "<!DOCTYPE html><html><head><title>Just a moment...</title></head>"
    '<body><div id="challenge-platform">Checking your browser</div></body></html>'
)
_BLOB_ERROR = '<?xml version="1.0" encoding="utf-8"?><Error><Code>AuthenticationFailed</Code></Error>'


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP answer. `body` is sent as it is; header names are lower-case."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> web.Response:
        """A fresh response; an answer may be given more than once."""
        return web.Response(status=self.status, body=self.body.encode(), headers=dict(self.headers))


class RefusedError(Exception):
    """Ends a request with an answer that is not the one asked for."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def detail(status: int, value: Any, **headers: str) -> Answer:
    """The backend's own error shape: `{"detail": …}`."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    body = json.dumps({"detail": value}, ensure_ascii=False, separators=(",", ":"))
    return Answer(status, body, {"content-type": "application/json", **named})


def coded(status: int, code: str, message: str, **extra: Any) -> Answer:
    """An error whose detail is an object with a code."""
    return detail(status, {"code": code, "message": message, **extra})


def page(status: int, body: str, **headers: str) -> Answer:
    """An HTML answer of the edge."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, body, {"content-type": "text/html; charset=UTF-8", **named})


_MODEL_CAP = "You have sent too many messages to the model. Please try again later."
_BUSY = (
    "Only one message at a time. Please allow any other responses to complete before sending another message, "
    "or wait one minute."
)
_TOO_LONG = "The message you submitted was too long, please reload the conversation and submit something shorter."
_UNUSUAL = "Unusual activity has been detected from your device. Try again later."
_EXPIRED = "Your authentication token has expired. Please try signing in again."
_NO_MODEL = "The model does not exist or you do not have access to it."
_POLICY = "This request was blocked by our content policy."
_MISSING_ACTION = {"type": "missing", "loc": ["body", "action"], "msg": "Field required", "input": {}}

CATALOGUE: dict[str, Answer] = {
    "challenge": page(403, _CHALLENGE_PAGE, server="cloudflare"),
    "challenge_503": page(503, _CHALLENGE_PAGE, server="cloudflare"),
    "challenge_header": page(403, "<html></html>", cf_mitigated="challenge"),
    "unusual_activity": detail(403, _UNUSUAL),
    "token_expired": coded(401, "token_expired", _EXPIRED, type="invalid_request_error", param=None),
    "unauthorized": detail(401, "Unauthorized"),
    "forbidden": detail(403, "Forbidden"),
    "account_deactivated": coded(403, "account_deactivated", "This account is deactivated."),
    "model_cap": coded(429, "model_cap_exceeded", _MODEL_CAP, clears_in=252),
    "model_limit": detail(422, "model limit"),
    "capacity": detail(409, "capacity"),
    "busy": detail(429, _BUSY),
    "rate_limited": detail(429, "Too many requests", retry_after="30"),
    "rate_limited_bare": Answer(429, "", {"content-type": "text/plain"}),
    "image_limit": coded(429, "image_gen_limit", "You have reached the image generation limit", clears_in=3600),
    "upload_limit": coded(429, "file_upload_limit", "You have reached the upload limit"),
    "model_not_found": coded(404, "model_not_found", _NO_MODEL),
    "invalid_model": detail(400, "gpt-x is not a valid model"),
    "too_long": detail(400, _TOO_LONG),
    "too_long_413": page(413, ""),
    "conversation_too_large": coded(400, "conversation_too_large", "This conversation is too large."),
    "conversation_not_found": coded(404, "conversation_not_found", "Can't load conversation"),
    "conversation_inaccessible": coded(
        404, "conversation_inaccessible", "Log in to view this conversation", can_retry=False
    ),
    "history_expired": detail(410, "This conversation has expired."),
    "validation": detail(422, [_MISSING_ACTION]),
    "policy": coded(400, "content_policy_violation", _POLICY),
    "file_not_found": detail(404, "File not found"),
    "blob_rejected": Answer(403, _BLOB_ERROR, {"content-type": "application/xml"}),
    "server_error": Answer(500, "oops", {"content-type": "text/plain"}),
    "unavailable": detail(503, "Service unavailable"),
    "bad_gateway": page(502, "<html><title>502 Bad Gateway</title></html>", server="cloudflare"),
    "json_200": Answer(200, '{"detail":"Something went wrong"}', {"content-type": "application/json"}),
    "html_200": page(200, "<html><body>Welcome</body></html>"),
    "not_json": Answer(200, "oops", {"content-type": "application/json"}),
}
"""Named refusals, for prompt prefixes (`fault=`) and admin rules (`refusal`)."""


def by_status(status: int) -> Answer:
    """A plain refusal of that status."""
    return detail(status, f"Simulated status {status}")


def invalid(*location: str, message: str = "Field required") -> RefusedError:
    """The backend's complaint about a request body."""
    return RefusedError(
        detail(422, [{"type": "value_error", "loc": ["body", *location], "msg": message, "input": None}])
    )

"""Symptom to error, docs/protocol.md section 8: the only place that decides what an upstream failure means.

A body is read in this order: its `code`, then the status, then its text. Words count only under a status that gives
them a meaning; "limit" in the page of a broken gateway says nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

from core.errors import (
    AccountBusyError,
    AccountDisabledError,
    AuthExpiredError,
    AuthInvalidError,
    BridgeError,
    BrowserCheckRequiredError,
    ContentBlockedError,
    ConversationNotFoundError,
    ConversationTooLargeError,
    EmptyResponseError,
    FeatureLimitError,
    FileNotFoundUpstreamError,
    FileUploadFailedError,
    ForbiddenError,
    MessageTooLongError,
    ModelLimitError,
    OutcomeUnknownError,
    ProtocolError,
    RateLimitedError,
    StreamInterruptedError,
    UnsupportedModelError,
    UpstreamBadRequestError,
    UpstreamError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from core.redaction import redact_text
from provider.chatgpt_web.refusals import Refusal, read_body, read_error, retry_after_seconds

Context = Literal[
    "conversation",
    "conversation_list",
    "conversation_read",
    "prepare",
    "requirements",
    "research",
    "resume",
    "stop",
    "stream_status",
    "socket",
    "limits",
    "models",
    "account",
    "file_create",
    "file_confirm",
    "file_metadata",
    "file_download",
    "blob_put",
]
"""Which call failed. `conversation` is the turn's POST, the only call that may spend quota."""

Symptom = Literal["connect_error", "reset_after_send", "read_timeout_after_send", "stream_cut", "idle", "wall"]
"""How the transport failed.

`connect_error`: name, connection or TLS, before anything was sent. `reset_after_send`, `read_timeout_after_send`: the
request had left, at least in part, and no response came. `stream_cut`: the response ended in the middle. `idle`: for
too long nothing but keep-alives came. `wall`: the whole took too long.
"""

_Class = type[BridgeError]

_CODES: dict[str, _Class] = {
    "token_expired": AuthExpiredError,
    "account_deactivated": AccountDisabledError,
    "model_cap_exceeded": ModelLimitError,
    "rate_limit_exceeded": RateLimitedError,
    "model_not_found": UnsupportedModelError,
    "message_length_exceeds_limit": MessageTooLongError,
    "conversation_too_large": ConversationTooLargeError,
    "conversation_not_found": ConversationNotFoundError,
    "conversation_inaccessible": ConversationNotFoundError,
    "content_policy_violation": ContentBlockedError,
    "file_not_found": FileNotFoundUpstreamError,
    "file_upload_limit": FeatureLimitError,
    "image_gen_limit": FeatureLimitError,
}

_PHRASES: tuple[tuple[str, _Class], ...] = (
    ("too many messages to the model", ModelLimitError),
    ("only one message at a time", AccountBusyError),
    ("authentication token has expired", AuthExpiredError),
    ("not a valid model", UnsupportedModelError),
    ("does not exist or you do not have access", UnsupportedModelError),
)
"""Whole phrases that mean the same under every status that is not a 5xx."""

_UNUSUAL = "unusual activity"
_FEATURE_LIMIT = re.compile(
    r"\b(?:upload|file|attachment|image)s?\b.*\blimit|\blimit\b.*\b(?:upload|file|image)s?\b", re.S
)
_TOO_LONG = re.compile(r"\btoo (?:long|large)\b")
_CAPACITY = re.compile(r"\b(?:limit|capacity|unavailable)\b")
_POLICY = re.compile(r"\bpolic(?:y|ies)\b|\bmoderation\b")
_CHALLENGE_MARKS = ("just a moment", "challenge-platform")

# A refusal of this kind comes before the model has done anything, also where it comes within the stream.
_BEFORE_WORK = (
    AccountBusyError,
    AccountDisabledError,
    AuthExpiredError,
    ConversationNotFoundError,
    ConversationTooLargeError,
    FeatureLimitError,
    MessageTooLongError,
    ModelLimitError,
    RateLimitedError,
    UnsupportedModelError,
)

_WORDS: dict[_Class, str] = {
    AccountBusyError: "Upstream allows one message at a time on this account.",
    AccountDisabledError: "Upstream has deactivated this account.",
    AuthExpiredError: "The capture's login has expired.",
    AuthInvalidError: "Upstream does not accept the capture's login.",
    ContentBlockedError: "Upstream's policy refuses this content.",
    ConversationNotFoundError: "Upstream has no such conversation for this account.",
    ConversationTooLargeError: "The upstream conversation has grown too large.",
    FeatureLimitError: "The account's quota for this feature is used up.",
    FileNotFoundUpstreamError: "Upstream no longer has the file.",
    FileUploadFailedError: "Upstream did not store the file.",
    ForbiddenError: "Upstream refuses this account.",
    MessageTooLongError: "The message is longer than upstream takes.",
    ModelLimitError: "The account's limit for this model is reached.",
    RateLimitedError: "Upstream limits this account's rate.",
    UnsupportedModelError: "Upstream does not offer this model to this account.",
    UpstreamBadRequestError: "Upstream refused the shape of the request.",
    UpstreamError: "Upstream failed.",
    ProtocolError: "Upstream answered in a way the bridge does not know.",
}


def from_response(
    status: int, headers: Mapping[str, str], body: bytes | str, *, context: Context, proof_answered: bool = False
) -> BridgeError:
    """What an HTTP answer that is not a success means.

    Args:
        status: 300 to 599.
        headers: names in any case.
        body: as much of it as was read; 64 KiB are plenty.
        context: the call that was refused.
        proof_answered: a freshly computed proof went with the request, so a bare 403 refuses the proof.
    """
    fields = {name.lower(): value for name, value in headers.items()}
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    if context == "blob_put":
        return _blob_refusal(status)
    if _is_challenge(status, fields, text):
        return challenge("challenge_page", status=status)
    refusal = read_body(text)
    found = _by_code_or_phrase(status, refusal)
    if found is None:
        found = _by_status(status, refusal, context, proof_answered=proof_answered)
    if isinstance(found, str):
        return challenge(found, status=status)
    after = refusal.clears_in if refusal.clears_in is not None else retry_after_seconds(fields)
    spent = context == "conversation" and status >= 500 and not issubclass(found, _BEFORE_WORK)
    return _make(found, refusal.text, status=status, retry_after=after, spent=spent)


def from_stream(error: object, *, worked: bool, fallback: _Class = UpstreamError) -> BridgeError:
    """What an error inside the event stream means.

    Args:
        error: upstream's string or object.
        worked: the model had already begun to write, so quota was spent whatever the error says.
        fallback: the class where neither code nor words decide.
    """
    refusal = read_error(error)
    found = _by_code_or_phrase(200, refusal) or fallback
    if isinstance(found, str):
        return challenge(found)
    spent = worked or not issubclass(found, _BEFORE_WORK)
    return _make(found, refusal.text, retry_after=refusal.clears_in, spent=spent)


def from_document(body: bytes | str) -> BridgeError:
    """What a 200 with a JSON document means where an event stream was due."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return malformed("Upstream answered a turn with neither a stream nor JSON.", spent=True)
    if not isinstance(document, dict):
        return malformed("Upstream answered a turn with JSON that is no error document.", spent=True)
    return from_stream(document, worked=False)


def from_transport(symptom: Symptom, *, context: Context) -> BridgeError:
    """What a failure of the connection means. Only a turn's POST can leave the outcome open: reads are repeated."""
    if symptom == "stream_cut":
        return StreamInterruptedError("The upstream stream ended in the middle.", spent=context == "conversation")
    if symptom in ("idle", "wall"):
        words = "went silent" if symptom == "idle" else "took longer than the limit"
        return UpstreamTimeoutError(f"Upstream {words}.", spent=context == "conversation")
    if symptom == "connect_error":
        return UpstreamUnavailableError("Upstream cannot be reached; nothing was sent.")
    if context == "conversation":
        return OutcomeUnknownError("The turn was sent and upstream did not answer.", spent=True)
    if context == "blob_put":
        return FileUploadFailedError("The connection broke during the upload.")
    return UpstreamUnavailableError("Upstream did not answer in time.")


def from_file_status(document: Mapping[str, Any]) -> BridgeError:
    """What a file answer with status 200 and `status: error` means."""
    code = document.get("error_code")
    if code == "file_not_found":
        return _make(FileNotFoundUpstreamError, "")
    return _make(UpstreamError, code if isinstance(code, str) else "")


def challenge(reason: str, *, status: int | None = None) -> BrowserCheckRequiredError:
    """Upstream asks for a person; `reason` is one of docs/protocol.md section 7.3."""
    words = _CHALLENGES.get(reason, "Upstream asks for a check in the browser.")
    return BrowserCheckRequiredError(words, reason=reason, upstream_status=status)


def malformed(message: str, *, status: int | None = None, spent: bool = False) -> ProtocolError:
    """A success that lacks what it must have: wrong encoding, missing field, no JSON."""
    return ProtocolError(message, upstream_status=status, spent=spent)


def blocked() -> ContentBlockedError:
    """Upstream's moderation stopped the turn."""
    return ContentBlockedError("Upstream's moderation blocked the turn.", spent=True)


def tool_failed(words: str) -> BridgeError:
    """The turn was complete and held nothing but a system error; `words` are upstream's."""
    return _make(UpstreamError, words, spent=True)


def empty() -> EmptyResponseError:
    """The turn was complete and showed nothing."""
    return EmptyResponseError("Upstream completed the turn without an answer.", spent=True)


_CHALLENGES = {
    "challenge_page": "Upstream shows a challenge page instead of answering.",
    "unusual_activity": "Upstream reports unusual activity.",
    "proof_rejected": "Upstream rejected the proof computed from the capture.",
    "proof_config_missing": "A proof is required and the capture holds no browser configuration for it.",
    "challenge_malformed": "Upstream asked for a proof in a form that cannot be computed.",
    "proof_unsolved": "The proof that upstream asks for was not found within the limit.",
    "turnstile_missing": "A Turnstile token is required and the capture holds none.",
    "arkose_missing": "An Arkose token is required and the capture holds none.",
    "requirements_token_missing": "Upstream gave no requirements token.",
    "login_required": "Upstream asks for a new login.",
    "unknown_requirement": "Upstream requires something the bridge does not know.",
}


def _is_challenge(status: int, headers: Mapping[str, str], text: str) -> bool:
    if status not in (403, 503) or "text/html" not in headers.get("content-type", "").lower():
        return False
    if headers.get("server", "").lower() == "cloudflare" or headers.get("cf-mitigated", "").lower() == "challenge":
        return True
    page = text.lower()
    return any(mark in page for mark in _CHALLENGE_MARKS)


def _by_code_or_phrase(status: int, refusal: Refusal) -> _Class | str | None:
    """The class, or the reason of a browser check."""
    if refusal.code in _CODES:
        return _CODES[refusal.code]
    if status >= 500:
        return None
    if refusal.code == "unusual_activity" or _UNUSUAL in refusal.lower:
        return "unusual_activity"
    return next((found for phrase, found in _PHRASES if phrase in refusal.lower), None)


def _by_status(status: int, refusal: Refusal, context: Context, *, proof_answered: bool) -> _Class | str:
    if status >= 500 or status == 408:
        return UpstreamError
    if context == "requirements" and status in (404, 410):
        return "requirements_token_missing"
    if status == 403 and proof_answered and not _FEATURE_LIMIT.search(refusal.lower):
        return "proof_rejected"
    if status in (404, 410):
        return _missing(context)
    decide = _STATUSES.get(status)
    return decide(refusal) if decide else ProtocolError


def _missing(context: Context) -> _Class:
    if context in ("file_download", "file_metadata", "file_confirm"):
        return FileNotFoundUpstreamError
    if context in ("conversation", "conversation_read", "research", "resume", "stop", "stream_status"):
        return ConversationNotFoundError
    return ProtocolError


def _bad_request(refusal: Refusal) -> _Class:
    if _TOO_LONG.search(refusal.lower):
        return MessageTooLongError
    return ContentBlockedError if _POLICY.search(refusal.lower) else UpstreamBadRequestError


def _conflict(refusal: Refusal) -> _Class:
    is_limit = not refusal.is_validation and _CAPACITY.search(refusal.lower)
    return ModelLimitError if is_limit else UpstreamBadRequestError


_STATUSES: dict[int, Callable[[Refusal], _Class]] = {
    400: _bad_request,
    401: lambda refusal: AuthInvalidError,
    403: lambda refusal: FeatureLimitError if _FEATURE_LIMIT.search(refusal.lower) else ForbiddenError,
    409: _conflict,
    413: lambda refusal: MessageTooLongError,
    422: _conflict,
    429: lambda refusal: FeatureLimitError if _FEATURE_LIMIT.search(refusal.lower) else RateLimitedError,
}


def _blob_refusal(status: int) -> BridgeError:
    return _make(UpstreamError if status >= 500 else FileUploadFailedError, "", status=status)


def _make(
    found: _Class, text: str, *, status: int | None = None, retry_after: float | None = None, spent: bool = False
) -> BridgeError:
    return found(
        _WORDS[found],
        upstream_status=status,
        upstream_text=redact_text(text) if text else None,
        retry_after_seconds=retry_after,
        spent=spent,
    )

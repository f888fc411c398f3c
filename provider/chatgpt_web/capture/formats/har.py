"""HAR exports: the last conversation request wins (docs/protocol.md section 1.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from core.errors import CaptureRejectedError
from provider.chatgpt_web.capture.model import RawRequest

PATH = "/backend-api/f/conversation"


def read(document: Mapping[str, Any]) -> RawRequest:
    """The last POST to exactly the conversation's path.

    Raises:
        CaptureRejectedError: there is none; the message says what was recorded instead.
    """
    entries = [entry for entry in document["log"]["entries"] if isinstance(entry, dict)]
    requests = [(entry, entry.get("request")) for entry in entries]
    chosen = [(entry, request) for entry, request in requests if isinstance(request, dict) and _is_turn(request)]
    if not chosen:
        raise CaptureRejectedError(_explained([request for _, request in requests]), reason="no_conversation_request")
    entry, request = chosen[-1]
    answered = entry.get("response")
    response: dict[str, Any] = answered if isinstance(answered, dict) else {}
    status = response.get("status")
    posted = request.get("postData")
    text = posted.get("text") if isinstance(posted, dict) else None
    return RawRequest(
        url=str(request.get("url", "")),
        method=str(request.get("method", "")).upper(),
        status=status if isinstance(status, int) and status > 0 else None,
        headers=_pairs(request.get("headers")),
        cookies=_pairs(request.get("cookies")),
        updates=_pairs(response.get("headers")),
        body=text if isinstance(text, str) else None,
        ends=_pairs(request.get("cookies"), "expires"),
        answered_at=str(entry.get("startedDateTime") or ""),
    )


def _is_turn(request: Mapping[str, Any]) -> bool:
    try:
        path = urlsplit(str(request.get("url", ""))).path
    except ValueError:
        return False
    return str(request.get("method", "")).upper() == "POST" and path == PATH


def _pairs(items: Any, what: str = "value") -> list[tuple[str, str]]:
    found = items if isinstance(items, list) else []
    named = [item for item in found if isinstance(item, dict) and isinstance(item.get("name"), str)]
    return [(item["name"], item[what]) for item in named if isinstance(item.get(what), str)]


def _explained(requests: list[Any]) -> str:
    if any(isinstance(request, dict) and f"{PATH}/prepare" in str(request.get("url", "")) for request in requests):
        return (
            "The HAR holds the prepare request but not the message itself: send a message while recording, then export."
        )
    return "The HAR holds no POST to /backend-api/f/conversation: send a message while recording, then export."

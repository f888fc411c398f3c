"""Server-sent events as the backend writes them, byte for byte (docs/protocol.md section 3)."""

from __future__ import annotations

import json
import time
from typing import Any

ENCODING = b'event: delta_encoding\ndata: "v1"\n\n'
DONE = b"data: [DONE]\n\n"
COMMENT = b": keep-alive\n\n"
IMAGE_TOOL = "t2uay3k.sj1i4kz"

dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""Compact JSON with non-ASCII characters as they are."""


def typed(payload: dict[str, Any]) -> bytes:
    """A typed event, or any object that is no delta."""
    return f"data: {dumps(payload)}\n\n".encode(errors="replace")


def delta(payload: dict[str, Any]) -> bytes:
    """A delta, keys in the order given."""
    return f"event: delta\ndata: {dumps(payload)}\n\n".encode(errors="replace")


def document(message: dict[str, Any], conversation_id: str, channel: int, *, inherit: bool = False) -> bytes:
    """A new message on its channel; `inherit` leaves path and operation to a cursor that is at a root `add`."""
    head = "" if inherit else '"p":"","o":"add",'
    body = f'{{"message":{dumps(message)},"conversation_id":"{conversation_id}","error":null}}'
    return f'event: delta\ndata: {{{head}"v":{body},"c":{channel}}}\n\n'.encode(errors="replace")


def text_append(text: str, *, inherit: bool) -> bytes:
    """A piece of text; `inherit` leaves path and operation to the cursor."""
    head = "" if inherit else '"p":"/message/content/parts/0","o":"append",'
    return f'event: delta\ndata: {{{head}"v":{dumps(text)}}}\n\n'.encode(errors="replace")


def patch(*entries: tuple[str, str, Any]) -> bytes:
    """A patch at the root of the current document: `(path, operation, value)` in order."""
    nested = [{"p": path, "o": operation, "v": value} for path, operation, value in entries]
    return delta({"p": "", "o": "patch", "v": nested})


def closing(last_text: str | None, finish: str, *, status: str = "finished_successfully") -> bytes:
    """The patch that ends an answer; it may carry the last piece of text."""
    entries: list[tuple[str, str, Any]] = []
    if last_text is not None:
        entries.append(("/message/content/parts/0", "append", last_text))
    entries.append(("/message/status", "replace", status))
    entries.append(("/message/end_turn", "replace", True))
    entries.append(("/message/metadata", "append", {"is_complete": True, "finish_details": {"type": finish}}))
    return patch(*entries)


def marker(conversation_id: str, message_id: str, name: str, event: str) -> bytes:
    """A `message_marker`: progress, never content."""
    return typed(
        {
            "type": "message_marker",
            "conversation_id": conversation_id,
            "message_id": message_id,
            "marker": name,
            "event": event,
        }
    )


def snapshot(message: dict[str, Any], conversation_id: str) -> bytes:
    """A legacy event: the whole message so far."""
    return typed({"message": message, "conversation_id": conversation_id, "error": None})


def new_message(
    identity: str,
    role: str,
    content: dict[str, Any],
    *,
    name: str | None = None,
    status: str = "finished_successfully",
    end_turn: bool | None = None,
    metadata: dict[str, Any] | None = None,
    recipient: str = "all",
    channel: str | None = None,
    created: float | None = None,
) -> dict[str, Any]:
    """A message in the backend's shape."""
    return {
        "id": identity,
        "author": {"role": role, "name": name, "metadata": {}},
        "create_time": time.time() if created is None else created,
        "update_time": None,
        "content": content,
        "status": status,
        "end_turn": end_turn,
        "weight": 1.0,
        "metadata": {} if metadata is None else metadata,
        "recipient": recipient,
        "channel": channel,
    }


def text(*parts: str) -> dict[str, Any]:
    """Text content."""
    return {"content_type": "text", "parts": list(parts)}

"""A new turn's bodies, made from the captured one (docs/protocol.md sections 1.10, 2.5, 5 and 6.1)."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from core import ids
from provider.chatgpt_web.capture.timezone import offset_minutes, zone_name
from provider.chatgpt_web.widgets import HINT as RESEARCH_HINT
from provider.interface.turns import TurnMessage, TurnRequest, UploadedFile

IMAGE_HINT = "picture_v2"
SEARCH_HINT = "search"
ROOT = "client-created-root"

_DEFAULTS: Mapping[str, Any] = {
    "conversation_mode": {"kind": "primary_assistant"},
    "supports_buffering": True,
    "supported_encodings": ["v1"],
    "client_contextual_info": {
        "is_dark_mode": False,
        "time_since_loaded": 20,
        "page_height": 900,
        "page_width": 1440,
        "pixel_ratio": 1,
        "screen_height": 1080,
        "screen_width": 1920,
        "app_name": "chatgpt.com",
    },
    "paragen_cot_summary_display_override": "allow",
    "force_parallel_switch": "auto",
}
_HINTS: Mapping[str, tuple[str, ...]] = {"chat": (), "image": (IMAGE_HINT,), "research": (RESEARCH_HINT,)}
_RESEARCH_METADATA: Mapping[str, Any] = {
    "system_hints": [RESEARCH_HINT],
    "selected_sources": [],
    "selected_github_repos": [],
    "selected_all_github_repos": False,
    "deep_research_version": "standard",
    "venus_model_variant": "standard",
}
_FOLLOWUPS = "enable_message_followups"
_PREPARE_KEYS = (
    "action",
    "conversation_id",
    "parent_message_id",
    "model",
    "client_prepare_state",
    "timezone_offset_min",
    "timezone",
    "variant_purpose",
    "conversation_mode",
    "system_hints",
    "supports_buffering",
    "supported_encodings",
    "thinking_effort",
    "client_contextual_info",
    "paragen_cot_summary_display_override",
    "force_parallel_switch",
    "enable_message_followups",
)


def turn_template(captured: Mapping[str, Any] | None) -> dict[str, Any]:
    """What of a captured body belongs to any new turn: never its message, its conversation or its one-shot hints.

    A key whose value has another type than the page sends is replaced by its default. `model` and
    `enable_message_followups` are there only if they were captured.
    """
    captured = captured or {}
    template = {
        key: captured[key] if isinstance(captured.get(key), type(default)) else deepcopy(default)
        for key, default in _DEFAULTS.items()
    }
    for key, kind in ((_FOLLOWUPS, bool), ("model", str)):
        if isinstance(captured.get(key), kind) and captured[key] != "":
            template[key] = captured[key]
    return template


def conversation_body(
    captured: Mapping[str, Any] | None, request: TurnRequest, *, now_seconds: float, prepared: str
) -> dict[str, Any]:
    """The body of the conversation POST. `prepared` is its `client_prepare_state`, `now_seconds` Unix time."""
    template = turn_template(captured)
    chat, image = request.kind == "chat", request.kind == "image"
    zone = zone_name()
    body: dict[str, Any] = {
        "action": "next",
        "messages": _messages(request, now_seconds, zone),
        "parent_message_id": request.parent_message_id or ROOT,
        **template,
        "model": _model(template, request),
        "client_prepare_state": prepared,
        "timezone_offset_min": offset_minutes(zone, datetime.fromtimestamp(now_seconds, UTC)),
        "timezone": zone,
        "system_hints": [*_HINTS[request.kind], *([SEARCH_HINT] if chat and request.search else [])],
    }
    if image:
        body[_FOLLOWUPS] = True
    if request.conversation_id is not None:
        body["conversation_id"] = request.conversation_id
    if request.effort is not None and chat:
        body["thinking_effort"] = request.effort
    if request.temporary and chat:
        body["history_and_training_disabled"] = True
    return body


def prepare_body(body: Mapping[str, Any]) -> dict[str, Any]:
    """The prepare request that goes with a conversation body."""
    prepared = {key: body[key] for key in _PREPARE_KEYS if key in body}
    prepared["client_prepare_state"] = "none"
    if body.get("action") == "next" and body.get("messages"):
        prepared["partial_query"] = body["messages"][-1]
    return prepared


def _model(template: Mapping[str, Any], request: TurnRequest) -> str:
    """The captured model may be one that costs quota: it counts only where nobody chose. Research takes no model."""
    if request.model is not None and request.kind != "research":
        return request.model
    return "auto" if request.kind != "chat" else str(template.get("model", "auto"))


def _messages(request: TurnRequest, now_seconds: float, zone: str) -> list[dict[str, Any]]:
    *earlier, last = request.messages
    asked = _message(last, request.message_id, now_seconds)
    if request.kind == "research":
        asked["metadata"] |= deepcopy(dict(_RESEARCH_METADATA)) | {"user_timezone": zone}
    return [*(_message(message, ids.message_id(), now_seconds) for message in earlier), asked]


def _message(message: TurnMessage, message_id: str, now_seconds: float) -> dict[str, Any]:
    metadata: dict[str, Any] = {"serialization_metadata": {"custom_symbol_offsets": []}}
    content: dict[str, Any] = {"content_type": "text", "parts": [message.text]}
    pictures = [_pointer(file) for file in message.files if file.mime_type.startswith("image/")]
    if pictures:
        content = {"content_type": "multimodal_text", "parts": [*pictures, message.text]}
    if message.files:
        metadata["attachments"] = [_attachment(file) for file in message.files]
    return {
        "id": message_id,
        "author": {"role": message.role},
        "create_time": now_seconds,
        "content": content,
        "metadata": metadata,
    }


def _pointer(file: UploadedFile) -> dict[str, Any]:
    part = {
        "content_type": "image_asset_pointer",
        "asset_pointer": f"file-service://{file.file_id}",
        "size_bytes": file.size_bytes,
    }
    return part | _size(file)


def _attachment(file: UploadedFile) -> dict[str, Any]:
    named = {"id": file.file_id, "mimeType": file.mime_type, "name": file.name, "size": file.size_bytes}
    return named | _size(file)


def _size(file: UploadedFile) -> dict[str, Any]:
    if file.width is None or file.height is None:
        return {}
    return {"width": file.width, "height": file.height}

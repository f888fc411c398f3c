"""The body of a turn as a client sends it, and its messages as upstream keeps them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from provider.simulator.conversations import ROOT
from provider.simulator.refusals import CATALOGUE, RefusedError, invalid

MOST_CHARACTERS = 1_000_000
_EFFORTS = ("min", "standard", "extended", "max", "xhigh")
_PREPARE_KEYS = frozenset(
    (
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
        "partial_query",
        "fork_from_shared_post",
    )
)
_ACTIONS = ("next", "variant", "continue")


@dataclass(frozen=True, slots=True)
class Body:
    """What a turn's POST asks for (docs/protocol.md section 2.7).

    Attributes:
        messages: as sent; empty for `variant` and `continue`.
        prompt: the text of the last message.
        uploaded: bare ids of the pictures the last message points at.
        files: bare ids of all files that any message points at or has attached.
    """

    action: str
    messages: tuple[dict[str, Any], ...]
    prompt: str
    message_id: str
    conversation_id: str | None
    parent: str
    model: str
    effort: str | None
    hints: tuple[str, ...]
    temporary: bool
    prepare_state: str | None
    uploaded: tuple[str, ...]
    files: tuple[str, ...]


def read_body(body: dict[str, Any]) -> Body:
    """Check a turn's body.

    Raises:
        RefusedError: 422 with the place of the fault, or 400 when the message is too long.
    """
    action = body.get("action")
    if action not in _ACTIONS:
        raise invalid("action")
    messages = _messages(body, required=action == "next")
    conversation_id = body.get("conversation_id")
    if conversation_id is not None and not (isinstance(conversation_id, str) and conversation_id):
        raise invalid("conversation_id", message="Input should be a conversation id")
    parent = body.get("parent_message_id")
    if not isinstance(parent, str) or not parent or (conversation_id is None and parent != ROOT):
        raise invalid("parent_message_id", message="Input should be a message of the conversation")
    if body.get("thinking_effort") not in (None, *_EFFORTS):
        raise invalid("thinking_effort", message="Input should be a thinking effort")
    if "v1" not in (body.get("supported_encodings") or ("v1",)):
        raise invalid("supported_encodings", message="Input should hold v1")
    parts = messages[-1]["content"].get("parts", []) if messages else []
    prompt = "\n".join(part for part in parts if isinstance(part, str))
    if len(prompt) > MOST_CHARACTERS:
        raise RefusedError(CATALOGUE["too_long"])
    return Body(
        action=str(action),
        messages=messages,
        prompt=prompt,
        message_id=str(messages[-1]["id"]) if messages else parent,
        conversation_id=conversation_id,
        parent=parent,
        model=str(body.get("model") or "auto"),
        effort=body.get("thinking_effort"),
        hints=tuple(str(hint) for hint in body.get("system_hints") or ()),
        temporary=body.get("history_and_training_disabled") is True,
        prepare_state=body.get("client_prepare_state"),
        uploaded=tuple(bare_id(part["asset_pointer"]) for part in parts if isinstance(part, dict)),
        files=tuple(identity for message in messages for identity in (*pointed(message), *attached(message))),
    )


def read_prepare(body: dict[str, Any]) -> str:
    """Check a `prepare` body; returns the text of the message it announces.

    Raises:
        RefusedError: 422, also for keys of the turn's body that do not belong here.
    """
    for name in body:
        if name not in _PREPARE_KEYS:
            raise invalid(name, message="Extra inputs are not permitted")
    if body.get("client_prepare_state") != "none":
        raise invalid("client_prepare_state", message="Input should be none")
    query = body.get("partial_query")
    if body.get("action") != "next":
        return ""
    if not isinstance(query, dict):
        raise invalid("partial_query")
    _check_message(query, 0)
    return "\n".join(part for part in query["content"]["parts"] if isinstance(part, str))


def stored(message: dict[str, Any], new_id: Callable[[], str]) -> dict[str, Any]:
    """A sent message in the shape upstream keeps it: uploads show under the other scheme."""
    content = message["content"]
    if any(isinstance(part, dict) for part in content.get("parts", ())):
        content = {**content, "parts": [_echoed(part) for part in content["parts"]]}
    return {
        "id": message.get("id") or new_id(),
        "author": {"role": message["author"]["role"], "name": None, "metadata": {}},
        "create_time": message.get("create_time") or time.time(),
        "update_time": None,
        "content": content,
        "status": "finished_successfully",
        "end_turn": None,
        "weight": 1.0,
        "metadata": message.get("metadata") or {},
        "recipient": "all",
        "channel": None,
    }


def bare_id(pointer: Any) -> str:
    """The id of an asset pointer without scheme, fragment and query."""
    return str(pointer).rpartition("://")[2].partition("#")[0].partition("?")[0]


def pointed(message: dict[str, Any]) -> tuple[str, ...]:
    """Bare ids of the pictures a message points at."""
    parts = message["content"].get("parts", ())
    return tuple(bare_id(part.get("asset_pointer")) for part in parts if isinstance(part, dict))


def attached(message: dict[str, Any]) -> tuple[str, ...]:
    """Bare ids of the files a message has attached, its pictures as a rule among them."""
    return tuple(str(file["id"]) for file in (message.get("metadata") or {}).get("attachments") or ())


def _messages(body: dict[str, Any], *, required: bool) -> tuple[dict[str, Any], ...]:
    messages = body.get("messages")
    if not required:
        return ()
    if not isinstance(messages, list) or not messages:
        raise invalid("messages")
    for index, message in enumerate(messages):
        _check_message(message, index)
    last = messages[-1]
    if last["author"]["role"] != "user" or not isinstance(last.get("id"), str) or not last["id"]:
        raise invalid("messages", str(len(messages) - 1), message="The last message is the user's and has an id")
    return tuple(messages)


def _check_message(message: Any, index: int) -> None:
    author = message.get("author") if isinstance(message, dict) else None
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(author, dict) or author.get("role") not in ("user", "assistant", "system"):
        raise invalid("messages", str(index), "author")
    if not isinstance(content, dict) or content.get("content_type") not in ("text", "multimodal_text"):
        raise invalid("messages", str(index), "content", "content_type")
    parts = content.get("parts")
    if not isinstance(parts, list) or not all(_is_part(part) for part in parts):
        raise invalid("messages", str(index), "content", "parts")
    metadata = message.get("metadata") or {}
    attachments = (metadata.get("attachments") or []) if isinstance(metadata, dict) else None
    if not isinstance(attachments, list) or not all(_is_attachment(file) for file in attachments):
        raise invalid("messages", str(index), "metadata", "attachments")


def _is_part(part: Any) -> bool:
    return isinstance(part, str) or (isinstance(part, dict) and isinstance(part.get("asset_pointer"), str))


def _is_attachment(file: Any) -> bool:
    return isinstance(file, dict) and isinstance(file.get("id"), str) and isinstance(file.get("name"), str)


def _echoed(part: Any) -> Any:
    if not isinstance(part, dict):
        return part
    return {
        **part,
        "content_type": "image_asset_pointer",
        "asset_pointer": f"sediment://{bare_id(part['asset_pointer'])}",
    }

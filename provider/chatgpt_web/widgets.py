"""The research widget in messages and documents (docs/protocol.md sections 6.3 and 6.4)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from provider.chatgpt_web.stream.visible import Message, as_object, metadata, role
from provider.interface.research import ResearchHandle

APP_URI = "connectors://connector_openai_deep_research"
HINT = "connector:connector_openai_deep_research"

_STATE_KEYS = ("widget_state", "venus_widget_state")
_STATE_FACTS = ("status", "plan", "report_message", "waiting_for_user_response_on_plan_until")
_DEEPEST = 40


def research_handle(message: Message, conversation_id: str) -> ResearchHandle | None:
    """What a message's research is followed by; `None` when it carries no research, or says nothing to follow it by.

    A user's message never carries one, whatever its metadata claims: the client wrote them.
    """
    widget, told = _widget(message), _told(message)
    message_id = _text(message.get("id"))
    if not widget or message_id is None:
        return None
    widget_session_id = (
        _text(told.get("openai/widgetSessionId"))
        or _text(told.get("widget_session_id"))
        or _text(widget.get("widget_session_id"))
    )
    session_id = _text(told.get("async_task_conversation_id")) or _session_in_text(message)
    if widget_session_id is None and session_id is None:
        return None
    return ResearchHandle(conversation_id, message_id, widget_session_id, session_id)


def last_research(messages: Iterable[Message], conversation_id: str) -> ResearchHandle | None:
    """The last research among the messages."""
    found: ResearchHandle | None = None
    for message in messages:
        found = research_handle(message, conversation_id) or found
    return found


def stored_state(message: Message) -> dict[str, Any] | None:
    """The state that a stored message holds: the one kept up to date, else the one it began with."""
    widget, told = _widget(message), _told(message)
    return _state(widget.get("widget_state")) or _state(told.get("venus_widget_state"))


def last_state(value: object) -> dict[str, Any] | None:
    """The last widget state anywhere in a document, `None` when there is none."""
    states = list(_states(value, 0))
    return states[-1] if states else None


def _states(value: object, depth: int) -> Iterator[dict[str, Any]]:
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for item in value:
            yield from _states(item, depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            state = _state(item) if key in _STATE_KEYS else None
            if state is not None:
                yield state
            else:
                yield from _states(item, depth + 1)


def _state(value: object) -> dict[str, Any] | None:
    """A state as an object or as JSON text; anything else is none."""
    document = as_object(_parsed(value) if isinstance(value, str) else value)
    return document if any(fact in document for fact in _STATE_FACTS) else None


def _widget(message: Message) -> dict[str, Any]:
    """The research widget's facts, empty where there is none."""
    if role(message) in ("user", None):
        return {}
    widget = as_object(metadata(message).get("chatgpt_sdk"))
    return widget if widget.get("resolved_pineapple_uri", APP_URI) in (APP_URI, None) else {}


def _told(message: Message) -> dict[str, Any]:
    return as_object(_widget(message).get("tool_response_metadata"))


def _session_in_text(message: Message) -> str | None:
    text = as_object(message.get("content")).get("text")
    return _text(as_object(_parsed(text)).get("session_id")) if isinstance(text, str) else None


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None

"""What an answer may be, in the words of the API that it was asked for by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any, TypeAlias

from pydantic_core import PydanticSerializationError, to_json

from bridge.chat.order import Form
from bridge.chat.structured import read_shape
from bridge.chat.tools.offer import Offer, PromptMode
from bridge.chat.tools.wire import read_offer

Asked: TypeAlias = Mapping[str, Any]
"""What of a request's body says what its answer may be, and `chatgpt_mode`, the mode of the tool bridge."""

_CHAT = (
    "tools",
    "functions",
    "tool_choice",
    "function_call",
    "parallel_tool_calls",
    "response_format",
    "stop",
    "max_tokens",
    "max_completion_tokens",
)
_OFFERING = ("tools", "functions", "tool_choice", "function_call", "parallel_tool_calls")
_MOST_KEPT = 100
_LONGEST_KEPT = 256 * 1024

_offers: dict[tuple[PromptMode, bytes], Offer] = {}

_RESPONSE = ("tools", "tool_choice", "parallel_tool_calls", "text", "max_output_tokens")
_MODE = "chatgpt_mode"


def chat_words(body: Asked, mode: PromptMode | None) -> dict[str, Any]:
    """What a chat's body says of its answer."""
    return _words(body, _CHAT, mode)


def response_words(body: Asked, mode: PromptMode | None) -> dict[str, Any]:
    """What the body of a response says of its answer."""
    return _words(body, _RESPONSE, mode)


def chat_form(asked: Asked, default: PromptMode) -> Form:
    """The form of a chat's answer.

    Args:
        default: the mode of the tool bridge where the request names none.

    Raises:
        InvalidRequestError: `param` names the field that is wrong.
    """
    stop = asked.get("stop") or ()
    return Form(
        offer=_offer(asked, default),
        shape=read_shape(asked.get("response_format"), param="response_format", nested=True),
        stops=(stop,) if isinstance(stop, str) else tuple(word for word in stop if word),
        most_tokens=asked.get("max_completion_tokens") or asked.get("max_tokens"),
    )


def response_form(asked: Asked, default: PromptMode) -> Form:
    """The same for a response."""
    text = asked.get("text") or {}
    return Form(
        offer=_offer(asked, default),
        shape=read_shape(text.get("format"), param="text.format", nested=False),
        most_tokens=asked.get("max_output_tokens"),
    )


FORMS: Mapping[str, Callable[[Asked, PromptMode], Form]] = {"chat": chat_form, "responses": response_form}
"""By the API that asked."""


def _words(body: Asked, names: tuple[str, ...], mode: PromptMode | None) -> dict[str, Any]:
    words = {name: body[name] for name in names if body.get(name) is not None}
    return words if mode is None else {**words, _MODE: mode.value}


def _offer(asked: Asked, default: PromptMode) -> Offer | None:
    named = asked.get(_MODE)
    offer = _read(asked, default if named is None else PromptMode(named))
    return offer if offer.tools or offer.ignored or named is not None else None


def _read(asked: Asked, mode: PromptMode) -> Offer:
    """The offer, read once: agents send the same tools with every request.

    Raises:
        InvalidRequestError: as `chat_form`.
    """
    words = {name: asked[name] for name in _OFFERING if name in asked}
    if not words:
        return Offer(mode=mode)
    try:
        text = to_json(words)
    except PydanticSerializationError:
        # Half a character somewhere: such an offer is read each time.
        return read_offer(words, mode)
    digest = mode, blake2b(text, digest_size=16).digest()
    found = _offers.get(digest)
    if found is None:
        found = read_offer(words, mode)
        if len(text) <= _LONGEST_KEPT:
            if len(_offers) >= _MOST_KEPT:
                _offers.clear()
            _offers[digest] = found
    return found

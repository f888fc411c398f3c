"""The request of a chat."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from api.overrides import AccountOptions
from api.validation import Request
from core.settings.upstream import privacy


def _switch(value: Any) -> Any:
    if value is not None and not isinstance(value, bool | str | int):
        raise ValueError("must be a boolean or a word")
    return value


def _privacy(value: Any) -> bool | None:
    if value is None:
        return None
    known = privacy(value) if isinstance(value, bool | str) else None
    if known is None:
        raise ValueError("must be a boolean or a word such as true, false, temporary or normal")
    return known


def _stop(value: Any) -> Any:
    if value is not None and not isinstance(value, str):
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise ValueError("must be a string or an array of strings")
    return value


Switch = Annotated[Any, AfterValidator(_switch)]
Privacy = Annotated[Any, AfterValidator(_privacy)]
Number = float | None


class ChatOptions(AccountOptions):
    """What may stand in the body or in its `metadata`."""

    history_and_training_disabled: Privacy = None
    temporary_chat: Privacy = None
    chatgpt_temporary_chat: Privacy = None
    agent_mode: Switch = None
    chatgpt_agent_mode: Switch = None
    tool_bridge: Switch = None
    chatgpt_tool_bridge: Switch = None
    deep_research: Switch = None
    deep_research_version: Switch = None
    system_hints: list[str] | None = None
    chatgpt_image_intercept: Switch = None


class StreamOptions(Request):
    """What a stream holds beside the answer."""

    include_usage: bool | None = None


class ChatRequest(ChatOptions):
    """A chat. The fields after `metadata` are accepted for clients' sake; upstream has no such controls."""

    messages: list[dict[str, Any]] = Field(min_length=1)
    model: str | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    thinking_effort: str | None = None
    tools: list[Any] | None = None
    functions: list[Any] | None = None
    tool_choice: Any = None
    function_call: Any = None
    n: Annotated[int, Field(ge=1)] | None = None
    prompt_cache_key: str | None = None
    metadata: dict[str, Any] | None = None

    temperature: Number = None
    top_p: Number = None
    presence_penalty: Number = None
    frequency_penalty: Number = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    seed: int | None = None
    stop: Annotated[Any, AfterValidator(_stop)] = None
    response_format: dict[str, Any] | None = None
    user: str | None = None

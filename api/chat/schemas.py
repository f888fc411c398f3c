"""The request of a chat. What becomes of each field is said in `api.chat.fields`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from api.answers.options import Switch, TalkOptions
from api.validation import Request, shown

MOST_STOPS = 16
MOST_MESSAGES = 10_000


def _stop(value: Any) -> tuple[str, ...]:
    words = [value] if isinstance(value, str) else value
    if value is None:
        return ()
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ValueError("must be a string or an array of strings")
    if len(words) > MOST_STOPS:
        raise ValueError(f"must have at most {MOST_STOPS} entries")
    # An empty word stands everywhere: it would end every answer before it begins.
    return tuple(word for word in words if word)


Stop = Annotated[
    Any,
    AfterValidator(_stop),
    shown({"type": "string"}, {"type": "array", "items": {"type": "string"}, "maxItems": MOST_STOPS}),
]
Message = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {"type": "object", "required": ["role"], "properties": {"role": {"type": "string", "minLength": 1}}}
    ),
]
"""Looked at by `bridge.chat.transcript`."""
Number = float | None
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


class ChatOptions(TalkOptions):
    """What may stand in the body or in its `metadata`."""

    deep_research: Switch = None
    deep_research_version: Switch = None
    system_hints: list[str] | None = None
    chatgpt_image_intercept: Switch = None
    chatgpt_reasoning: Switch = None


class StreamOptions(Request):
    """What a stream holds beside the answer."""

    include_usage: bool | None = None


class ChatRequest(ChatOptions):
    """A chat, as OpenAI's document has it, and the bridge's own options."""

    messages: list[Message] = Field(min_length=1, max_length=MOST_MESSAGES)
    model: str | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    thinking_effort: str | None = None
    reasoning_effort: Effort | None = None
    tools: list[Any] | None = None
    functions: list[Any] | None = None
    tool_choice: Any = None
    function_call: Any = None
    parallel_tool_calls: bool | None = None
    response_format: dict[str, Any] | None = None
    stop: Stop = ()
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    n: Annotated[int, Field(ge=1, le=4)] | None = None
    web_search_options: dict[str, Any] | None = None
    modalities: list[str] | None = None
    audio: dict[str, Any] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    prompt_cache_key: str | None = None
    metadata: dict[str, Any] | None = None

    temperature: Number = None
    top_p: Number = None
    presence_penalty: Number = None
    frequency_penalty: Number = None
    logit_bias: dict[str, Any] | None = None
    seed: int | None = None
    user: str | None = None
    safety_identifier: str | None = None
    prompt_cache_retention: str | None = None
    prediction: dict[str, Any] | None = None
    service_tier: str | None = None
    store: bool | None = None
    verbosity: str | None = None

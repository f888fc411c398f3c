"""The request of a response. What becomes of each field is said in `api.responses.fields`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from api.answers.options import TalkOptions
from api.chat.schemas import MOST_MESSAGES, Effort, Number
from api.images.schemas import OnDisconnect
from api.validation import Request, shown

_MOST_METADATA = 16


def _metadata(value: dict[str, str] | None) -> dict[str, str] | None:
    if value is not None and len(value) > _MOST_METADATA:
        raise ValueError(f"must have at most {_MOST_METADATA} entries")
    return value


def _input(value: object) -> object:
    if value is not None and not isinstance(value, str | list):
        raise ValueError("must be a string or an array of items")
    if isinstance(value, list) and len(value) > MOST_MESSAGES:
        raise ValueError(f"must have at most {MOST_MESSAGES} items")
    return value


def _conversation(value: object) -> object:
    """A conversation is named by its id, or by an object that holds it."""
    return value.get("id") if isinstance(value, dict) else value


Input = Annotated[str | list[Any] | None, BeforeValidator(_input)]
Metadata = Annotated[dict[str, str] | None, AfterValidator(_metadata)]
ConversationId = Annotated[str | None, BeforeValidator(_conversation), shown({"type": "string"}, {"type": "object"})]


class Reasoning(Request):
    """How hard the model thinks, and whether what it shows of that is told."""

    effort: Effort | None = None
    summary: str | None = None
    generate_summary: str | None = None


class TextOptions(Request):
    """The form of the answer."""

    format: dict[str, Any] | None = None
    verbosity: str | None = None


class ResponseBody(TalkOptions):
    """A response, as OpenAI's document has it, and the bridge's own options."""

    input: Input = None
    instructions: str | None = None
    model: str | None = None
    stream: bool | None = None
    background: bool | None = None
    store: bool | None = None
    previous_response_id: str | None = None
    conversation: ConversationId = None
    tools: list[Any] | None = None
    tool_choice: Any = None
    parallel_tool_calls: bool | None = None
    text: TextOptions | None = None
    reasoning: Reasoning | None = None
    max_output_tokens: Annotated[int, Field(ge=1)] | None = None
    truncation: str | None = None
    include: list[str] | None = None
    metadata: Metadata = None
    prompt_cache_key: str | None = None
    prompt: dict[str, Any] | None = None
    chatgpt_on_disconnect: OnDisconnect = None

    temperature: Number = None
    top_p: Number = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    max_tool_calls: int | None = None
    user: str | None = None
    safety_identifier: str | None = None
    service_tier: str | None = None


class CompactBody(ResponseBody):
    """The same for a summary, of which OpenAI's document wants to know the model."""

    model: str

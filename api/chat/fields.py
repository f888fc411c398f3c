"""What becomes of each documented field of a chat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.effects import HONOURED, NO_CONTROL, NO_MEANING, Effect, Field


def _more_than_text(value: Any) -> bool:
    return bool(value) and list(value) != ["text"]


FIELDS: Mapping[str, Field] = {
    "messages": HONOURED,
    "model": Field(
        Effect.HONOURED, "names of `GET /v1/models`; any other is tried as an upstream name, then the fallback"
    ),
    "stream": HONOURED,
    "stream_options": Field(Effect.HONOURED, "`include_usage`; `include_obfuscation` is without effect"),
    "n": Field(Effect.EMULATED, "1 to 4 turns at once, each of which costs a message"),
    "stop": Field(Effect.EMULATED, "up to 16 words; the bridge cuts the answer there and stops upstream"),
    "max_tokens": Field(Effect.EMULATED, "the bridge cuts the answer at the estimate; as `max_completion_tokens`"),
    "max_completion_tokens": Field(Effect.EMULATED, "the bridge cuts the answer at the estimate, `length`"),
    "response_format": Field(Effect.EMULATED, "asked for in words, checked, asked for once more, else a `refusal`"),
    "tools": Field(Effect.EMULATED, "described in words, calls checked by their schemas; docs/tools.md"),
    "tool_choice": Field(Effect.EMULATED, "said in words and checked, asked for once more at most"),
    "parallel_tool_calls": Field(Effect.EMULATED, "said in words and checked"),
    "functions": Field(Effect.EMULATED, "the older form of `tools`, answered with `function_call`"),
    "function_call": Field(Effect.EMULATED, "the older form of `tool_choice`"),
    "reasoning_effort": Field(Effect.HONOURED, "the nearest that the model offers; none where it offers no choice"),
    "web_search_options": Field(Effect.HONOURED, "asks upstream to search; the options within are without effect"),
    "prompt_cache_key": Field(Effect.HONOURED, "chats with the same key prefer the same account"),
    "metadata": Field(Effect.HONOURED, "the bridge's own options may stand in it; other entries are kept by nobody"),
    "modalities": Field(Effect.REFUSED, "answers are text, pictures have routes of their own", _more_than_text),
    "audio": Field(Effect.REFUSED, "there is no speech"),
    "logprobs": Field(Effect.REFUSED, "upstream shows no probabilities"),
    "top_logprobs": Field(Effect.REFUSED, "upstream shows no probabilities"),
    "temperature": NO_CONTROL,
    "top_p": NO_CONTROL,
    "presence_penalty": NO_CONTROL,
    "frequency_penalty": NO_CONTROL,
    "logit_bias": NO_CONTROL,
    "seed": NO_CONTROL,
    "verbosity": NO_CONTROL,
    "prediction": NO_CONTROL,
    "service_tier": NO_MEANING,
    "store": Field(Effect.IGNORED, "chats are not kept; `POST /v1/responses` keeps its answers"),
    "user": NO_MEANING,
    "safety_identifier": NO_MEANING,
    "moderation": NO_MEANING,
    "prompt_cache_options": NO_MEANING,
    "prompt_cache_retention": NO_MEANING,
}
"""Every field of OpenAI's document."""

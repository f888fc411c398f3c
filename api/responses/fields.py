"""What becomes of each documented field of a response."""

from __future__ import annotations

from collections.abc import Mapping

from api.effects import HONOURED, NO_CONTROL, NO_MEANING, Effect, Field

FIELDS: Mapping[str, Field] = {
    "input": Field(Effect.HONOURED, "messages, calls, their outputs, references; items of other kinds are passed over"),
    "instructions": HONOURED,
    "model": Field(
        Effect.HONOURED, "names of `GET /v1/models`; any other is tried as an upstream name, then the fallback"
    ),
    "stream": HONOURED,
    "stream_options": NO_MEANING,
    "background": Field(Effect.HONOURED, "a durable operation of the kind `response`; wants `store`"),
    "background_options": NO_MEANING,
    "store": Field(Effect.HONOURED, "kept as long as `CHATGPT_RETENTION_RESPONSES_DAYS` says; `true` by default"),
    "previous_response_id": Field(Effect.HONOURED, "goes on in its conversation upstream, on its account only"),
    "conversation": Field(Effect.HONOURED, "as `previous_response_id`"),
    "tools": Field(Effect.EMULATED, "functions, groups of them and freeform tools; docs/tools.md. Others are reported"),
    "tool_choice": Field(Effect.EMULATED, "said in words and checked, asked for once more at most"),
    "parallel_tool_calls": Field(Effect.EMULATED, "said in words and checked"),
    "max_tool_calls": Field(Effect.IGNORED, "counts calls of built-in tools, of which there are none"),
    "text": Field(
        Effect.EMULATED, "`format`: asked for in words, checked, asked for once more; `verbosity` has no effect"
    ),
    "reasoning": Field(Effect.HONOURED, "`effort`: the nearest that the model offers; `summary`: what upstream shows"),
    "max_output_tokens": Field(Effect.EMULATED, "the bridge cuts the answer at the estimate, `incomplete`"),
    "truncation": Field(Effect.EMULATED, "`auto`: beyond the budget older parts of a chat with tools are left out"),
    "include": Field(Effect.IGNORED, "what there is, is there always"),
    "metadata": Field(Effect.HONOURED, "kept and given back; the bridge's own options may stand in it"),
    "prompt_cache_key": Field(Effect.HONOURED, "responses with the same key prefer the same account"),
    "prompt": Field(Effect.REFUSED, "templates lie at OpenAI only"),
    "context_management": NO_MEANING,
    "image": NO_MEANING,
    "access_programs": NO_MEANING,
    "moderation": NO_MEANING,
    "temperature": NO_CONTROL,
    "top_p": NO_CONTROL,
    "top_logprobs": Field(Effect.REFUSED, "upstream shows no probabilities"),
    "service_tier": NO_MEANING,
    "user": NO_MEANING,
    "safety_identifier": NO_MEANING,
    "prompt_cache_options": NO_MEANING,
    "prompt_cache_retention": NO_MEANING,
}
"""Every field of OpenAI's document."""

"""Bodies of chats and responses: mostly sensible, with nonsense in any place."""

from __future__ import annotations

import base64
from typing import Any

from hypothesis import strategies as st

from tests.fakes.upstream import png

Anything = st.SearchStrategy[Any]

_ODD_TEXTS = [
    "",
    " ",
    "\x00",
    "\ufeff",
    "\u2028",
    "\u202e",
    "e\u0301",
    "😀",
    "\U0010ffff",
    "a" * 20_000,
    "](",
    "```json\n{",
]
_ODD_NUMBERS = [0, -1, 1.5, -0.0, 1e308, 2**31, 2**63, 2**64, -(2**63), 10**300]
PICTURE = "data:image/png;base64," + base64.b64encode(png()).decode()

texts: Anything = st.text(max_size=60) | st.sampled_from(_ODD_TEXTS) | st.builds(lambda: "long " * 5000)
scalars: Anything = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
scalars |= st.sampled_from(_ODD_NUMBERS)
junk: Anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)
deep: Anything = st.integers(2, 900).map(lambda levels: _nested(levels))


def _nested(levels: int) -> Any:
    found: Any = []
    for level in range(levels):
        found = {"a": found} if level % 2 else [found]
    return found


def mostly(good: Anything, *, odds: int = 60) -> Anything:
    """The good thing, and once in so many times something else."""
    return st.integers(0, odds).flatmap(lambda drawn: good if drawn else junk | deep)


def thing(required: dict[str, Anything], **optional: Anything) -> Anything:
    """An object of such fields, one of which is missing once in a while."""
    whole = st.fixed_dictionaries(required, optional=optional)
    without = st.integers(0, 30 * len(required))
    return st.tuples(whole, without).map(lambda drawn: _without(drawn[0], [*required][drawn[1] :][:1]))


def _without(whole: dict[str, Any], names: list[str]) -> dict[str, Any]:
    return {name: value for name, value in whole.items() if name not in names}


names = st.sampled_from(["get_weather", "a-b", "x" * 64, "mcp__files__read"]) | texts
_sources = st.sampled_from([PICTURE, "data:,", "data:image/png;base64,????", "http://127.0.0.1/a.png", "file-none", ""])
_parts = st.one_of(
    thing({"type": st.sampled_from(["text", "input_text", "output_text"]), "text": mostly(texts)}),
    thing({"type": st.just("image_url"), "image_url": mostly(st.fixed_dictionaries({"url": mostly(_sources)}))}),
    thing({"type": st.just("input_image"), "image_url": mostly(_sources)}, detail=texts, file_id=texts),
    thing({"type": st.just("file"), "file": mostly(st.fixed_dictionaries({"file_data": _sources}))}),
    thing({"type": st.just("input_file")}, file_data=_sources, file_id=texts, file_url=_sources, filename=texts),
    thing({"type": st.just("refusal"), "refusal": mostly(texts)}),
    thing({"type": st.sampled_from(["input_audio", "video", ""]) | texts}),
)
contents = mostly(texts | st.none() | st.lists(mostly(_parts), max_size=4))
_called = thing({"name": mostly(names), "arguments": mostly(st.just('{"city": "Bonn"}') | texts)})
_calls = thing({"id": mostly(texts), "type": mostly(st.just("function")), "function": mostly(_called)})

roles = mostly(
    st.sampled_from(["user", "user", "user", "system", "developer", "assistant", "tool", "function"]) | texts
)
messages = thing(
    {"role": roles, "content": contents},
    name=mostly(names),
    tool_call_id=mostly(texts),
    tool_calls=mostly(st.lists(mostly(_calls), max_size=3)),
    function_call=mostly(_called),
    refusal=mostly(texts),
)

_schemas = st.sampled_from(
    [
        {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        {"type": "object", "properties": {"n": {"$ref": "#/$defs/n"}}, "$defs": {"n": {"type": "integer"}}},
        {"type": "object", "properties": {"a": {"$ref": "#"}}},
        {"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1:9/schema"}}},
        {"type": "object", "properties": {"a": {"pattern": "(a+)+$"}}},
        {"type": "object", "properties": {"a": {"pattern": "("}}},
        {"type": "spoon"},
        {},
        True,
    ]
)
_functions = thing(
    {"name": mostly(names)}, description=mostly(texts), parameters=mostly(_schemas), strict=mostly(st.booleans())
)
_hosted = st.fixed_dictionaries(
    {"type": st.sampled_from(["web_search", "mcp", "file_search", "custom", "namespace", ""])}
)
chat_tools = thing({"type": mostly(st.just("function")), "function": mostly(_functions)}) | _hosted
response_tools = _functions.map(
    lambda function: {"type": "function", **function} if isinstance(function, dict) else function
)
response_tools |= _hosted | thing({"type": st.just("custom"), "name": mostly(names)}, format=junk)

_named_tool = st.fixed_dictionaries({"type": st.just("function"), "function": st.fixed_dictionaries({"name": names})})
_allowed = st.fixed_dictionaries(
    {
        "type": st.just("allowed_tools"),
        "mode": st.sampled_from(["auto", "required"]),
        "tools": st.lists(junk, max_size=2),
    }
)
choices = mostly(st.sampled_from(["auto", "none", "required"]) | _named_tool | _allowed)
_json_schema = thing({"name": mostly(names), "schema": mostly(_schemas)}, strict=mostly(st.booleans()))
formats = mostly(
    st.fixed_dictionaries({"type": st.sampled_from(["text", "json_object", "json_schema", "xml"])})
    | st.fixed_dictionaries({"type": st.just("json_schema"), "json_schema": mostly(_json_schema)})
)
_beside = {
    "model": mostly(
        st.sampled_from(["auto", "gpt-5-5", "gpt-5-5@opencode", "gpt-4o", "chatgpt-web/auto", "o3"]) | texts
    ),
    "stream": mostly(st.booleans()),
    "temperature": mostly(st.floats(0, 2)),
    "top_p": mostly(st.floats(0, 1)),
    "user": mostly(texts),
    "metadata": mostly(st.dictionaries(texts, texts, max_size=3)),
    "prompt_cache_key": mostly(texts),
    "service_tier": mostly(st.just("auto")),
    "parallel_tool_calls": mostly(st.booleans()),
    "tool_choice": choices,
    "store": mostly(st.booleans()),
    "chatgpt_account": mostly(st.sampled_from(["plus", ""])),
    "chatgpt_account_strategy": mostly(st.sampled_from(["auto", "random", "weighted"])),
    "chatgpt_operation_id": st.none() | junk,
    "temporary_chat": mostly(st.booleans()),
    "agent_mode": mostly(st.booleans()),
    "unheard_of": junk,
}
chats = thing(
    {"messages": mostly(st.lists(mostly(messages), max_size=5))},
    stream_options=mostly(st.fixed_dictionaries({"include_usage": mostly(st.booleans())})),
    tools=mostly(st.lists(mostly(chat_tools), max_size=4)),
    functions=mostly(st.lists(mostly(_functions), max_size=2)),
    function_call=mostly(st.sampled_from(["auto", "none"]) | _named_tool),
    response_format=formats,
    stop=mostly(texts | st.lists(texts, max_size=20)),
    n=mostly(st.integers(1, 5)),
    max_tokens=mostly(st.integers(1, 100)),
    max_completion_tokens=mostly(st.integers(1, 100)),
    reasoning_effort=mostly(st.sampled_from(["none", "low", "high", "max"])),
    web_search_options=mostly(st.just({})),
    modalities=mostly(st.just(["text"])),
    logit_bias=junk,
    seed=mostly(st.integers()),
    logprobs=st.none() | st.booleans(),
    **_beside,
)

items = st.one_of(
    thing({"role": roles, "content": contents}, type=mostly(st.just("message")), id=texts, phase=texts, status=texts),
    thing(
        {"type": st.just("function_call"), "call_id": mostly(texts), "name": mostly(names), "arguments": mostly(texts)}
    ),
    thing({"type": st.just("function_call_output"), "call_id": mostly(texts), "output": contents}),
    thing(
        {"type": st.just("custom_tool_call"), "call_id": mostly(texts), "name": mostly(names), "input": mostly(texts)}
    ),
    thing({"type": st.just("reasoning"), "summary": junk}, encrypted_content=junk, id=texts),
    thing({"type": st.just("item_reference"), "id": mostly(texts)}),
    thing({"type": st.just("compaction"), "encrypted_content": mostly(texts)}),
    thing({"type": st.sampled_from(["compaction_trigger", "additional_tools", "web_search_call"]), "tools": junk}),
)
responses = thing(
    {"input": mostly(texts | st.lists(mostly(items), max_size=5))},
    instructions=mostly(texts),
    background=mostly(st.booleans()),
    previous_response_id=st.none() | mostly(texts),
    conversation=st.none() | mostly(texts | st.fixed_dictionaries({"id": mostly(texts)})),
    tools=mostly(st.lists(mostly(response_tools), max_size=4)),
    text=mostly(thing({"format": formats}, verbosity=mostly(texts))),
    reasoning=mostly(thing({"effort": mostly(st.sampled_from(["low", "high"]))}, summary=mostly(st.just("auto")))),
    max_output_tokens=mostly(st.integers(1, 100)),
    truncation=mostly(st.sampled_from(["auto", "disabled"])),
    include=mostly(st.lists(texts, max_size=2)),
    **_beside,
)

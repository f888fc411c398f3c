"""Responses and conversations by OpenAI's client for Python."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest
from openai.types.responses import ResponseFunctionToolCall
from pydantic import BaseModel
from websockets.exceptions import InvalidStatus

from tests.e2e.clients.running import Bridge

pytestmark = [pytest.mark.asyncio(loop_scope="package"), pytest.mark.timeout(120)]

READ = {
    "type": "function",
    "name": "read_tide",
    "description": "The height of the tide in metres.",
    "parameters": {
        "type": "object",
        "properties": {"harbour": {"type": "string"}},
        "required": ["harbour"],
        "additionalProperties": False,
    },
    "strict": True,
}
CALL = 'I will look.\n\n```json\n{"name": "read_tide", "arguments": {"harbour": "Bergen"}}\n```'


class Ship(BaseModel):
    name: str
    masts: int


async def test_responses_whole_streamed_and_parsed(bridge: Bridge, vendor: openai.AsyncOpenAI) -> None:
    bridge.simulator.add_script("the Anna", ['{"name": "Anna", "masts": 3}'], repeat=True)
    wanted: dict[str, Any] = {"model": "auto", "input": "What of the Anna?"}

    whole = await vendor.responses.create(**wanted)
    parsed = await vendor.responses.parse(**wanted, text_format=Ship)
    async with vendor.responses.stream(**wanted, text_format=Ship) as stream:
        kinds = [event.type async for event in stream]
        final = await stream.get_final_response()
    plain = [event async for event in await vendor.responses.create(**wanted, stream=True)]

    assert whole.output_text == '{"name": "Anna", "masts": 3}'
    assert parsed.output_parsed == final.output_parsed == Ship(name="Anna", masts=3)
    assert (kinds[0], kinds[-1]) == ("response.created", "response.completed")
    assert [event.sequence_number for event in plain] == list(range(len(plain)))


async def test_calls_and_their_outputs_go_on_in_the_same_conversation(
    bridge: Bridge, vendor: openai.AsyncOpenAI
) -> None:
    bridge.simulator.add_script("the tide", [CALL, "It is 1.4 m."])

    first = await vendor.responses.create(model="auto", input="How high is the tide?", tools=[READ])  # type: ignore[list-item]
    call = first.output[-1]
    assert isinstance(call, ResponseFunctionToolCall)
    second = await vendor.responses.create(
        model="auto",
        input=[{"type": "function_call_output", "call_id": call.call_id, "output": "1.4 m"}],
        tools=[READ],  # type: ignore[list-item]
        previous_response_id=first.id,
    )

    assert (call.name, call.arguments) == ("read_tide", '{"harbour":"Bergen"}')
    assert second.output_text == "It is 1.4 m."
    one, two = bridge.simulator.ledger.submissions
    assert (one.account, one.conversation_id) == (two.account, two.conversation_id)
    # Only what is new is said.
    assert two.messages == 1


async def test_it_goes_on_upstream_with_the_account_that_has_the_conversation(
    bridge: Bridge, vendor: openai.AsyncOpenAI
) -> None:
    told = [await vendor.responses.create(model="auto", input="One", extra_body={"chatgpt_account": "plus-3"})]
    for text in ("Two", "Three"):
        told.append(await vendor.responses.create(model="auto", input=text, previous_response_id=told[-1].id))

    submitted = bridge.simulator.ledger.submissions
    assert {one.account for one in submitted} == {"plus-3"}
    assert len({one.conversation_id for one in submitted}) == 1
    assert [one.prompt for one in submitted] == ["One", "Two", "Three"]
    assert [one.previous_response_id for one in told] == [None, told[0].id, told[1].id]


async def test_what_is_kept_is_read_listed_and_deleted(bridge: Bridge, vendor: openai.AsyncOpenAI) -> None:
    words = [{"role": "user", "content": text} for text in ("One", "Two", "Three")]
    told = await vendor.responses.create(model="auto", input=words, metadata={"for": "a test"})  # type: ignore[arg-type]

    again = await vendor.responses.retrieve(told.id)
    items = [item async for item in vendor.responses.input_items.list(told.id, order="asc", limit=2)]
    await vendor.responses.delete(told.id)

    assert again.model_dump() == told.model_dump()
    assert again.metadata == {"for": "a test"}
    assert [item.content[0].text for item in items] == ["One", "Two", "Three"]  # type: ignore[union-attr]
    for gone in (vendor.responses.retrieve(told.id), vendor.responses.delete(told.id)):
        with pytest.raises(openai.NotFoundError):
            await gone


async def test_tokens_are_counted_for_nothing(bridge: Bridge, vendor: openai.AsyncOpenAI) -> None:
    plain = await vendor.responses.input_tokens.count(model="auto", input="One two three")
    with_tools = await vendor.responses.input_tokens.count(model="auto", input="One two three", tools=[READ])  # type: ignore[list-item]

    assert 0 < plain.input_tokens < with_tools.input_tokens
    assert bridge.turns == 0


async def test_a_summary_stands_for_what_was_said(bridge: Bridge, vendor: openai.AsyncOpenAI) -> None:
    bridge.simulator.add_script("They spoke of herons.", ["Herons."])
    bridge.simulator.add_script("hand-over", ["They spoke of herons."])
    words = [{"role": "user", "content": "Let us speak of birds."}]

    compacted = await vendor.responses.compact(model="auto", input=words)  # type: ignore[arg-type]
    again = [item.model_dump(exclude_unset=True) for item in compacted.output]
    answer = await vendor.responses.create(
        model="auto",
        input=[*again, {"role": "user", "content": "Of what?"}],  # type: ignore[list-item]
    )

    assert [item["type"] for item in again] == ["compaction"]
    assert "herons" not in str(again)
    assert answer.output_text == "Herons."


async def test_cut_refused_and_thoughtful_answers(bridge: Bridge, vendor: openai.AsyncOpenAI) -> None:
    bridge.simulator.add_script("a heron", ["One two three four."])
    bridge.simulator.add_script("a secret", ["I cannot speak of it."], repeat=True)
    thoughts = [{"summary": "Looking", "content": "It has wings."}, {"summary": "Deciding", "content": "A bird."}]
    bridge.simulator.add_script("wings", [{"text": "A bird.", "thoughts": thoughts}], repeat=True)

    cut = await vendor.responses.create(model="auto", input="Of a heron", max_output_tokens=2)
    refused = await vendor.responses.parse(model="auto", input="Of a secret", text_format=Ship)
    async with vendor.responses.stream(model="auto", input="What has wings?", reasoning={"summary": "auto"}) as stream:
        kinds = [event.type async for event in stream]
        thought = await stream.get_final_response()

    assert (cut.status, cut.output_text) == ("incomplete", "One two")
    assert cut.incomplete_details is not None
    assert cut.incomplete_details.reason == "max_output_tokens"
    assert refused.output_parsed is None
    assert refused.output[0].content[0].refusal == "I cannot speak of it."  # type: ignore[union-attr]
    reasoning, message = thought.output
    assert reasoning.type == "reasoning"
    assert [part.text for part in reasoning.summary] == ["**Looking**\n\nIt has wings.", "**Deciding**\n\nA bird."]
    assert (message.type, thought.output_text) == ("message", "A bird.")
    assert kinds.count("response.reasoning_summary_part.added") == 2


async def test_conversations_and_their_items(bridge: Bridge, vendor: openai.AsyncOpenAI) -> None:
    bridge.simulator.add_script("Zero", ["First.", "Second."])
    made = await vendor.conversations.create(
        metadata={"about": "numbers"}, items=[{"type": "message", "role": "user", "content": "Zero"}]
    )

    await vendor.responses.create(model="auto", input="One", conversation=made.id)
    await vendor.responses.create(model="auto", input="Two", conversation=made.id)
    items = [item async for item in vendor.conversations.items.list(made.id, order="asc", limit=2)]
    added = await vendor.conversations.items.create(
        made.id, items=[{"type": "message", "role": "user", "content": "Aside"}]
    )
    read = await vendor.conversations.items.retrieve(added.data[0].id, conversation_id=made.id)
    left = await vendor.conversations.items.delete(added.data[0].id, conversation_id=made.id)
    renamed = await vendor.conversations.update(made.id, metadata={"about": "more"})

    assert [item.content[0].text for item in items] == ["Zero", "One", "First.", "Two", "Second."]  # type: ignore[union-attr]
    assert len({one.conversation_id for one in bridge.simulator.ledger.submissions}) == 1
    assert (read.id, left.id) == (added.data[0].id, made.id)
    assert renamed.metadata == (await vendor.conversations.retrieve(made.id)).metadata == {"about": "more"}
    assert (await vendor.conversations.delete(made.id)).deleted
    with pytest.raises(openai.NotFoundError):
        await vendor.conversations.retrieve(made.id)


async def test_a_websocket_is_told_to_come_by_http(bridge: Bridge, vendor: openai.AsyncOpenAI) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with vendor.responses.connect():
            pass

    assert refused.value.response.status_code == 426
    assert json.loads(refused.value.response.body or b"{}")["error"]["code"] == "upgrade_required"
    assert len(bridge.tap.asked("GET", "/v1/responses")) == 1

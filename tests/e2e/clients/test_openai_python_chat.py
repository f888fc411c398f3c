"""Chats by OpenAI's client for Python, in every form that it has for them."""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

import openai
import pytest
from pydantic import BaseModel

from tests.e2e.clients.running import Bridge
from tests.e2e.stack import KEY

pytestmark = [pytest.mark.asyncio(loop_scope="package"), pytest.mark.timeout(120)]

T = TypeVar("T")

CALL = 'I will look.\n\n```json\n{"name": "ReadTide", "arguments": {"harbour": "Bergen", "days": [1, 2]}}\n```'


class ReadTide(BaseModel):
    """The height of the tide in metres."""

    harbour: str
    days: list[int]


class Ship(BaseModel):
    name: str
    masts: int


def asks(text: str, **more: Any) -> dict[str, Any]:
    """A chat of one message."""
    return {"model": "auto", "messages": [{"role": "user", "content": text}], **more}


async def test_an_answer_raw_streamed_and_parsed(bridge: Bridge, vendor: openai.AsyncOpenAI) -> None:
    bridge.simulator.add_script("a heron", ["It is grey."], repeat=True)
    wanted = asks("Draw me a heron")

    plain = await vendor.chat.completions.create(**wanted)
    raw = await vendor.chat.completions.with_raw_response.create(**wanted)
    async with vendor.chat.completions.with_streaming_response.create(**wanted) as late:
        read = await late.parse()

    answers = [plain, raw.parse(), read]
    assert [answer.choices[0].message.content for answer in answers] == ["It is grey."] * 3
    assert plain.usage is not None
    assert plain.usage.total_tokens == plain.usage.prompt_tokens + plain.usage.completion_tokens
    assert raw.headers["x-chatgpt-account"] in bridge.simulator.aliases
    assert raw.headers["x-request-id"] == raw.parse()._request_id
    assert late.status_code == 200


async def test_the_synchronous_client_does_the_same(bridge: Bridge) -> None:
    bridge.simulator.add_script("a heron", ["It is grey."], repeat=True)

    def work() -> list[str | None]:
        with openai.OpenAI(base_url=bridge.tap.url, api_key=KEY, max_retries=0) as vendor:
            plain = vendor.chat.completions.create(**asks("Draw me a heron"))
            raw = vendor.chat.completions.with_raw_response.create(**asks("Draw me a heron"))
            with vendor.chat.completions.with_streaming_response.create(**asks("Draw me a heron")) as late:
                read = late.parse()
            pieces = [
                chunk.choices[0].delta.content or ""
                for chunk in vendor.chat.completions.create(**asks("Draw me a heron", stream=True))
            ]
        whole = [answer.choices[0].message.content for answer in (plain, raw.parse(), read)]
        return [*whole, "".join(pieces)]

    assert await asyncio.to_thread(work) == ["It is grey."] * 4


async def test_a_stream_ends_with_its_usage(bridge: Bridge, vendor: openai.AsyncOpenAI) -> None:
    bridge.simulator.add_script("a heron", ["It is grey, and it stands still."])

    stream = await vendor.chat.completions.create(
        **asks("Draw me a heron", stream=True, stream_options={"include_usage": True})
    )
    *chunks, last = [chunk async for chunk in stream]

    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "It is grey, and it stands still."
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert last.usage is not None
    assert (last.choices, last.usage.completion_tokens > 0) == ([], True)


async def test_the_stream_helper_puts_calls_together(bridge: Bridge, vendor: openai.AsyncOpenAI) -> None:
    bridge.simulator.add_script("the tide", [CALL])

    async with vendor.chat.completions.stream(
        **asks("How high is the tide?", tools=[openai.pydantic_function_tool(ReadTide)])
    ) as stream:
        kinds = [event.type async for event in stream]
        choice = (await stream.get_final_completion()).choices[0]

    assert choice.finish_reason == "tool_calls"
    assert choice.message.tool_calls is not None
    (call,) = choice.message.tool_calls
    assert call.function.parsed_arguments == ReadTide(harbour="Bergen", days=[1, 2])
    assert {"content.delta", "tool_calls.function.arguments.delta", "tool_calls.function.arguments.done"} <= set(kinds)


async def test_a_round_trip_of_tools(bridge: Bridge, vendor: openai.AsyncOpenAI) -> None:
    bridge.simulator.add_script("the tide", [CALL, "It is 1.4 m."])
    wanted = asks("How high is the tide?", tools=[openai.pydantic_function_tool(ReadTide)])

    called = (await vendor.chat.completions.create(**wanted)).choices[0]
    assert called.message.tool_calls is not None
    (call,) = called.message.tool_calls
    result = {"role": "tool", "tool_call_id": call.id, "content": "1.4 m"}
    wanted["messages"] += [called.message, result]
    answer = await vendor.chat.completions.create(**wanted)

    assert (called.finish_reason, called.message.content) == ("tool_calls", "I will look.")
    assert answer.choices[0].message.content == "It is 1.4 m."


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
async def test_an_answer_in_a_form_and_a_refusal(bridge: Bridge, vendor: openai.AsyncOpenAI, streamed: bool) -> None:
    bridge.simulator.add_script("the Anna", ['{"name": "Anna", "masts": 3}'])
    bridge.simulator.add_script("a secret", ["I cannot speak of it."], repeat=True)

    async def parsed(text: str) -> Any:
        if not streamed:
            answer = await vendor.chat.completions.parse(**asks(text), response_format=Ship)
            return answer.choices[0].message
        async with vendor.chat.completions.stream(**asks(text), response_format=Ship) as stream:
            return (await stream.get_final_completion()).choices[0].message

    ship, refused = await parsed("What of the Anna?"), await parsed("What of a secret?")

    assert ship.parsed == Ship(name="Anna", masts=3)
    assert (refused.parsed, refused.refusal) == (None, "I cannot speak of it.")


async def test_several_answers_stop_words_and_limits(bridge: Bridge, vendor: openai.AsyncOpenAI) -> None:
    bridge.simulator.add_script("a heron", ["One two three four five six."], repeat=True)

    several = await vendor.chat.completions.create(**asks("Of a heron", n=3))
    stopped = await vendor.chat.completions.create(**asks("Of a heron", stop=["three", "six"]))
    cut = await vendor.chat.completions.create(**asks("Of a heron", max_tokens=2))

    assert [choice.index for choice in several.choices] == [0, 1, 2]
    assert {choice.message.content for choice in several.choices} == {"One two three four five six."}
    assert [(one.choices[0].message.content, one.choices[0].finish_reason) for one in (stopped, cut)] == [
        ("One two", "stop"),
        ("One two", "length"),
    ]
    assert bridge.turns == 5


async def test_a_parsed_answer_that_was_cut_is_an_error_of_the_client(
    bridge: Bridge, vendor: openai.AsyncOpenAI
) -> None:
    bridge.simulator.add_script("the Anna", ['{"name": "Anna of the northern seas", "masts": 3}'])

    with pytest.raises(openai.LengthFinishReasonError):
        await vendor.chat.completions.parse(**asks("What of the Anna?", max_tokens=3), response_format=Ship)


async def test_models_are_listed_and_read(bridge: Bridge, vendor: openai.AsyncOpenAI) -> None:
    names = [model.id async for model in vendor.models.list()]

    assert names[0] == "auto"
    assert [(await vendor.models.retrieve(name)).id for name in ("auto", "gpt-image-1")] == ["auto", "gpt-image-1"]
    with pytest.raises(openai.NotFoundError) as unknown:
        await vendor.models.retrieve("no-such-model")
    assert unknown.value.code == "model_not_found"

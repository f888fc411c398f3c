"""Responses in the background by OpenAI's client for Python, whatever dies meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
from openai.types.responses import Response, ResponseStreamEvent

from tests.e2e.clients.running import Bridge

pytestmark = [pytest.mark.asyncio(loop_scope="package"), pytest.mark.timeout(120)]

WORDS = "It is round, it is far away, and it has another side that nobody sees."
SLOW = {"text": WORDS, "scenario": {"deltas": 12, "pace": 250}}
QUICK = {"text": WORDS, "scenario": {"deltas": 4}}
ABOUT_THE_MOON: dict[str, Any] = {"model": "auto", "input": "Write about the moon.", "background": True}


async def ended(vendor: openai.AsyncOpenAI, response_id: str, seconds: float = 45) -> Response:
    """The response when it waits no more."""
    deadline = time.monotonic() + seconds
    while (told := await vendor.responses.retrieve(response_id)).status in ("queued", "in_progress"):
        assert time.monotonic() < deadline, f"still {told.status}"
        await asyncio.sleep(0.1)
    return told


def said(events: list[ResponseStreamEvent]) -> str:
    """The words that events bring."""
    return "".join(event.delta for event in events if event.type == "response.output_text.delta")


async def until_words(stream: AsyncIterator[ResponseStreamEvent]) -> list[ResponseStreamEvent]:
    """The events up to the first words."""
    heard: list[ResponseStreamEvent] = []
    async for event in stream:
        heard.append(event)
        if event.type == "response.output_text.delta":
            break
    return heard


async def test_it_is_queued_then_answered_and_read_again(bridge: Bridge, vendor: openai.AsyncOpenAI) -> None:
    bridge.simulator.add_script("the moon", [SLOW])

    told = await vendor.responses.create(**ABOUT_THE_MOON)
    whole = [event async for event in await vendor.responses.retrieve(told.id, stream=True)]
    answered = await vendor.responses.retrieve(told.id)

    assert (told.status, told.background) == ("queued", True)
    assert (answered.status, answered.output_text) == ("completed", WORDS)
    assert said(whole) == WORDS
    assert whole[-1].type == "response.completed"
    assert whole[-1].response.output == answered.output
    assert [event.sequence_number for event in whole] == list(range(len(whole)))
    for after in (0, len(whole) // 2, len(whole) - 2):
        rest = [event async for event in await vendor.responses.retrieve(told.id, stream=True, starting_after=after)]
        assert [event.sequence_number for event in rest] == list(range(after + 1, len(whole)))


async def test_the_helper_attaches_to_a_response_that_is_under_way(bridge: Bridge, vendor: openai.AsyncOpenAI) -> None:
    bridge.simulator.add_script("the moon", [SLOW])
    told = await vendor.responses.create(**ABOUT_THE_MOON)

    async with vendor.responses.stream(response_id=told.id) as stream:
        final = await stream.get_final_response()

    assert final.output_text == WORDS


async def test_a_worker_that_dies_costs_no_second_turn(bridge: Bridge, vendor: openai.AsyncOpenAI) -> None:
    bridge.simulator.add_script("the moon", [SLOW])
    stream = await vendor.responses.create(**ABOUT_THE_MOON, stream=True)
    heard = await until_words(stream)
    await stream.close()
    assert heard[0].type == "response.created"
    response_id = heard[0].response.id

    await bridge.stack.process("worker").kill()
    await bridge.stack.start_worker()
    last = heard[-1].sequence_number
    rest = [e async for e in await vendor.responses.retrieve(response_id, stream=True, starting_after=last)]

    assert said([*heard, *rest]) == WORDS
    assert (await vendor.responses.retrieve(response_id)).output_text == WORDS
    assert bridge.turns == 1


@pytest.mark.parametrize("how", ["killed", "stopped"])
async def test_a_server_that_is_started_again_loses_nothing(
    bridge: Bridge, vendor: openai.AsyncOpenAI, how: str
) -> None:
    bridge.simulator.add_script("the moon", [SLOW])
    server = bridge.stack.process("api")
    stream = await vendor.responses.create(**ABOUT_THE_MOON, stream=True)
    heard = await until_words(stream)
    assert heard[0].type == "response.created"

    await (server.kill() if how == "killed" else server.terminate())
    # Nobody may take what came for all there is.
    with pytest.raises(openai.APIConnectionError):
        heard += [event async for event in stream]
    await bridge.stack.start_api()
    answered = await ended(vendor, heard[0].response.id)
    rest = await vendor.responses.retrieve(answered.id, stream=True, starting_after=heard[-1].sequence_number)

    assert (answered.status, answered.output_text) == ("completed", WORDS)
    assert said([*heard, *[event async for event in rest]]) == WORDS
    assert bridge.turns == 1


async def test_it_is_cancelled_upstream_too(bridge: Bridge, vendor: openai.AsyncOpenAI) -> None:
    bridge.simulator.add_script("the moon", [{"text": WORDS, "scenario": {"deltas": 100, "pace": 300}}])
    stream = await vendor.responses.create(**ABOUT_THE_MOON, stream=True)
    heard = await until_words(stream)
    assert heard[0].type == "response.created"
    response_id = heard[0].response.id

    cancelled = await vendor.responses.cancel(response_id)
    rest = [event async for event in stream]

    assert cancelled.status == (await vendor.responses.retrieve(response_id)).status == "cancelled"
    assert rest[-1].type == "response.incomplete"
    assert bridge.simulator.ledger.stops[0].found
    await vendor.responses.delete(response_id)
    with pytest.raises(openai.NotFoundError):
        await vendor.responses.retrieve(response_id)


async def test_a_failure_is_read_and_streamed(bridge: Bridge, vendor: openai.AsyncOpenAI) -> None:
    bridge.simulator.add_script("the moon", [{"scenario": {"fault": "policy"}}])

    failed = await ended(vendor, (await vendor.responses.create(**ABOUT_THE_MOON)).id)
    streamed = [event async for event in await vendor.responses.retrieve(failed.id, stream=True)]

    assert failed.error is not None
    assert (failed.status, failed.error.code) == ("failed", "invalid_prompt")
    assert "content_policy_violation" in failed.error.message
    assert streamed[-1].type == "response.failed"
    assert streamed[-1].response.error == failed.error


async def test_another_response_goes_on_from_it(bridge: Bridge, vendor: openai.AsyncOpenAI) -> None:
    bridge.simulator.add_script("the moon", [QUICK, "As I said, round."])
    first = await vendor.responses.create(**ABOUT_THE_MOON)
    with pytest.raises(openai.ConflictError) as early:
        await vendor.responses.create(model="auto", input="What form?", previous_response_id=first.id)
    await ended(vendor, first.id)

    second = await vendor.responses.create(model="auto", input="What form?", previous_response_id=first.id)

    assert early.value.code == "operation_not_finished"
    assert second.output_text == "As I said, round."

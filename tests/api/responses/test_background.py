"""Responses in the background: operations that clients leave and find again."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import httpx2
import pytest

from bridge.operations import states
from core.contracts.failure import failure_of
from core.contracts.operations import OperationState
from core.errors import ContentBlockedError, RateLimitedError
from tests.api.responses.shapes import URL, body, completed, said, text_of, user
from tests.fakes.server import Served, events

READ = {"type": "function", "name": "read", "parameters": {"type": "object"}}
CALL = 'I will read it.\n{"tool_calls": [{"name": "read", "arguments": {"path": "a"}}]}'


async def started(client: httpx2.AsyncClient, given: Any = "Hi", **more: Any) -> dict[str, Any]:
    answer = await client.post(URL, json=body(given, background=True, **more))
    assert answer.status_code == 200
    return dict(answer.json())


async def read(client: httpx2.AsyncClient, response_id: str) -> dict[str, Any]:
    return dict((await client.get(f"{URL}/{response_id}")).json())


async def followed(client: httpx2.AsyncClient, response_id: str, **params: Any) -> list[dict[str, Any]]:
    answer = await client.get(f"{URL}/{response_id}", params={"stream": True, **params})
    return events(answer.text)


async def test_it_is_queued_then_in_progress_then_answered(served: Served, client: httpx2.AsyncClient) -> None:
    told = await started(client, instructions="Be brief.")
    assert (told["status"], told["background"], told["output"]) == ("queued", True, [])
    assert served.temporal.started == [told["id"]]
    assert (await read(client, told["id"]))["status"] == "queued"

    running = partial(states.advance, operation_id=told["id"], state=OperationState.RUNNING)
    await served.bridge.store.write(running)
    assert (await read(client, told["id"]))["status"] == "in_progress"

    await completed(served, told["id"], "Hello there")
    answered = await read(client, told["id"])
    assert (answered["status"], text_of(answered)) == ("completed", "Hello there")
    assert answered["usage"]["output_tokens"] > 0
    assert not served.world.asked


async def test_calls_are_found_in_the_finished_text(served: Served, client: httpx2.AsyncClient) -> None:
    told = await started(client, tools=[READ])
    await completed(served, told["id"], CALL)

    answered, streamed = await read(client, told["id"]), await followed(client, told["id"])

    message, call = answered["output"]
    assert message["content"][0]["text"].strip() == "I will read it."
    assert (call["type"], call["name"], call["arguments"]) == ("function_call", "read", '{"path":"a"}')
    assert streamed[-1]["response"]["output"] == answered["output"]


async def test_a_stream_goes_on_behind_the_event_that_was_seen_last(served: Served, client: httpx2.AsyncClient) -> None:
    told = await started(client)
    await said(served, told["id"], "One ")
    first = asyncio.create_task(followed(client, told["id"]))
    await asyncio.sleep(0.1)
    await said(served, told["id"], "One two ")
    await completed(served, told["id"], "One two three")

    whole = await first
    assert [event["sequence_number"] for event in whole] == list(range(len(whole)))
    assert [event["type"] for event in whole[:3]] == ["response.created", "response.queued", "response.in_progress"]
    assert "".join(event.get("delta", "") for event in whole) == "One two three"
    assert whole[-1]["type"] == "response.completed"
    for after in range(len(whole)):
        rest = await followed(client, told["id"], starting_after=after)
        assert strip(rest) == strip(whole[after + 1 :])


def strip(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the moment of the end, which the last event says."""
    return [{**event, "response": None} for event in told]


async def test_it_is_streamed_from_the_start_and_leaving_changes_nothing(
    served: Served, client: httpx2.AsyncClient
) -> None:
    async with client.stream("POST", URL, json=body(background=True, stream=True)) as answer:
        async for line in answer.aiter_lines():
            if "response.queued" in line:
                break
    (operation_id,) = served.temporal.started
    record = await served.bridge.operations.find(operation_id)
    assert not record.state.terminal
    await completed(served, operation_id, "Hello there")

    told = await followed(client, operation_id, starting_after=1)
    assert told[0]["type"] == "response.in_progress"
    assert text_of(told[-1]["response"]) == "Hello there"


async def test_a_server_that_stops_breaks_a_stream_off_so_that_nobody_takes_it_for_whole(
    served: Served, client: httpx2.AsyncClient
) -> None:
    told = await started(client)
    await said(served, told["id"], "One ")
    heard = ""

    async def follow() -> None:
        nonlocal heard
        async with client.stream("GET", f"{URL}/{told['id']}", params={"stream": True}) as answer:
            async for piece in answer.aiter_text():
                heard += piece
                if "output_text.delta" in heard:
                    served.services.leashes.pull_all()

    with pytest.raises(httpx2.RemoteProtocolError):
        await follow()

    assert [event["type"] for event in events(heard)][-1] == "response.output_text.delta"


@pytest.mark.parametrize(
    ("error", "code"),
    [(ContentBlockedError("no"), "invalid_prompt"), (RateLimitedError("later"), "rate_limit_exceeded")],
)
async def test_a_failure_is_a_failed_response(
    served: Served, client: httpx2.AsyncClient, error: Exception, code: str
) -> None:
    told = await started(client)
    await served.bridge.operations.close(told["id"], OperationState.FAILED, failure=failure_of(error))

    found, streamed = await read(client, told["id"]), await followed(client, told["id"])
    assert (found["status"], found["error"]["code"]) == ("failed", code)
    assert (streamed[-1]["type"], streamed[-1]["response"]["error"]["code"]) == ("response.failed", code)


async def test_it_is_cancelled(served: Served, client: httpx2.AsyncClient) -> None:
    told = await started(client)

    async def cancel(operation_id: str) -> None:
        await served.bridge.operations.close(operation_id, OperationState.CANCELLED)

    served.temporal.ending = cancel
    answer = await client.post(f"{URL}/{told['id']}/cancel")
    again = await client.post(f"{URL}/{told['id']}/cancel")

    assert (answer.json()["status"], again.json()["status"]) == ("cancelled", "cancelled")
    assert served.temporal.cancelled == [told["id"]]


async def test_what_is_not_in_the_background_is_neither_cancelled_nor_streamed(
    served: Served, client: httpx2.AsyncClient
) -> None:
    told = (await client.post(URL, json=body())).json()

    cancelled = await client.post(f"{URL}/{told['id']}/cancel")
    streamed = await client.get(f"{URL}/{told['id']}", params={"stream": True})

    assert (cancelled.status_code, cancelled.json()["error"]["param"]) == (400, "response_id")
    assert (streamed.status_code, streamed.json()["error"]["param"]) == (400, "stream")


async def test_it_is_deleted_with_its_operation_and_not_before_its_end(
    served: Served, client: httpx2.AsyncClient
) -> None:
    told = await started(client)
    early = await client.delete(f"{URL}/{told['id']}")
    await completed(served, told["id"], "Hello")
    late = await client.delete(f"{URL}/{told['id']}")

    assert (early.status_code, early.json()["error"]["code"]) == (409, "operation_not_finished")
    assert late.json()["deleted"] is True
    assert await served.bridge.operations.find(told["id"]) is None


async def test_one_whose_operation_was_removed_is_gone(served: Served, client: httpx2.AsyncClient) -> None:
    made = (await client.post("/v1/conversations", json={})).json()
    told = await started(client, "One", conversation=made["id"])
    await completed(served, told["id"], "Hello")
    assert (await client.delete(f"/v1/chatgpt/operations/{told['id']}")).status_code == 204

    path = f"{URL}/{told['id']}"
    answers = [
        await client.get(path),
        await client.get(path, params={"stream": True}),
        await client.get(f"{path}/input_items"),
        await client.post(f"{path}/cancel"),
        await client.delete(path),
        await client.post(URL, json=body("Two", previous_response_id=told["id"])),
    ]
    assert [answer.status_code for answer in answers] == [404] * len(answers)

    await client.post(URL, json=body("Two", conversation=made["id"]))
    assert [one.text for one in served.world.asked[-1][1].messages] == ["One", "Two"]


async def test_another_goes_on_from_it_when_it_is_answered(served: Served, client: httpx2.AsyncClient) -> None:
    told = await started(client, "One")
    early = await client.post(URL, json=body("Two", previous_response_id=told["id"]))
    await completed(served, told["id"], "Hello")
    await client.post(URL, json=body("Two", previous_response_id=told["id"]))

    assert (early.status_code, early.json()["error"]["code"]) == (409, "operation_not_finished")
    said_upstream = [(one.role, one.text) for one in served.world.asked[-1][1].messages]
    assert said_upstream == [("user", "One"), ("assistant", "Hello"), ("user", "Two")]


async def test_a_conversation_has_its_answer_when_it_is_there(served: Served, client: httpx2.AsyncClient) -> None:
    made = (await client.post("/v1/conversations", json={})).json()
    path = f"/v1/conversations/{made['id']}/items"

    async def shown() -> list[str]:
        items = (await client.get(path, params={"order": "asc"})).json()["data"]
        return [item["content"][0]["text"] for item in items]

    told = await started(client, "One", conversation=made["id"])
    assert await shown() == ["One"]
    early = await client.post(URL, json=body("Two", conversation=made["id"]))
    assert (early.status_code, early.json()["error"]["code"]) == (409, "operation_not_finished")
    await client.post(path, json={"items": [user("Aside")]})
    await completed(served, told["id"], "Hello")

    assert (await client.delete(f"{URL}/{told['id']}")).json()["deleted"] is True
    assert await shown() == ["One", "Hello", "Aside"]
    await client.post(URL, json=body("Two", conversation=made["id"]))
    assert [one.text for one in served.world.asked[-1][1].messages] == ["One", "Hello", "Aside", "Two"]


async def test_a_key_is_one_response(served: Served, client: httpx2.AsyncClient) -> None:
    headers = {"idempotency-key": "one"}
    first = await client.post(URL, json=body(background=True), headers=headers)
    again = await client.post(URL, json=body(background=True), headers=headers)
    other = await client.post(URL, json=body("Else", background=True), headers=headers)

    assert first.json()["id"] == again.json()["id"]
    assert (other.status_code, other.json()["error"]["code"]) == (409, "idempotency_conflict")
    assert len(served.temporal.started) == 1


async def test_without_temporal_nothing_is_kept(served: Served, client: httpx2.AsyncClient) -> None:
    served.temporal.available = False
    answer = await client.post(URL, json=body(background=True))

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "temporal_unavailable")

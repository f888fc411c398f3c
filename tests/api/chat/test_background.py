"""Chats in the background: `Prefer: respond-async`."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx2

from api.chat.background import response_answer
from core.contracts.operations import OperationState
from tests.fakes.server import Served
from tests.fakes.upstream import png

CHAT = "/v1/chat/completions"
ASYNC = {"Prefer": "respond-async"}


def chat(text: str = "Hi", **more: Any) -> dict[str, Any]:
    return {"model": "auto", "messages": [{"role": "user", "content": text}], **more}


async def test_it_is_accepted_as_an_operation_and_no_turn_is_opened(served: Served, client: httpx2.AsyncClient) -> None:
    answer = await client.post(CHAT, json=chat(chatgpt_operation_id="mine"), headers=ASYNC)

    shown = answer.json()["operation"]
    assert answer.status_code == 202
    assert answer.headers["location"] == "/v1/chatgpt/operations/mine"
    assert answer.headers["preference-applied"] == "respond-async"
    assert (shown["id"], shown["kind"], shown["detached"]) == ("mine", "response", True)
    assert served.temporal.started == ["mine"]
    assert served.world.asked == []


async def test_what_was_said_is_stored_with_the_operation(served: Served, client: httpx2.AsyncClient) -> None:
    url = f"data:image/png;base64,{base64.b64encode(png()).decode()}"
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "?"}]},
    ]
    body = {"model": "gpt-5-5", "thinking_effort": "max", "messages": messages, "chatgpt_account": "plus"}

    answer = await client.post(CHAT, json=body, headers=ASYNC)

    record = await served.bridge.operations.find(answer.json()["operation"]["id"])
    (first, second) = record.request["messages"]
    assert (first["role"], first["text"], first["inputs"]) == ("system", "Be brief.", [])
    assert (second["role"], second["text"], second["inputs"][0]["content_type"]) == ("user", "?", "image/png")
    assert (record.request["slug"], record.request["effort"]) == ("gpt-5-5", "max")
    assert (record.request["accounts"], record.model) == (["plus"], "gpt-5-5")
    assert url not in json.dumps(record.request)


async def test_it_is_a_chat_that_upstream_keeps_unless_the_request_asks_for_another(
    served: Served, client: httpx2.AsyncClient
) -> None:
    asked = [chat(), chat(temporary_chat=True), chat(temporary_chat=False)]
    ids = [(await client.post(CHAT, json=body, headers=ASYNC)).json()["operation"]["id"] for body in asked]

    records = [await served.bridge.operations.find(one) for one in ids]
    assert [record.request["temporary"] for record in records] == [False, True, False]


async def test_it_cannot_be_streamed(served: Served, client: httpx2.AsyncClient) -> None:
    answer = await client.post(CHAT, json=chat(stream=True), headers=ASYNC)

    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, "invalid_request", "stream")
    assert "Prefer" in error["message"]
    assert served.temporal.started == []


async def test_a_key_is_one_operation_and_another_body_a_conflict(served: Served, client: httpx2.AsyncClient) -> None:
    headers = {**ASYNC, "Idempotency-Key": "key-1"}
    one = await client.post(CHAT, json=chat(), headers=headers)
    two = await client.post(CHAT, json=chat(), headers=headers)
    other = await client.post(CHAT, json=chat("Something else"), headers=headers)

    assert one.json()["operation"]["id"] == two.json()["operation"]["id"]
    assert (other.status_code, other.json()["error"]["code"]) == (409, "idempotency_conflict")
    assert len(served.temporal.started) == 1


async def test_a_key_of_the_background_is_none_of_a_connection(served: Served, client: httpx2.AsyncClient) -> None:
    await client.post(CHAT, json=chat(), headers={**ASYNC, "Idempotency-Key": "key-1"})
    await client.post(CHAT, json=chat(), headers={"Idempotency-Key": "key-2"})

    here = await client.post(CHAT, json=chat(), headers={"Idempotency-Key": "key-1"})
    there = await client.post(CHAT, json=chat(), headers={**ASYNC, "Idempotency-Key": "key-2"})

    assert {(a.status_code, a.json()["error"]["code"]) for a in (here, there)} == {(409, "idempotency_conflict")}
    assert (len(served.world.asked), len(served.temporal.started)) == (1, 1)


async def test_without_temporal_nothing_is_stored(served: Served, client: httpx2.AsyncClient) -> None:
    served.temporal.available = False

    answer = await client.post(CHAT, json=chat(), headers=ASYNC)

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "temporal_unavailable")
    assert (await served.bridge.operations.list("primary")).items == ()


async def test_a_finished_one_reads_as_the_chat_it_would_have_been(served: Served, client: httpx2.AsyncClient) -> None:
    here = (await client.post(CHAT, json=chat())).json()
    started = await client.post(CHAT, json=chat(), headers=ASYNC)
    operation_id = started.json()["operation"]["id"]
    await served.bridge.operations.close(operation_id, OperationState.COMPLETED, text="Hello there")

    record = await served.bridge.operations.find(operation_id)
    body = await response_answer(served.services, record, "")

    assert (body["object"], body["model"], body["choices"]) == (here["object"], here["model"], here["choices"])
    assert body["usage"] == here["usage"]
    assert body["chatgpt_operation_id"] == operation_id
    assert body == await response_answer(served.services, record, "")


async def test_a_model_that_nobody_offers_is_answered_by_the_fallback(
    served: Served, client: httpx2.AsyncClient
) -> None:
    started = await client.post(CHAT, json=chat(model="gpt-nonsense"), headers=ASYNC)
    operation_id = started.json()["operation"]["id"]
    await served.bridge.operations.close(operation_id, OperationState.COMPLETED, text="Hello")

    record = await served.bridge.operations.find(operation_id)
    body = await response_answer(served.services, record, "")
    assert (record.model, record.request["slug"]) == ("gpt-nonsense", "auto")
    assert (body["model"], body["chatgpt_fallback_model"]) == ("gpt-nonsense", "auto")

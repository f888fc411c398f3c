"""`POST /v1/responses` on a connection; the client's transport holds every body and event against OpenAI's models."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from core.errors import (
    AuthExpiredError,
    ContentBlockedError,
    MessageTooLongError,
    ModelLimitError,
    RateLimitedError,
    StreamInterruptedError,
)
from provider.interface.turns import ConversationKnown, TextDelta, ThoughtDelta
from tests.fakes.chat import says
from tests.fakes.server import Served, events, open_server
from tests.fakes.upstream import png

URL = "/v1/responses"
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False}
SHAPED = {"format": {"type": "json_schema", "name": "number", "schema": SCHEMA, "strict": True}}


def body(given: Any = "Hi", **more: Any) -> dict[str, Any]:
    return {"model": "auto", "input": given, **more}


def text_of(answer: dict[str, Any]) -> str:
    return "".join(
        part.get("text", "") for item in answer["output"] if item["type"] == "message" for part in item["content"]
    )


async def test_a_text_is_answered(served: Served, client: httpx2.AsyncClient) -> None:
    answer = await client.post(URL, json=body(instructions="Be brief.", metadata={"for": "a test"}, user="me"))

    told = answer.json()
    assert answer.status_code == 200
    assert (told["status"], told["model"], text_of(told)) == ("completed", "auto", "Hello there")
    assert told["id"].startswith("resp_")
    assert (told["instructions"], told["metadata"], told["user"]) == ("Be brief.", {"for": "a test"}, "me")
    assert told["usage"]["total_tokens"] == told["usage"]["input_tokens"] + told["usage"]["output_tokens"] > 0
    assert (told["chatgpt_account"], told["chatgpt_conversation_id"]) == ("plus", "conversation-1")
    assert answer.headers["x-chatgpt-account"] == "plus"
    asked = served.world.asked[0][1]
    assert [(message.role, message.text) for message in asked.messages] == [("system", "Be brief."), ("user", "Hi")]


async def test_items_of_all_roles_are_said_and_thoughts_are_passed_over(
    served: Served, client: httpx2.AsyncClient
) -> None:
    given = [
        {"role": "developer", "content": "Be brief."},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "One"}]},
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"},
        {
            "type": "message",
            "role": "assistant",
            "id": "msg_1",
            "status": "completed",
            "content": [{"type": "output_text", "text": "Two", "annotations": []}],
        },
        {"type": "some_new_thing", "payload": 1},
        {"role": "user", "content": "Three"},
    ]

    told = (await client.post(URL, json=body(given))).json()

    asked = served.world.asked[0][1]
    assert [(message.role, message.text) for message in asked.messages] == [
        ("system", "Be brief."),
        ("user", "One"),
        ("assistant", "Two"),
        ("user", "Three"),
    ]
    assert told["chatgpt_ignored"] == ["some_new_thing"]


async def test_a_picture_and_a_document_are_uploaded(served: Served, client: httpx2.AsyncClient) -> None:
    url = "data:image/png;base64," + base64.b64encode(png()).decode()
    parts = [
        {"type": "input_image", "image_url": url, "detail": "high"},
        {"type": "input_file", "filename": "notes.txt", "file_data": "aGVsbG8="},
        {"type": "input_text", "text": "What are they?"},
    ]

    answer = await client.post(URL, json=body([{"role": "user", "content": parts}]))

    assert answer.status_code == 200
    assert served.world.uploaded == [("plus", "image-1.png", "image/png"), ("plus", "notes.txt", "text/plain")]


async def test_a_stream_has_the_events_of_the_specification_in_their_order(
    served: Served, client: httpx2.AsyncClient
) -> None:
    served.world.script = [ThoughtDelta("**Plan**", 0), ThoughtDelta("\n\nFirst", 0), *says("Hel", "lo")]

    answer = await client.post(URL, json=body(stream=True, reasoning={"summary": "auto", "effort": "low"}))

    told = events(answer.text)
    assert [event["type"].removeprefix("response.") for event in told] == [
        "created",
        "in_progress",
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    last = told[-1]["response"]
    assert (last["status"], text_of(last)) == ("completed", "Hello")
    assert last["output"][0]["summary"] == [{"type": "summary_text", "text": "**Plan**\n\nFirst"}]


async def test_thoughts_are_told_only_to_those_who_ask(served: Served, client: httpx2.AsyncClient) -> None:
    served.world.script = [ThoughtDelta("**Plan**", 0), *says("Yes")]

    whole = (await client.post(URL, json=body())).json()
    stream = events((await client.post(URL, json=body(stream=True))).text)

    assert [item["type"] for item in whole["output"]] == ["message"]
    assert not [event for event in stream if "reasoning" in event["type"]]


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_that_was_cut_is_incomplete(client: httpx2.AsyncClient, served: Served, stream: bool) -> None:
    served.world.script = says("one two", " three four")

    answer = await client.post(URL, json=body(max_output_tokens=3, stream=stream))

    told = events(answer.text)[-1]["response"] if stream else answer.json()
    assert (told["status"], told["incomplete_details"]) == ("incomplete", {"reason": "max_output_tokens"})
    assert text_of(told) == "one two three"
    assert served.world.stopped == ["plus"]


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_in_json_is_checked_and_asked_for_again(
    served: Served, client: httpx2.AsyncClient, stream: bool
) -> None:
    served.world.scripts = [says('{"n": "one"}'), says('{"n": 1}')]

    answer = await client.post(URL, json=body(text=SHAPED, stream=stream))

    told = events(answer.text)[-1]["response"] if stream else answer.json()
    assert text_of(told) == '{"n": 1}'
    assert told["chatgpt_asked_again"] is True


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_that_never_fits_is_a_refusal(served: Served, client: httpx2.AsyncClient, stream: bool) -> None:
    served.world.script = says("I cannot do that.")

    answer = await client.post(URL, json=body(text=SHAPED, stream=stream))

    told = events(answer.text)[-1]["response"] if stream else answer.json()
    assert told["status"] == "completed"
    assert told["output"][0]["content"] == [{"type": "refusal", "refusal": "I cannot do that."}]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("refusal", "status", "code"),
    [
        (RateLimitedError("slow", retry_after_seconds=7), 429, "rate_limited"),
        (ContentBlockedError("no"), 400, "content_policy_violation"),
        (MessageTooLongError("long"), 400, "context_length_exceeded"),
        (AuthExpiredError("old"), 403, "auth_expired"),
    ],
)
async def test_an_error_before_the_first_event_is_a_real_status(
    tmp_path: Path, stream: bool, refusal: Exception, status: int, code: str
) -> None:
    async with open_server(tmp_path) as served, served.client() as client:
        served.world.refusals["plus"] = [refusal, refusal]
        answer = await client.post(URL, json=body(stream=stream))

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (RateLimitedError("slow"), "rate_limit_exceeded"),
        (StreamInterruptedError("cut"), "invalid_prompt"),
        (ZeroDivisionError("oops"), "invalid_prompt"),
    ],
)
async def test_an_error_after_the_first_event_is_a_failed_response(
    served: Served, client: httpx2.AsyncClient, failure: Exception, code: str
) -> None:
    served.world.script = [ConversationKnown("c"), TextDelta("Hel"), failure]

    told = events((await client.post(URL, json=body(stream=True))).text)

    assert told[-1]["type"] == "response.failed"
    assert told[-1]["response"]["error"]["code"] == code
    assert text_of(told[-1]["response"]) == "Hel"
    assert "oops" not in json.dumps(told)


BAD: list[tuple[dict[str, Any], str]] = [
    ({"input": 5}, "input"),
    ({"input": {"role": "user"}}, "input"),
    ({"input": [{"role": "user", "content": "Hi"}] * 10_001}, "input"),
    ({"input": None}, "input"),
    ({"input": []}, "input"),
    ({"input": ["Hi"]}, "input[0]"),
    ({"input": [{"role": "robot", "content": "Hi"}]}, "input[0].role"),
    ({"input": [{"content": "Hi"}]}, "input[0].type"),
    ({"input": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "input[0].content[0].type"),
    ({"input": [{"type": "function_call", "name": "ls"}]}, "input[0].call_id"),
    ({"input": [{"type": "function_call_output", "output": "x"}]}, "input[0].call_id"),
    ({"input": [{"role": "assistant", "content": "Hi"}]}, "input"),
    ({"model": 7}, "model"),
    ({"stream": "yes"}, "stream"),
    ({"max_output_tokens": 0}, "max_output_tokens"),
    ({"reasoning": {"effort": "huge"}}, "reasoning.effort"),
    ({"text": {"format": {"type": "xml"}}}, "text.format.type"),
    ({"text": {"format": {"type": "json_schema"}}}, "text.format.name"),
    ({"metadata": {"a": 1}}, "metadata.a"),
    ({"metadata": {str(n): "x" for n in range(17)}}, "metadata"),
    ({"prompt": {"id": "pmpt_1"}}, "prompt"),
    ({"background": True, "store": False}, "store"),
    ({"previous_response_id": "a", "conversation": "b"}, "conversation"),
    ({"tools": [{"type": "function"}]}, "tools[0].name"),
    ({"chatgpt_account": "nobody"}, "chatgpt_account"),
]


async def test_bad_input_is_a_400_that_names_its_field(served: Served, client: httpx2.AsyncClient) -> None:
    for change, param in BAD:
        answer = await client.post(URL, json={**body(), **change})

        assert (answer.status_code, answer.json()["error"]["param"]) == (400, param), change
    assert not served.world.asked


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"previous_response_id": "resp_" + "0" * 32}, "previous_response_id"),
        ({"conversation": "conv_" + "0" * 32}, "conversation"),
        ({"input": [{"type": "item_reference", "id": "msg_" + "0" * 32 + "_0"}]}, "input[0]"),
        ({"input": [{"type": "item_reference", "id": "nothing of ours"}]}, "input[0]"),
    ],
)
async def test_what_is_not_kept_is_a_404(client: httpx2.AsyncClient, change: dict[str, Any], param: str) -> None:
    answer = await client.post(URL, json={**body(), **change})

    assert (answer.status_code, answer.json()["error"]["param"]) == (404, param)


async def test_the_fallback_is_told(tmp_path: Path) -> None:
    async with open_server(tmp_path) as served, served.client() as client:
        served.world.refusals["plus"] = [ModelLimitError("cap")]
        told = (await client.post(URL, json=body(model="gpt-5-5"))).json()

    assert (told["model"], told["chatgpt_fallback_model"]) == ("gpt-5-5", "auto")


async def test_a_client_that_leaves_ends_the_turn(served: Served, client: httpx2.AsyncClient) -> None:
    served.world.script = [ConversationKnown("c"), TextDelta("Hel"), asyncio.Event()]

    async with client.stream("POST", URL, json=body(stream=True)) as answer:
        async for line in answer.aiter_lines():
            if "output_text.delta" in line:
                break
    for _ in range(100):
        if served.world.stopped:
            break
        await asyncio.sleep(0.02)

    assert served.world.stopped == ["plus"]


async def test_a_key_stands_for_one_response(served: Served, client: httpx2.AsyncClient) -> None:
    headers = {"idempotency-key": "one"}
    first = (await client.post(URL, json=body(), headers=headers)).json()
    again = (await client.post(URL, json=body(), headers=headers)).json()
    streamed = events((await client.post(URL, json=body(stream=True), headers=headers)).text)
    other = await client.post(URL, json=body("Something else"), headers=headers)

    assert len(served.world.asked) == 1
    assert (again["id"], again["output"]) == (first["id"], first["output"])
    assert streamed[-1]["response"]["id"] == first["id"]
    assert text_of(streamed[-1]["response"]) == "Hello there"
    assert other.status_code == 409


async def test_tokens_are_counted_without_asking_anybody(served: Served, client: httpx2.AsyncClient) -> None:
    counted = (await client.post(f"{URL}/input_tokens", json=body("one two three"))).json()

    assert counted == {"object": "response.input_tokens", "input_tokens": 7}
    assert not served.world.asked


async def test_a_websocket_is_refused_so_that_clients_go_on_over_http(
    served: Served, client: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    lines = [
        f"GET {URL} HTTP/1.1",
        f"Host: 127.0.0.1:{served.port}",
        f"Authorization: {client.headers['authorization']}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        "OpenAI-Beta: responses_websockets=2026-02-06",
    ]
    head = await served.raw(*lines)
    plain = await client.get(URL)

    assert b" 426 " in head.splitlines()[0]
    assert b"upgrade_required" in head
    assert "library" not in caplog.text
    assert (plain.status_code, plain.headers["allow"]) == (405, "POST")

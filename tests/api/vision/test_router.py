"""`POST /v1/chatgpt/vision` over a real socket and a real database."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx2
import pytest

from bridge.operations import results
from core.contracts.failure import failure_of
from core.contracts.operations import OperationRecord, OperationState
from core.errors import ContentBlockedError
from tests.fakes.server import Served, events, open_server
from tests.fakes.upstream import png
from tests.fakes.waiting import until

VISION = "/v1/chatgpt/vision"
ASYNC = {"prefer": "respond-async"}
TEAL = "data:image/png;base64," + base64.b64encode(png()).decode()


async def said(served: Served, operation_id: str, text: str) -> None:
    """Have upstream's answer come as far as `text`."""
    await served.bridge.store.write(lambda conn: results.extend(conn, operation_id, None, text))


async def completed(served: Served, operation_id: str, text: str) -> None:
    """Have an operation end with a text, as a worker does."""
    await served.bridge.store.write(lambda conn: results.finish(conn, operation_id, None, text))
    await served.bridge.operations.close(operation_id, OperationState.COMPLETED)


def answers(served: Served, *pieces: str) -> None:
    """Have every operation say these pieces as soon as it is started, and end."""

    async def work(record: OperationRecord) -> None:
        for number in range(1, len(pieces)):
            await said(served, record.id, "".join(pieces[:number]))
        await completed(served, record.id, "".join(pieces))

    served.temporal.work = work


async def row(served: Served) -> OperationRecord:
    (only,) = (await served.bridge.operations.list("primary")).items
    found: OperationRecord = only
    return found


def chunks(text: str) -> tuple[str, Sequence[Any]]:
    """The streamed text, and all events."""
    found = events(text)
    deltas = [choice["delta"].get("content", "") for event in found[:-1] for choice in event.get("choices", ())]
    return "".join(deltas), found


async def test_a_question_is_answered_as_a_chat_and_as_text(served: Served, client: httpx2.AsyncClient) -> None:
    answers(served, "A teal ", "square.")

    answer = await client.post(VISION, json={"prompt": "What is it?", "image": TEAL})

    body = answer.json()
    assert answer.status_code == 200
    assert body["object"] == "chatgpt.vision"
    assert body["text"] == body["choices"][0]["message"]["content"] == "A teal square."
    assert (body["mode"], body["input_image_count"], body["model"]) == ("custom", 1, "auto")
    assert body["limits_note"]
    assert body["usage"]["total_tokens"] > 765
    assert body["chatgpt_operation_id"] == answer.headers["x-chatgpt-operation-id"] == served.temporal.started[0]


async def test_the_operation_knows_what_was_asked(served: Served, client: httpx2.AsyncClient) -> None:
    await client.post(
        VISION,
        headers=ASYNC,
        json={
            "prompt": "What is it?",
            "images": [TEAL],
            "model": "gpt-5-5@native",
            "thinking_effort": "max",
            "temporary_chat": True,
            "metadata": {"chatgpt_account": "plus"},
        },
    )

    found = await row(served)
    assert found.kind.value == "vision"
    assert {name: value for name, value in found.request.items() if name != "inputs"} == {
        "prompt": "What is it?",
        "mode": "custom",
        "model": "gpt-5-5",
        "slug": "gpt-5-5",
        "effort": "max",
        "temporary": True,
        "accounts": ["plus"],
        "strategy": None,
    }
    assert found.request["inputs"][0]["sha256"] == hashlib.sha256(png()).hexdigest()


@pytest.mark.parametrize(("mode", "word"), [("ocr", "Transcribe"), ("DESCRIBE", "Describe"), ("custom", "Look")])
async def test_a_mode_brings_words_of_its_own(served: Served, client: httpx2.AsyncClient, mode: str, word: str) -> None:
    await client.post(VISION, json={"mode": mode, "image": TEAL}, headers=ASYNC)

    request = (await row(served)).request
    assert request["prompt"].startswith(word)
    assert (request["mode"], request["temporary"]) == (mode.lower(), False)


async def test_the_callers_own_words_win_over_the_modes(served: Served, client: httpx2.AsyncClient) -> None:
    await client.post(VISION, json={"mode": "ocr", "prompt": "Only the date.", "image": TEAL}, headers=ASYNC)

    assert (await row(served)).request["prompt"] == "Only the date."


async def test_a_form_is_read_as_well(served: Served, client: httpx2.AsyncClient) -> None:
    answers(served, "Teal.")

    answer = await client.post(VISION, data={"mode": "ocr", "stream": "true"}, files={"image": ("a.png", png())})

    assert chunks(answer.text)[0] == "Teal."


async def test_a_stream_brings_the_text_as_it_comes(served: Served) -> None:
    async def work(record: OperationRecord) -> None:
        await said(served, record.id, "A teal ")

    served.temporal.work = work
    body = {"image": TEAL, "stream": True, "stream_options": {"include_usage": True}}
    async with served.client() as client, client.stream("POST", VISION, json=body) as answer:
        lines = answer.aiter_lines()
        operation_id = served.temporal.started[0]
        first = [json.loads((await _data(lines)).removeprefix("data: ")) for _ in range(2)]
        await completed(served, operation_id, "A teal ✓ square.")
        rest = [await _data(lines) for _ in range(4)]

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert answer.headers["x-chatgpt-operation-id"] == operation_id
    assert [event["choices"][0]["delta"].get("content") for event in first] == ["", "A teal "]
    assert first[0]["object"] == "chat.completion.chunk"
    assert json.loads(rest[0].removeprefix("data: "))["choices"][0]["delta"]["content"] == "✓ square."
    assert json.loads(rest[1].removeprefix("data: "))["choices"][0]["finish_reason"] == "stop"
    assert json.loads(rest[2].removeprefix("data: "))["usage"]["chatgpt_estimated"] is True
    assert rest[3] == "data: [DONE]"


async def test_a_stream_of_what_is_there_already_begins_at_its_beginning(
    served: Served, client: httpx2.AsyncClient
) -> None:
    answers(served, "A ", "teal ", "square.")
    body = {"image": TEAL, "stream": True, "chatgpt_operation_id": "mine"}

    texts = [chunks((await client.post(VISION, json=body)).text)[0] for _ in range(2)]

    assert texts == ["A teal square."] * 2
    assert served.temporal.started == ["mine"]


async def test_text_that_upstream_rewrote_is_not_said_twice(served: Served, client: httpx2.AsyncClient) -> None:
    async def work(record: OperationRecord) -> None:
        await said(served, record.id, "A teal ")
        await completed(served, record.id, "No, a red square.")

    served.temporal.work = work
    answer = await client.post(VISION, json={"image": TEAL, "stream": True})
    text, found = chunks(answer.text)
    whole = await client.get(f"/v1/chatgpt/operations/{served.temporal.started[0]}")

    assert text == "A teal "
    assert found[-2]["choices"][0]["finish_reason"] == "stop"
    assert found[-1] == "[DONE]"
    assert whole.status_code == 200


@pytest.mark.parametrize("stream", [False, True])
async def test_a_failure_before_the_first_word_keeps_its_status(
    served: Served, client: httpx2.AsyncClient, stream: bool
) -> None:
    async def work(record: OperationRecord) -> None:
        await served.bridge.operations.close(record.id, OperationState.FAILED, failure_of(ContentBlockedError("no")))

    served.temporal.work = work
    answer = await client.post(VISION, json={"image": TEAL, "stream": stream})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "content_policy_violation")
    assert answer.json()["error"]["chatgpt_operation_id"] == served.temporal.started[0]


async def test_a_failure_in_the_middle_is_the_last_event(served: Served, client: httpx2.AsyncClient) -> None:
    async def work(record: OperationRecord) -> None:
        await said(served, record.id, "A teal ")
        await served.bridge.operations.close(record.id, OperationState.FAILED, failure_of(ContentBlockedError("no")))

    served.temporal.work = work
    answer = await client.post(VISION, json={"image": TEAL, "stream": True})

    found = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]
    assert answer.status_code == 200
    assert found[-1]["error"]["code"] == "content_policy_violation"
    assert "[DONE]" not in answer.text


async def test_a_stream_begins_and_pings_while_nothing_is_said(tmp_path: Path) -> None:
    async with open_server(tmp_path, first_event_seconds=0.05, ping_seconds=0.05) as served, served.client() as client:
        asking = asyncio.create_task(client.post(VISION, json={"image": TEAL, "stream": True}))
        await _started(served)
        await asyncio.sleep(0.3)
        await completed(served, served.temporal.started[0], "Teal.")
        answer = await asking

    assert ": ping" in answer.text
    assert chunks(answer.text)[0] == "Teal."


@pytest.mark.parametrize(("wish", "cancelled"), [(None, 0), ("cancel", 1)])
async def test_a_stream_whose_client_leaves_goes_on_unless_it_asked_otherwise(
    served: Served, wish: str | None, cancelled: int
) -> None:
    body = {"image": TEAL, "stream": True, "chatgpt_on_disconnect": wish}
    async with served.client() as client:
        asking = asyncio.create_task(client.post(VISION, json=body))
        await _started(served)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

        async def unheld() -> bool:
            return not served.services.leashes._held

        await until(unheld)

    async def told() -> bool:
        return len(served.temporal.cancelled) == cancelled

    await until(told)
    assert (await row(served)).cancel_requested is bool(cancelled)


@pytest.mark.parametrize(
    ("fields", "headers", "param"),
    [
        ({"mode": "guess"}, {}, "mode"),
        ({"image": None}, {}, "image"),
        ({"image": "nothing"}, {}, "image"),
        ({"stream": True}, ASYNC, "stream"),
        ({"model": "deep-research"}, {}, "model"),
        ({"prompt": 7}, {}, "prompt"),
    ],
)
async def test_a_wrong_request_names_its_field_and_starts_nothing(
    served: Served, client: httpx2.AsyncClient, fields: dict[str, Any], headers: dict[str, str], param: str
) -> None:
    answer = await client.post(VISION, json={"image": TEAL, **fields}, headers=headers)

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert not served.temporal.started


async def _started(served: Served) -> None:
    async def begun() -> bool:
        return bool(served.temporal.started)

    await until(begun)


async def _data(lines: Any) -> str:
    """The next event's line."""
    while not (line := await anext(lines)).startswith("data: "):
        pass
    return str(line)

"""Pictures as streams of events over a real socket, read by the vendor's own models and client."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from openai.types import (
    ImageEditCompletedEvent,
    ImageEditPartialImageEvent,
    ImageGenCompletedEvent,
    ImageGenPartialImageEvent,
)
from PIL import Image

from bridge.operations import previews
from core.contracts.failure import failure_of
from core.contracts.images import ImageForm
from core.contracts.operations import OperationRecord, OperationState
from core.errors import ContentBlockedError, RateLimitedError
from tests.fakes.server import KEY, Served, complete, open_server
from tests.fakes.upstream import png
from tests.fakes.vendor import strict
from tests.fakes.waiting import until

IMAGES = "/v1/images/generations"
EDITS = "/v1/images/edits"
TEAL = "data:image/png;base64," + base64.b64encode(png()).decode()
MODELS = {
    "image_generation.partial_image": ImageGenPartialImageEvent,
    "image_generation.completed": ImageGenCompletedEvent,
    "image_edit.partial_image": ImageEditPartialImageEvent,
    "image_edit.completed": ImageEditCompletedEvent,
}


async def show(served: Served, operation_id: str, colour: str) -> None:
    """Have a preview shown, as a worker does."""
    name, picture = await served.bridge.previews.write(operation_id, colour, png(colour), ImageForm())
    facts = {"name": name, "width": picture.width, "height": picture.height}
    await served.bridge.store.write(lambda conn: previews.tell(conn, operation_id, None, colour, facts, most=3))


def draws(served: Served, *colours: str) -> None:
    async def work(record: OperationRecord) -> None:
        for colour in colours:
            await show(served, record.id, colour)
        await complete(served, record.id)

    served.temporal.work = work


def parsed(text: str) -> list[dict[str, Any]]:
    """The events, each named as its type says."""
    found = []
    for block in text.split("\n\n"):
        lines = [line for line in block.splitlines() if not line.startswith(":")]
        if lines:
            name, data = lines
            found.append(json.loads(data.removeprefix("data: ")))
            assert name == f"event: {found[-1]['type']}"
    return found


async def started(served: Served) -> str:
    async def any_started() -> bool:
        return bool(served.temporal.started)

    await until(any_started)
    return served.temporal.started[-1]


@pytest.mark.parametrize(("route", "kind"), [(IMAGES, "image_generation"), (EDITS, "image_edit")])
async def test_previews_and_the_picture_are_events_as_the_vendor_has_them(
    served: Served, client: httpx2.AsyncClient, route: str, kind: str
) -> None:
    draws(served, "red", "green")
    body = {"prompt": "A heron", "image": TEAL, "stream": True, "partial_images": 2, "quality": "high"}

    answer = await client.post(route, json=body)

    events = parsed(answer.text)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert answer.headers["x-chatgpt-operation-id"] == served.temporal.started[0]
    assert [event["type"] for event in events] == [f"{kind}.partial_image"] * 2 + [f"{kind}.completed"]
    for event in events:
        strict(MODELS[event["type"]], event)
    assert [event["partial_image_index"] for event in events[:2]] == [0, 1]
    assert [base64.b64decode(event["b64_json"]) for event in events] == [png("red"), png("green"), png()]
    told = [(event["output_format"], event["size"], event["quality"], event["background"]) for event in events]
    assert told == [("png", "auto", "high", "auto")] * 3
    assert [(event["width"], event["height"]) for event in events] == [(16, 12)] * 3
    assert events[-1]["usage"]["estimated"] is True


async def test_the_vendors_clients_read_the_stream(served: Served) -> None:
    draws(served, "red")
    async with openai.AsyncOpenAI(base_url=f"{served.url}/v1", api_key=KEY, max_retries=0) as vendor:
        stream = await vendor.images.generate(
            prompt="A heron", model="gpt-image-1", stream=True, partial_images=1, output_format="webp"
        )
        made = [event async for event in stream]
        edit = await vendor.images.edit(image=("a.png", png()), prompt="Red.", stream=True, partial_images=1)
        changed = [event async for event in edit]

    assert [event.type for event in made] == ["image_generation.partial_image", "image_generation.completed"]
    assert [event.type for event in changed] == ["image_edit.partial_image", "image_edit.completed"]
    assert made[-1].output_format == "webp"
    assert Image.open(io.BytesIO(base64.b64decode(made[-1].b64_json))).format == "WEBP"


async def test_a_client_that_reads_synchronously_does_too(served: Served) -> None:
    draws(served, "red")

    def read() -> list[str]:
        with openai.OpenAI(base_url=f"{served.url}/v1", api_key=KEY, max_retries=0) as vendor:
            return [event.type for event in vendor.images.generate(prompt="A heron", stream=True, partial_images=3)]

    assert await asyncio.to_thread(read) == ["image_generation.partial_image", "image_generation.completed"]


@pytest.fixture
async def hasty(tmp_path: Path) -> AsyncIterator[Served]:
    """A server whose streams begin at once, and ping often."""
    async with open_server(tmp_path, first_event_seconds=0.05, ping_seconds=0.1) as server:
        yield server


async def test_waiting_is_told_by_comments(hasty: Served) -> None:
    async with hasty.client() as client:
        asking = asyncio.create_task(client.post(IMAGES, json={"prompt": "A heron", "stream": True}))
        operation_id = await started(hasty)
        await asyncio.sleep(0.4)
        await complete(hasty, operation_id)
        text = (await asking).text

    assert text.count(": ping\n\n") >= 2
    assert ": completed\n\n" in text
    assert [event["type"] for event in parsed(text)] == ["image_generation.completed"]


async def test_an_error_before_anything_was_sent_has_its_status(served: Served, client: httpx2.AsyncClient) -> None:
    async def work(record: OperationRecord) -> None:
        failure = failure_of(ContentBlockedError("not that"))
        await served.bridge.operations.close(record.id, OperationState.FAILED, failure)

    served.temporal.work = work
    answer = await client.post(IMAGES, json={"prompt": "A heron", "stream": True})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "content_policy_violation")
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ContentBlockedError("not that"), "invalid_request_error"),
        (RateLimitedError("slow", retry_after_seconds=5), "server_error"),
    ],
)
async def test_an_error_after_the_beginning_is_an_event_that_the_vendors_client_raises(
    hasty: Served, error: Any, kind: str
) -> None:
    async with openai.AsyncOpenAI(base_url=f"{hasty.url}/v1", api_key=KEY, max_retries=0) as vendor:
        stream = await vendor.images.generate(prompt="A heron", stream=True)
        operation_id = await started(hasty)
        await hasty.bridge.operations.close(operation_id, OperationState.FAILED, failure_of(error))
        with pytest.raises(openai.APIError) as raised:
            _ = [event async for event in stream]

    assert (raised.value.code, raised.value.type) == (error.code, kind)
    assert isinstance(raised.value.body, dict)
    assert raised.value.body["chatgpt_operation_id"] == operation_id


async def test_a_picture_whose_reader_left_goes_on_and_its_retry_sees_it_all(hasty: Served) -> None:
    body = {"prompt": "A heron", "stream": True, "partial_images": 1}
    async with hasty.client() as client:
        async with client.stream("POST", IMAGES, json=body) as leaving:
            operation_id = await started(hasty)
            assert leaving.headers["x-chatgpt-operation-id"] == operation_id
        await asyncio.sleep(0.2)
        await show(hasty, operation_id, "red")
        retrying = asyncio.create_task(client.post(IMAGES, json=body, headers={"x-stainless-retry-count": "1"}))
        await asyncio.sleep(0.1)
        await complete(hasty, operation_id)
        events = parsed((await retrying).text)

    assert [event["type"] for event in events] == ["image_generation.partial_image", "image_generation.completed"]
    assert hasty.temporal.started == [operation_id]
    assert not hasty.temporal.cancelled


async def test_a_picture_is_cancelled_with_its_reader_where_that_was_asked(hasty: Served) -> None:
    body = {"prompt": "A heron", "stream": True, "chatgpt_on_disconnect": "cancel"}
    async with hasty.client() as client, client.stream("POST", IMAGES, json=body):
        operation_id = await started(hasty)

    async def cancelled() -> bool:
        return hasty.temporal.cancelled == [operation_id]

    await until(cancelled)


async def test_previews_do_not_make_another_request(served: Served, client: httpx2.AsyncClient) -> None:
    draws(served, "red")
    key = {"idempotency-key": "once"}

    streamed = await client.post(IMAGES, json={"prompt": "A", "stream": True, "partial_images": 2}, headers=key)
    whole = await client.post(IMAGES, json={"prompt": "A"}, headers=key)

    assert whole.json()["chatgpt_operation_id"] == streamed.headers["x-chatgpt-operation-id"]


async def test_a_preview_that_is_gone_is_passed_over(served: Served, client: httpx2.AsyncClient) -> None:
    async def work(record: OperationRecord) -> None:
        await show(served, record.id, "red")
        await served.bridge.previews.forget(record.id)
        await complete(served, record.id)

    served.temporal.work = work
    answer = await client.post(IMAGES, json={"prompt": "A heron", "stream": True, "partial_images": 1})

    assert [event["type"] for event in parsed(answer.text)] == ["image_generation.completed"]


BAD: list[tuple[dict[str, Any], dict[str, str], str]] = [
    ({"n": 2}, {}, "n"),
    ({}, {"prefer": "respond-async"}, "stream"),
    ({"partial_images": 4}, {}, "partial_images"),
    ({"partial_images": -1}, {}, "partial_images"),
    ({"response_format": "url"}, {}, "response_format"),
    ({"stream": None, "partial_images": 1}, {}, "partial_images"),
    ({"stream": "yes"}, {}, "stream"),
]


@pytest.mark.parametrize("route", [IMAGES, EDITS])
async def test_what_cannot_be_streamed_is_refused_by_name(
    served: Served, client: httpx2.AsyncClient, route: str
) -> None:
    for change, headers, param in BAD:
        body = {"prompt": "A heron", "image": TEAL, "stream": True, **change}
        answer = await client.post(route, json=body, headers=headers)
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, param), change
    assert not served.temporal.started

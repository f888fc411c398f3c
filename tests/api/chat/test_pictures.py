"""A chat whose last message is drawn, because it says so or names a model that does nothing else."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import httpx2
import pytest

from core.contracts.failure import failure_of
from core.contracts.keys import AccessScope
from core.contracts.operations import OperationKind, OperationRecord, OperationState
from core.errors import ContentBlockedError
from tests.fakes.keys import client_with
from tests.fakes.server import Served, complete, events
from tests.fakes.upstream import png

URL = "/v1/chat/completions"
PICTURE = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{base64.b64encode(png()).decode()}"}}


def chat(content: Any = "A heron at dawn", **more: Any) -> dict[str, Any]:
    return {
        "model": "auto",
        "messages": [{"role": "user", "content": content}],
        "chatgpt_image_intercept": True,
        **more,
    }


@pytest.fixture
def drawn(served: Served) -> Served:
    """Every picture is made as soon as it is asked for."""

    async def work(record: OperationRecord) -> None:
        await complete(served, record.id)

    served.temporal.work = work
    return served


async def only(served: Served) -> OperationRecord:
    (record,) = (await served.bridge.operations.list("primary")).items
    assert isinstance(record, OperationRecord)
    return record


@pytest.mark.parametrize("asks", [{}, {"chatgpt_image_intercept": None, "model": "gpt-image-1"}])
async def test_it_is_an_operation_and_a_chat_says_where_the_picture_lies(
    drawn: Served, client: httpx2.AsyncClient, asks: dict[str, Any]
) -> None:
    answer = await client.post(URL, json=chat(**asks))

    told, record = answer.json(), await only(drawn)
    (picture,) = told["chatgpt_image_assets"]
    text = told["choices"][0]["message"]["content"].splitlines()
    assert answer.status_code == 200
    assert (record.kind, record.request["prompt"]) == (OperationKind.IMAGE, "A heron at dawn")
    assert told["chatgpt_operation_id"] == answer.headers["x-chatgpt-operation-id"] == record.id
    assert text[text.index("Saved files:") + 1] == picture["path"]
    assert text[text.index("Download links:") + 1] == picture["download_url"]
    assert await asyncio.to_thread(Path(picture["path"]).read_bytes) == png()
    assert (await client.get(picture["download_url"])).content == png()
    assert told["usage"]["prompt_tokens"] > 0
    assert not drawn.world.asked


async def test_it_is_streamed_in_one_piece(drawn: Served, client: httpx2.AsyncClient) -> None:
    body = chat(stream=True, stream_options={"include_usage": True})
    told = events((await client.post(URL, json=body)).text)

    (piece,) = [one["choices"][0]["delta"]["content"] for one in told[1:-3]]
    finish, usage, end = told[-3:]
    assert piece.startswith("Here is the picture.")
    assert finish["choices"][0]["finish_reason"] == "stop"
    assert finish["chatgpt_image_assets"][0]["download_url"] in piece
    assert usage["usage"]["total_tokens"] > 0
    assert end == "[DONE]"


async def test_pictures_of_the_message_are_changed(drawn: Served, client: httpx2.AsyncClient) -> None:
    said = [PICTURE, {"type": "text", "text": "Make it red"}]
    answer = await client.post(URL, json=chat(said, size="1024x1024", quality="high", n=2))

    records = (await drawn.bridge.operations.list("primary")).items
    assert answer.status_code == 200
    assert answer.json()["choices"][0]["message"]["content"].startswith("Here are 2 pictures.")
    assert [record.kind for record in records] == [OperationKind.EDIT] * 2
    assert (records[0].request["prompt"], records[0].request["quality"]) == ("Make it red", "high")
    assert records[0].request["aspect_ratio"] == "1:1"


async def test_only_the_last_message_is_drawn(drawn: Served, client: httpx2.AsyncClient) -> None:
    messages = [
        {"role": "user", "content": [PICTURE, {"type": "text", "text": "What is it?"}]},
        {"role": "assistant", "content": "A square."},
        {"role": "user", "content": "Draw a circle"},
    ]
    await client.post(URL, json=chat() | {"messages": messages})

    record = await only(drawn)
    assert (record.kind, record.request["prompt"]) == (OperationKind.IMAGE, "Draw a circle")


@pytest.mark.parametrize("stream", [False, True])
async def test_a_failure_is_the_chats(served: Served, client: httpx2.AsyncClient, stream: bool) -> None:
    async def work(record: OperationRecord) -> None:
        failure = failure_of(ContentBlockedError("The request was refused."))
        await served.bridge.operations.close(record.id, OperationState.FAILED, failure=failure)

    served.temporal.work = work
    answer = await client.post(URL, json=chat(stream=stream))

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "content_policy_violation")


async def test_it_may_be_left_to_itself(drawn: Served, client: httpx2.AsyncClient) -> None:
    answer = await client.post(URL, json=chat(), headers={"prefer": "respond-async"})

    assert answer.status_code == 202
    assert answer.json()["operation"]["kind"] == "image"


async def test_a_key_that_may_not_draw_is_refused(served: Served) -> None:
    async with await client_with(served, AccessScope.CHAT) as narrow:
        answer = await narrow.post(URL, json=chat())

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "missing_scope")
    assert not served.temporal.started


async def test_a_key_of_a_chat_is_none_of_a_picture(drawn: Served, client: httpx2.AsyncClient) -> None:
    headers = {"idempotency-key": "one"}
    await client.post(URL, json=chat(chatgpt_image_intercept=False), headers=headers)
    answer = await client.post(URL, json=chat(), headers=headers)

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "idempotency_conflict")


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"messages": [{"role": "user", "content": [PICTURE]}]}, "messages"),
        ({"size": "large"}, "size"),
        ({"n": 5}, "n"),
    ],
)
async def test_bad_input_names_its_field(
    served: Served, client: httpx2.AsyncClient, change: dict[str, Any], param: str
) -> None:
    answer = await client.post(URL, json=chat() | change)

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert not served.temporal.started


async def test_words_alone_draw_nothing(served: Served, client: httpx2.AsyncClient) -> None:
    answer = await client.post(URL, json=chat("Please draw a picture of a boat", chatgpt_image_intercept=None))

    assert answer.json()["choices"][0]["message"]["content"] == "Hello there"
    assert not served.temporal.started

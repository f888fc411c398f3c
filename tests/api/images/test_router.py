"""`POST /v1/images/generations` over a real socket and a real database."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from core.contracts.failure import failure_of
from core.contracts.operations import OperationRecord, OperationState
from core.errors import ContentBlockedError, InternalError
from tests.fakes.server import KEY, Served, complete, open_server
from tests.fakes.upstream import png
from tests.fakes.waiting import until

IMAGES = "/v1/images/generations"
ASYNC = {"prefer": "respond-async"}


def draws(served: Served) -> None:
    """Have every operation completed as soon as it is started."""

    async def work(record: OperationRecord) -> None:
        await complete(served, record.id)

    served.temporal.work = work


async def rows(served: Served) -> list[OperationRecord]:
    return list((await served.bridge.operations.list("primary")).items)


async def started(served: Served, number: int = 1) -> str:
    """Wait until so many operations were started; the id of the last."""

    async def enough() -> bool:
        return len(served.temporal.started) >= number

    await until(enough)
    return served.temporal.started[-1]


async def test_a_picture_is_answered_with_a_link_that_works(served: Served, client: httpx2.AsyncClient) -> None:
    draws(served)

    answer = await client.post(IMAGES, json={"prompt": "A Heron!", "model": "dall-e-3"})

    body = answer.json()
    (picture,) = body["data"]
    assert answer.status_code == 200
    assert (body["model"], body["created"] > 0) == ("dall-e-3", True)
    assert body["chatgpt_operation_id"] == answer.headers["x-chatgpt-operation-id"] == served.temporal.started[0]
    assert picture["url"] == picture["download_url"]
    assert picture["url"].startswith(f"{served.url}/v1/chatgpt/files/{picture['file_id']}/")
    assert picture["path"].startswith(str(served.services.settings.storage.artifacts_dir))
    async with served.client(None) as anybody:
        assert (await anybody.get(picture["url"])).content == png()


async def test_a_picture_comes_as_bytes_when_that_is_wanted(served: Served, client: httpx2.AsyncClient) -> None:
    draws(served)

    answer = await client.post(IMAGES, json={"prompt": "A heron", "response_format": "B64_json"})

    assert base64.b64decode(answer.json()["data"][0]["b64_json"]) == png()
    assert "url" not in answer.json()["data"][0]


async def test_the_operation_knows_what_was_asked(served: Served, client: httpx2.AsyncClient) -> None:
    draws(served)

    await client.post(IMAGES, json={"prompt": "A heron", "size": "1792x1024", "chatgpt_account": "plus", "n": 1})

    (row,) = await rows(served)
    assert row.request == {
        "prompt": "A heron",
        "model": "auto",
        "slug": "auto",
        "aspect_ratio": "16:9",
        "response_format": "url",
        "accounts": ["plus"],
        "strategy": None,
        "quality": "auto",
        "style": None,
        "background": "auto",
        "output_format": None,
        "output_compression": None,
        "partial_images": 0,
        "n": 1,
    }
    assert (row.owner, row.detached, row.cancel_on_disconnect) == ("primary", False, False)


async def test_who_does_not_wait_gets_the_operation_at_once(served: Served, client: httpx2.AsyncClient) -> None:
    answer = await client.post(IMAGES, json={"prompt": "A heron"}, headers=ASYNC)

    operation = answer.json()["operation"]
    assert (answer.status_code, answer.json()["object"]) == (202, "chatgpt.operation")
    assert answer.headers["location"] == f"/v1/chatgpt/operations/{operation['id']}"
    assert answer.headers["preference-applied"] == "respond-async"
    assert operation["state"] == "accepted"
    assert (await client.get(answer.headers["location"])).json()["operation"]["id"] == operation["id"]


async def test_a_start_that_is_not_confirmed_is_accepted_all_the_same(
    served: Served, client: httpx2.AsyncClient
) -> None:
    served.temporal.confirms = False

    assert (await client.post(IMAGES, json={"prompt": "A heron"}, headers=ASYNC)).status_code == 202


async def test_without_temporal_nothing_is_stored(served: Served, client: httpx2.AsyncClient) -> None:
    served.temporal.available = False

    answer = await client.post(IMAGES, json={"prompt": "A heron"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "temporal_unavailable")
    assert (answer.headers["retry-after"], answer.headers["x-should-retry"]) == ("2", "true")
    assert not await rows(served)


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (ContentBlockedError("not that"), 400, "content_policy_violation"),
        (InternalError("oops"), 500, "internal_error"),
    ],
)
async def test_a_failed_operation_is_answered_as_the_error_it_was(
    served: Served, client: httpx2.AsyncClient, failure: Any, status: int, code: str
) -> None:
    async def work(record: OperationRecord) -> None:
        await served.bridge.operations.close(record.id, OperationState.FAILED, failure_of(failure))

    served.temporal.work = work
    answer = await client.post(IMAGES, json={"prompt": "A heron"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"]["chatgpt_operation_id"] == served.temporal.started[0]
    assert answer.headers["x-should-retry"] == "false"


async def test_a_cancelled_operation_says_so_to_who_waits(served: Served, client: httpx2.AsyncClient) -> None:
    waiting = asyncio.create_task(client.post(IMAGES, json={"prompt": "A heron"}))
    operation_id = await started(served)
    await served.bridge.operations.close(operation_id, OperationState.CANCELLED)
    answer = await waiting

    assert (answer.status_code, answer.json()["error"]["code"]) == (499, "operation_cancelled")


BAD_INPUT: list[tuple[dict[str, Any], str]] = [
    ({"prompt": None}, "prompt"),
    ({"prompt": "  "}, "prompt"),
    ({"prompt": 3}, "prompt"),
    ({"n": 5}, "n"),
    ({"n": 0}, "n"),
    ({"n": "1"}, "n"),
    ({"size": "huge"}, "size"),
    ({"size": "0x10"}, "size"),
    ({"response_format": "png"}, "response_format"),
    ({"stream": 1}, "stream"),
    ({"model": 3}, "model"),
    ({"model": "deep-research"}, "model"),
    ({"chatgpt_operation_id": "a b"}, "chatgpt_operation_id"),
    ({"metadata": {"chatgpt_operation_id": 3}}, "metadata.chatgpt_operation_id"),
    ({"chatgpt_on_disconnect": "explode"}, "chatgpt_on_disconnect"),
    ({"chatgpt_account": "nobody"}, "chatgpt_account"),
]


async def test_bad_input_is_a_400_with_the_fields_name(served: Served, client: httpx2.AsyncClient) -> None:
    for change, param in BAD_INPUT:
        answer = await client.post(IMAGES, json={"prompt": "A heron", **change})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, param), change
    long = await client.post(IMAGES, json={"prompt": "A heron"}, headers={"idempotency-key": "x" * 256})

    assert (long.status_code, long.json()["error"]["param"]) == (400, "Idempotency-Key")
    assert not await rows(served)


async def test_a_key_makes_two_requests_one(served: Served, client: httpx2.AsyncClient) -> None:
    draws(served)
    key = {"idempotency-key": "once"}

    first = await client.post(IMAGES, json={"prompt": "A heron"}, headers=key)
    second = await client.post(IMAGES, json={"prompt": "A heron"}, headers=key)
    other = await client.post(IMAGES, json={"prompt": "Another"}, headers=key)

    assert first.json() == second.json()
    assert (other.status_code, other.json()["error"]["code"]) == (409, "idempotency_conflict")
    assert len(await rows(served)) == len(served.temporal.started) == 1


async def test_an_id_of_the_clients_own_is_a_key_too(served: Served, client: httpx2.AsyncClient) -> None:
    draws(served)
    body = {"prompt": "A heron", "chatgpt_operation_id": "mine"}

    first = await client.post(IMAGES, json=body)
    again = await client.post(IMAGES, json={"prompt": "A heron", "metadata": {"chatgpt_operation_id": "mine"}})
    taken = await client.post(IMAGES, json={**body, "prompt": "Another"})

    assert first.json()["chatgpt_operation_id"] == again.json()["chatgpt_operation_id"] == "mine"
    assert (taken.status_code, taken.json()["error"]["code"]) == (409, "operation_id_taken")


async def leave(client: httpx2.AsyncClient, served: Served, **body: Any) -> str:
    """Ask for a picture and leave while it is drawn."""
    waiting = asyncio.create_task(client.post(IMAGES, json={"prompt": "A heron", **body}))
    operation_id = await started(served)
    await asyncio.sleep(0.05)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    return operation_id


async def test_a_picture_whose_client_left_goes_on_and_the_retry_finds_it(
    served: Served, client: httpx2.AsyncClient
) -> None:
    operation_id = await leave(client, served)
    await asyncio.sleep(0.2)
    retrying = asyncio.create_task(
        client.post(IMAGES, json={"prompt": "A heron"}, headers={"x-stainless-retry-count": "1"})
    )
    await asyncio.sleep(0.1)
    await complete(served, operation_id)

    assert (await retrying).json()["chatgpt_operation_id"] == operation_id
    assert not served.temporal.cancelled
    assert len(await rows(served)) == 1


async def test_a_picture_is_cancelled_with_its_client_where_that_was_asked(
    served: Served, client: httpx2.AsyncClient
) -> None:
    operation_id = await leave(client, served, chatgpt_on_disconnect="cancel")

    async def cancelled() -> bool:
        return served.temporal.cancelled == [operation_id]

    await until(cancelled)
    assert (await served.bridge.operations.find(operation_id)).cancel_requested


async def test_nothing_is_cancelled_while_another_connection_waits(served: Served, client: httpx2.AsyncClient) -> None:
    body = {"chatgpt_operation_id": "shared", "chatgpt_on_disconnect": "cancel"}
    waiting = asyncio.create_task(client.post(IMAGES, json={"prompt": "A heron", **body}))
    await started(served)
    async with served.client() as other:
        leaving = asyncio.create_task(other.post(IMAGES, json={"prompt": "A heron", **body}))
        await asyncio.sleep(0.15)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
    await asyncio.sleep(0.15)

    assert not served.temporal.cancelled
    await served.bridge.operations.close("shared", OperationState.CANCELLED)
    assert (await waiting).status_code == 499


async def test_a_stopping_server_lets_the_picture_go_on(served: Served, client: httpx2.AsyncClient) -> None:
    waiting = asyncio.create_task(client.post(IMAGES, json={"prompt": "A heron"}))
    operation_id = await started(served)
    await asyncio.sleep(0.05)
    served.services.leashes.stopping = True
    served.services.leashes.pull_all()
    answer = await waiting
    late = await client.post(IMAGES, json={"prompt": "A heron"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "shutting_down")
    assert answer.headers["x-should-retry"] == "true"
    assert not served.temporal.cancelled
    assert not (await served.bridge.operations.find(operation_id)).cancel_requested
    assert late.status_code == 503


async def test_a_long_wait_begins_with_white_space_and_ends_with_the_picture(tmp_path: Path) -> None:
    async with open_server(tmp_path, sync_patience_seconds=0.1, ping_seconds=0.1) as served, served.client() as client:
        waiting = asyncio.create_task(client.post(IMAGES, json={"prompt": "A heron"}))
        operation_id = await started(served)
        await asyncio.sleep(0.35)
        await complete(served, operation_id)
        answer = await waiting

    assert answer.status_code == 200
    assert answer.text.startswith("  ")
    assert answer.json()["data"][0]["file_id"]


async def test_a_failure_after_white_space_closes_the_connection_without_an_end(tmp_path: Path) -> None:
    async with open_server(tmp_path, sync_patience_seconds=0.1) as served:
        body = json.dumps({"prompt": "A heron"}).encode()
        sent = ("Host: localhost", f"Authorization: Bearer {KEY}", f"Content-Length: {len(body)}")
        lines = (f"POST {IMAGES} HTTP/1.1", *sent)
        waiting = asyncio.create_task(served.raw(*lines, body=body))
        operation_id = await started(served)
        await asyncio.sleep(0.2)
        await served.bridge.operations.close(operation_id, OperationState.FAILED, failure_of(InternalError("oops")))
        answer = await waiting

    assert answer.startswith(b"HTTP/1.1 200")
    assert b'"internal_error"' in answer
    assert not answer.endswith(b"0\r\n\r\n")

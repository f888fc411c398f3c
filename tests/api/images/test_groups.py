"""Several pictures of one request over a real socket and a real database."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest
from openai.types import ImagesResponse

from api.images.groups import members_of
from core.contracts.failure import failure_of
from core.contracts.keys import AccessScope, KeyTerms
from core.contracts.operations import OperationKind, OperationRecord, OperationState
from core.errors import ContentBlockedError
from tests.fakes.server import Served, complete
from tests.fakes.upstream import png
from tests.fakes.vendor import strict
from tests.fakes.waiting import until

IMAGES = "/v1/images/generations"
EDITS = "/v1/images/edits"
OPERATIONS = "/v1/chatgpt/operations"
ASYNC = {"prefer": "respond-async"}
BLOCKED = failure_of(ContentBlockedError("not that"))


def ends(served: Served, *states: OperationState) -> None:
    """Have the operations that are started end like this, one after the other."""
    left = list(states)

    async def work(record: OperationRecord) -> None:
        state = left.pop(0)
        if state is OperationState.COMPLETED:
            await complete(served, record.id)
        else:
            failure = BLOCKED if state is OperationState.FAILED else None
            await served.bridge.operations.close(record.id, state, failure)

    served.temporal.work = work


async def rows(served: Served) -> list[OperationRecord]:
    """Oldest first."""
    return list(reversed((await served.bridge.operations.list("primary")).items))


async def started(served: Served, number: int) -> list[str]:
    async def enough() -> bool:
        return len(served.temporal.started) >= number

    await until(enough)
    return served.temporal.started


def test_only_pictures_come_in_groups() -> None:
    assert len(members_of(OperationKind.EDIT, {"n": 4})) == 3
    assert members_of(OperationKind.RESPONSE, {"n": 4}) == members_of(OperationKind.IMAGE, {}) == ()


async def test_each_picture_is_an_operation_and_the_first_answers_for_all(
    served: Served, client: httpx2.AsyncClient
) -> None:
    ends(served, *[OperationState.COMPLETED] * 3)

    answer = await client.post(IMAGES, json={"prompt": "A heron", "n": 3, "chatgpt_operation_id": "mine"})

    body = answer.json()
    strict(ImagesResponse, body)
    lead, *members = await rows(served)
    assert answer.status_code == 200
    assert [picture["chatgpt_operation_id"] for picture in body["data"]] == [one.id for one in (lead, *members)]
    assert len({picture["file_id"] for picture in body["data"]}) == 3
    assert body["chatgpt_operation_id"] == answer.headers["x-chatgpt-operation-id"] == lead.id == "mine"
    assert "chatgpt_failed" not in body
    assert [one.lead for one in members] == ["mine", "mine"]
    for picture in body["data"]:
        assert (await client.get(picture["url"])).content == png()


async def test_what_fails_is_told_beside_what_succeeded(served: Served, client: httpx2.AsyncClient) -> None:
    ends(served, OperationState.FAILED, OperationState.COMPLETED, OperationState.CANCELLED)

    answer = await client.post(IMAGES, json={"prompt": "A heron", "n": 3})

    lead, second, third = await rows(served)
    body = answer.json()
    strict(ImagesResponse, body)
    assert answer.status_code == 200
    assert [picture["chatgpt_operation_id"] for picture in body["data"]] == [second.id]
    assert [(one["index"], one["chatgpt_operation_id"], one["state"]) for one in body["chatgpt_failed"]] == [
        (0, lead.id, "failed"),
        (2, third.id, "cancelled"),
    ]
    codes = [one["error"]["code"] for one in body["chatgpt_failed"]]
    assert codes == ["content_policy_violation", "operation_cancelled"]
    assert (await client.get(f"{OPERATIONS}/{lead.id}/result")).json() == body


async def test_it_is_an_error_where_none_succeeded(served: Served, client: httpx2.AsyncClient) -> None:
    ends(served, OperationState.FAILED, OperationState.FAILED)

    answer = await client.post(IMAGES, json={"prompt": "A heron", "n": 2})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "content_policy_violation")
    assert (await client.get(f"{OPERATIONS}/{served.temporal.started[0]}/result")).status_code == 400


async def test_a_group_that_nobody_waits_for_is_shown_with_all_its_operations(
    served: Served, client: httpx2.AsyncClient
) -> None:
    answer = await client.post(IMAGES, json={"prompt": "A heron", "n": 2}, headers=ASYNC)

    shown = answer.json()["operation"]
    place = answer.headers["location"]
    (member,) = shown["members"]
    listed = (await client.get(OPERATIONS)).json()["data"]
    assert answer.status_code == 202
    assert (shown["lead"], member) == (None, {"id": member["id"], "state": "accepted", "completed": False})
    assert [(one["id"], one["lead"]) for one in listed] == [(member["id"], shown["id"]), (shown["id"], None)]

    await complete(served, shown["id"])
    early = await client.get(f"{place}/result")
    await complete(served, member["id"])
    whole = await client.get(f"{place}/result")
    alone = await client.get(f"{OPERATIONS}/{member['id']}/result")

    assert (early.status_code, early.json()["error"]["code"]) == (409, "operation_not_finished")
    assert [len(one.json()["data"]) for one in (whole, alone)] == [2, 1]


async def test_the_answer_waits_for_the_last_of_them(served: Served, client: httpx2.AsyncClient) -> None:
    waiting = asyncio.create_task(client.post(IMAGES, json={"prompt": "A heron", "n": 3}))
    ids = list(await started(served, 3))
    for one in ids[:2]:
        await complete(served, one)
    await asyncio.sleep(0.15)
    assert not waiting.done()
    await complete(served, ids[2])

    assert len((await waiting).json()["data"]) == 3


async def leave(client: httpx2.AsyncClient, served: Served, **body: Any) -> list[str]:
    """Ask for two pictures and leave while they are drawn."""
    waiting = asyncio.create_task(client.post(IMAGES, json={"prompt": "A heron", "n": 2, **body}))
    ids = list(await started(served, 2))
    await asyncio.sleep(0.05)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await asyncio.sleep(0.15)
    return ids


async def test_a_retry_finds_the_group_that_its_client_lost(served: Served, client: httpx2.AsyncClient) -> None:
    ids = await leave(client, served)
    await complete(served, ids[0])
    retry = {"x-stainless-retry-count": "1"}
    retrying = asyncio.create_task(client.post(IMAGES, json={"prompt": "A heron", "n": 2}, headers=retry))
    await asyncio.sleep(0.1)
    await complete(served, ids[1])

    assert len((await retrying).json()["data"]) == 2
    assert not served.temporal.cancelled
    assert len(await rows(served)) == 2


async def test_all_of_a_group_are_cancelled_with_their_client_where_that_was_asked(
    served: Served, client: httpx2.AsyncClient
) -> None:
    ids = await leave(client, served, chatgpt_on_disconnect="cancel")

    async def all_cancelled() -> bool:
        return sorted(served.temporal.cancelled) == sorted(ids)

    await until(all_cancelled)
    assert all(row.cancel_requested for row in await rows(served))


async def test_cancel_rerun_and_delete_of_the_lead_reach_the_others(served: Served, client: httpx2.AsyncClient) -> None:
    answer = await client.post(IMAGES, json={"prompt": "A heron", "n": 3}, headers=ASYNC)
    lead, members = answer.json()["operation"]["id"], answer.json()["operation"]["members"]
    await complete(served, lead)

    for verb in ("POST", "DELETE"):
        early = await client.request(verb, f"{OPERATIONS}/{lead}{'/rerun' if verb == 'POST' else ''}")
        assert (early.status_code, early.json()["error"]["code"]) == (409, "operation_not_finished")
    cancelled = await client.post(f"{OPERATIONS}/{lead}/cancel")
    assert cancelled.json()["effect"] == "requested"
    assert served.temporal.cancelled == [member["id"] for member in members]
    for member in members:
        await served.bridge.operations.close(member["id"], OperationState.CANCELLED)
    assert (await client.post(f"{OPERATIONS}/{lead}/cancel")).json()["effect"] == "already_finished"

    again = (await client.post(f"{OPERATIONS}/{lead}/rerun")).json()["operation"]
    alone = (await client.post(f"{OPERATIONS}/{members[0]['id']}/rerun")).json()["operation"]
    assert (len(again["members"]), again["rerun_of"]) == (2, lead)
    assert (alone["members"], alone["rerun_of"], alone["lead"]) == ([], members[0]["id"], None)

    assert (await client.delete(f"{OPERATIONS}/{lead}")).status_code == 204
    for one in (lead, *(member["id"] for member in members)):
        assert (await client.get(f"{OPERATIONS}/{one}")).status_code == 404


async def test_a_key_counts_for_the_whole_group(served: Served, client: httpx2.AsyncClient) -> None:
    ends(served, *[OperationState.COMPLETED] * 2)
    key = {"idempotency-key": "once"}

    first, again = [await client.post(IMAGES, json={"prompt": "A", "n": 2}, headers=key) for _ in range(2)]
    other = await client.post(IMAGES, json={"prompt": "A", "n": 3}, headers=key)

    assert first.json() == again.json()
    assert (other.status_code, other.json()["error"]["code"]) == (409, "idempotency_conflict")
    assert len(await rows(served)) == 2


async def test_edits_come_in_groups_too(served: Served, client: httpx2.AsyncClient) -> None:
    ends(served, *[OperationState.COMPLETED] * 2)

    answer = await client.post(EDITS, data={"prompt": "Red.", "n": "2"}, files={"image": png()})

    assert (answer.status_code, len(answer.json()["data"])) == (200, 2)
    assert [len(row.request["inputs"]) for row in await rows(served)] == [1, 1]


@pytest.mark.parametrize(
    ("limits", "statuses"), [({"per_minute": 3}, [202, 429]), ({"per_day": 1}, [400, 400]), ({}, [202, 202])]
)
async def test_every_picture_counts_against_the_keys_limits(
    served: Served, limits: dict[str, int], statuses: list[int]
) -> None:
    terms = KeyTerms(name="few", scopes=(AccessScope.IMAGES,), **limits)
    made = await served.bridge.keys.create(terms, actor="test")
    async with served.client(made.value) as client:
        answers = [await client.post(IMAGES, json={"prompt": "A", "n": 2}, headers=ASYNC) for _ in range(2)]

    assert [one.status_code for one in answers] == statuses
    assert [one.json()["error"]["param"] for one in answers if one.status_code == 400] == ["n"] * statuses.count(400)

"""`/v1/chatgpt/operations`."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest

from core.contracts.failure import failure_of
from core.contracts.operations import OperationRecord, OperationState
from core.errors import ContentBlockedError
from tests.fakes.server import Served, complete
from tests.fakes.upstream import png
from tests.fakes.waiting import until

OPERATIONS = "/v1/chatgpt/operations"


async def admit(client: httpx2.AsyncClient, name: str) -> dict[str, Any]:
    body = {"prompt": name, "chatgpt_operation_id": name}
    answer = await client.post("/v1/images/generations", json=body, headers={"prefer": "respond-async"})
    operation: dict[str, Any] = answer.json()["operation"]
    return operation


async def told(served: Served, times: int) -> bool:
    return len(served.temporal.cancelled) == times


async def read(client: httpx2.AsyncClient, name: str) -> dict[str, Any]:
    operation: dict[str, Any] = (await client.get(f"{OPERATIONS}/{name}")).json()["operation"]
    return operation


@pytest.fixture
async def three(served: Served, client: httpx2.AsyncClient) -> Served:
    """Three operations: `a` completed, `b` failed, `c` accepted."""
    for name in "abc":
        await admit(client, name)
    await complete(served, "a")
    failure = failure_of(ContentBlockedError("not that"))
    await served.bridge.operations.close("b", OperationState.FAILED, failure)
    return served


async def test_an_operation_is_shown_with_old_names_and_new(three: Served, client: httpx2.AsyncClient) -> None:
    operation = await read(client, "a")

    assert (operation["id"], operation["kind"], operation["state"]) == ("a", "image", "completed")
    assert (operation["completed"], operation["stale"]) == (True, False)
    assert (operation["cancel_requested"], operation["deep_research_ready"]) == (False, False)
    assert operation["created_at"] <= operation["finished_at"]
    (artifact,) = operation["artifacts"]
    assert artifact["download_url"].startswith(f"{three.url}/v1/chatgpt/files/{artifact['file_id']}/")
    assert (artifact["bytes"], artifact["width"], artifact["height"]) == (len(png()), 16, 12)


async def test_a_failure_is_shown_like_an_error(three: Served, client: httpx2.AsyncClient) -> None:
    operation = await read(client, "b")

    assert operation["error"]["code"] == "content_policy_violation"
    assert operation["error"]["action"]
    assert (await read(client, "a"))["error"] is None


async def test_of_row_and_workflow_the_later_is_shown(three: Served, client: httpx2.AsyncClient) -> None:
    assert (await read(client, "c"))["stale"] is True

    def later(record: OperationRecord) -> OperationRecord:
        return record.model_copy(update={"state": OperationState.RUNNING, "account": "plus"})

    three.temporal.later = later
    operation = await read(client, "c")

    assert (operation["state"], operation["account"], operation["stale"]) == ("running", "plus", False)


async def test_the_list_is_newest_first_and_filtered(three: Served, client: httpx2.AsyncClient) -> None:
    async def listed(**query: Any) -> list[str]:
        return [one["id"] for one in (await client.get(OPERATIONS, params=query)).json()["data"]]

    created = (await read(client, "b"))["created_at"]

    assert await listed() == ["c", "b", "a"]
    assert await listed(state="failed") == ["b"]
    assert await listed(kind="image", state="accepted") == ["c"]
    assert await listed(account="nobody") == []
    assert await listed(since=created + 60) == []
    assert await listed(since="2020-01-01T00:00:00Z") == ["c", "b", "a"]


async def test_pages_follow_their_cursor(three: Served, client: httpx2.AsyncClient) -> None:
    first = (await client.get(OPERATIONS, params={"limit": 2})).json()
    second = (await client.get(OPERATIONS, params={"limit": 2, "cursor": first["next_cursor"]})).json()

    assert ([one["id"] for one in first["data"]], first["has_more"]) == (["c", "b"], True)
    assert ([one["id"] for one in second["data"]], second["has_more"]) == (["a"], False)
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"kind": "song"}, 422),
        ({"state": "lost"}, 422),
        ({"limit": 0}, 422),
        ({"limit": 201}, 422),
        ({"limit": "many"}, 422),
        ({"since": "yesterday"}, 422),
        ({"since": "1e30"}, 422),
        ({"since": "7e16"}, 422),
        ({"cursor": "nowhere"}, 400),
    ],
)
async def test_a_bad_query_names_its_parameter(client: httpx2.AsyncClient, query: dict[str, Any], status: int) -> None:
    answer = await client.get(OPERATIONS, params=query)

    assert (answer.status_code, answer.json()["error"]["param"]) == (status, next(iter(query)))
    assert answer.json()["error"]["code"] == "invalid_request"


async def test_a_cancel_is_kept_and_told_to_the_workflow_and_may_be_repeated(
    served: Served, client: httpx2.AsyncClient
) -> None:
    await admit(client, "c")

    first = asyncio.create_task(client.post(f"{OPERATIONS}/c/cancel"))
    await until(lambda: told(served, 1))
    again = asyncio.create_task(client.post(f"{OPERATIONS}/c/cancel"))
    await until(lambda: told(served, 2))
    await served.bridge.operations.close("c", OperationState.CANCELLED)
    answers = [(await one).json() for one in (first, again)]

    assert [(one["status"], one["effect"]) for one in answers] == [("ok", "requested"), ("ok", "already_requested")]
    assert all(one["operation"]["cancel_requested"] for one in answers)
    assert answers[0]["operation"]["last_cancel_result"] == {"pending": "provider_not_selected"}


async def test_a_cancel_of_what_has_ended_says_so_and_changes_nothing(
    three: Served, client: httpx2.AsyncClient
) -> None:
    before = await read(client, "a")

    answer = await client.post(f"{OPERATIONS}/a/cancel")

    assert (answer.status_code, answer.json()["effect"]) == (200, "already_finished")
    assert answer.json()["operation"] == before == await read(client, "a")
    assert three.temporal.cancelled == []


async def test_words_of_the_prompt_narrow_the_list(three: Served, client: httpx2.AsyncClient) -> None:
    await client.post("/v1/images/generations", json={"prompt": "a blue heron"}, headers={"prefer": "respond-async"})

    found = (await client.get(OPERATIONS, params={"q": "Blue"})).json()["data"]

    assert len(found) == 1
    assert (await client.get(OPERATIONS, params={"q": "%"})).json()["data"] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/result"),
        ("GET", "/events"),
        ("POST", "/cancel"),
        ("POST", "/rerun"),
        ("POST", "/plan"),
    ],
)
async def test_an_unknown_id_is_a_404(client: httpx2.AsyncClient, method: str, path: str) -> None:
    body = {"decision": "approve"} if path == "/plan" else None
    answer = await client.request(method, f"{OPERATIONS}/none{path}", json=body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")

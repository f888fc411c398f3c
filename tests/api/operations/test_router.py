"""`/v1/chatgpt/operations`."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from core.contracts.failure import failure_of
from core.contracts.operations import OperationRecord, OperationState
from core.errors import ContentBlockedError
from tests.fakes.server import Served, complete
from tests.fakes.upstream import png

OPERATIONS = "/v1/chatgpt/operations"


async def admit(client: httpx2.AsyncClient, name: str) -> dict[str, Any]:
    body = {"prompt": name, "chatgpt_operation_id": name}
    answer = await client.post("/v1/images/generations", json=body, headers={"prefer": "respond-async"})
    operation: dict[str, Any] = answer.json()["operation"]
    return operation


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
        ({"cursor": "nowhere"}, 400),
    ],
)
async def test_a_bad_query_names_its_parameter(client: httpx2.AsyncClient, query: dict[str, Any], status: int) -> None:
    answer = await client.get(OPERATIONS, params=query)

    assert (answer.status_code, answer.json()["error"]["param"]) == (status, next(iter(query)))
    assert answer.json()["error"]["code"] == "invalid_request"


async def test_a_cancel_is_kept_and_told_to_the_workflow(served: Served, client: httpx2.AsyncClient) -> None:
    await admit(client, "c")
    await served.bridge.operations.close("c", OperationState.CANCELLED)

    answer = await client.post(f"{OPERATIONS}/c/cancel")

    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["object"]) == ("ok", "chatgpt.operation")
    assert answer.json()["operation"]["cancel_requested"] is True
    assert served.temporal.cancelled == ["c"]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_unknown_id_is_a_404(client: httpx2.AsyncClient, method: str) -> None:
    path = f"{OPERATIONS}/none" if method == "GET" else f"{OPERATIONS}/none/cancel"
    answer = await client.request(method, path)

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")

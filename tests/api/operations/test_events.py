"""An operation's events: streamed to their end, or a page at a time."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from bridge.operations import events
from core.contracts.operations import OperationState
from tests.fakes.server import Served, open_server
from tests.fakes.waiting import until

OPERATIONS = "/v1/chatgpt/operations"


async def admit(client: httpx2.AsyncClient, name: str) -> None:
    body = {"prompt": name, "chatgpt_operation_id": name}
    await client.post("/v1/images/generations", json=body, headers={"prefer": "respond-async"})


async def tell(served: Served, name: str, key: str, **data: Any) -> None:
    await served.bridge.store.write(lambda conn: events.append(conn, name, key, "progress", data))


async def watchers(served: Served, number: int) -> bool:
    return bool(served.bridge.feed.watchers == number)


def parsed(text: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Id, type and data of each event."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "id" in fields:
            found.append((fields["id"], fields["event"], json.loads(fields["data"])))
    return found


@asynccontextmanager
async def following(
    client: httpx2.AsyncClient, name: str, **options: Any
) -> AsyncIterator[tuple[httpx2.Response, AsyncIterator[str]]]:
    async with client.stream("GET", f"{OPERATIONS}/{name}/events", **options) as response:
        yield response, response.aiter_text()


@pytest.fixture
async def ended(served: Served, client: httpx2.AsyncClient) -> Served:
    """The operation `a` with four events, the last of them its end."""
    await admit(client, "a")
    await tell(served, "a", "1", message="line\u2028end", done=1)
    await tell(served, "a", "2", done=2)
    await served.bridge.operations.close("a", OperationState.CANCELLED)
    return served


async def test_a_stream_brings_what_was_and_what_comes_and_ends(served: Served, client: httpx2.AsyncClient) -> None:
    await admit(client, "a")
    async with following(client, "a") as (response, pieces):
        text = ""
        while "accepted" not in text:
            text += await anext(pieces)
        await tell(served, "a", "1", done=1)
        await served.bridge.operations.close("a", OperationState.CANCELLED)
        text += "".join([piece async for piece in pieces])

    told = parsed(text)
    assert response.headers["content-type"].startswith("text/event-stream")
    assert [(number, kind) for number, kind, _ in told] == [("1", "state"), ("2", "progress"), ("3", "state")]
    assert [event["number"] for *_, event in told] == [1, 2, 3]
    assert told[1][2]["data"] == {"done": 1}
    assert (told[2][2]["data"]["state"], told[2][2]["operation_id"]) == ("cancelled", "a")
    assert isinstance(told[0][2]["at"], float)


@pytest.mark.parametrize("after", [0, 1, 3])
@pytest.mark.parametrize("way", ["query", "header"])
async def test_a_stream_goes_on_behind_any_number(
    ended: Served, client: httpx2.AsyncClient, after: int, way: str
) -> None:
    asked = (
        {"params": {"after": after}}
        if way == "query"
        else {"headers": {"last-event-id": str(after)}, "params": {"after": 0}}
    )
    answer = await client.get(f"{OPERATIONS}/a/events", **asked)

    assert [event["number"] for *_, event in parsed(answer.text)] == list(range(after + 1, 5))
    assert "\u2028" not in answer.text


@pytest.mark.parametrize("after", [4, 99])
async def test_a_stream_with_nothing_to_say_any_more_keeps_browsers_away(
    ended: Served, client: httpx2.AsyncClient, after: int
) -> None:
    answer = await client.get(f"{OPERATIONS}/a/events", headers={"last-event-id": str(after)})

    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize(
    "asked", [{"params": {"format": "json"}}, {"headers": {"accept": "application/json"}}], ids=["query", "header"]
)
async def test_pages_are_json(ended: Served, client: httpx2.AsyncClient, asked: dict[str, Any]) -> None:
    params = {**asked.get("params", {}), "limit": 3}
    first = (await client.get(f"{OPERATIONS}/a/events", headers=asked.get("headers"), params=params)).json()
    params["after"] = first["data"][-1]["number"]
    second = (await client.get(f"{OPERATIONS}/a/events", headers=asked.get("headers"), params=params)).json()

    assert (first["object"], first["has_more"], first["last_event"]) == ("list", True, 4)
    assert [event["number"] for event in first["data"]] == [1, 2, 3]
    assert ([event["number"] for event in second["data"]], second["has_more"]) == ([4], False)


@pytest.mark.parametrize(
    ("asked", "status", "param"),
    [
        ({"params": {"after": -1}}, 422, "after"),
        ({"params": {"limit": 501}}, 422, "limit"),
        ({"params": {"format": "xml"}}, 422, "format"),
        ({"headers": {"last-event-id": "x"}}, 400, "Last-Event-ID"),
    ],
)
async def test_a_bad_wish_names_its_parameter(
    ended: Served, client: httpx2.AsyncClient, asked: dict[str, Any], status: int, param: str
) -> None:
    answer = await client.get(f"{OPERATIONS}/a/events", **asked)

    assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)


async def test_silence_is_filled_with_comments(tmp_path: Path) -> None:
    async with open_server(tmp_path, ping_seconds=0.1) as served, served.client() as client:
        await admit(client, "a")
        async with following(client, "a") as (_, pieces):
            text = ""
            while text.count(": ping") < 2:
                text += await anext(pieces)

    assert [event["number"] for *_, event in parsed(text)] == [1]


async def test_a_client_that_leaves_frees_its_watcher(served: Served, client: httpx2.AsyncClient) -> None:
    await admit(client, "a")
    async with following(client, "a") as (_, pieces):
        await anext(pieces)
        await until(lambda: watchers(served, 1))

    await until(lambda: watchers(served, 0))


async def test_a_server_that_stops_ends_streams_in_order(served: Served, client: httpx2.AsyncClient) -> None:
    await admit(client, "a")
    async with following(client, "a") as (_, pieces):
        text = await anext(pieces)
        served.services.leashes.pull_all()
        text += "".join([piece async for piece in pieces])

    assert [event["number"] for *_, event in parsed(text)] in ([], [1])
    assert served.bridge.feed.watchers == 0


async def test_a_server_that_is_stopping_begins_no_stream(served: Served, client: httpx2.AsyncClient) -> None:
    await admit(client, "a")
    served.services.leashes.stopping = True

    answer = await client.get(f"{OPERATIONS}/a/events")

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "shutting_down")

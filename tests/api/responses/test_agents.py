"""What agents send beside plain requests."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from tests.api.responses.shapes import URL, body, text_of, user
from tests.fakes.chat import says
from tests.fakes.server import Served

ASKS = "Generate a concise, single-line task title of at most 36 characters and under five words where possible."
TITLE = {
    "input": [user(f"{ASKS}\n\nUser prompt:\nMend the boat")],
    "text": {"format": {"type": "json_schema", "name": "title", "strict": True, "schema": {"type": "object"}}},
    "store": False,
}
THREAD = json.dumps({"thread_source": "thread_title"})
READ = {"type": "function", "name": "read", "parameters": {"type": "object"}}
SEARCH = {"type": "web_search", "external_web_access": True}


@pytest.mark.parametrize(
    ("headers", "more"),
    [
        ({"x-codex-turn-metadata": THREAD}, {}),
        ({}, {"client_metadata": {"x-codex-turn-metadata": THREAD, "session_id": "s"}}),
    ],
)
async def test_a_title_costs_nothing(
    served: Served, client: httpx2.AsyncClient, headers: dict[str, str], more: dict[str, Any]
) -> None:
    told = (await client.post(URL, json={"model": "auto", **TITLE, **more}, headers=headers)).json()

    assert json.loads(text_of(told)) == {"title": "Mend the boat"}
    assert told["chatgpt_account"] == "local"
    assert not served.world.asked


async def test_what_is_left_is_told_here_too(served: Served, client: httpx2.AsyncClient) -> None:
    told = (await client.post(URL, json=body("/chatgpt:usage"))).json()

    assert text_of(told).startswith("| Account | Plan |")
    assert (await client.get(f"{URL}/{told['id']}")).json() == told
    assert not served.world.asked


async def test_tools_may_come_in_the_input(served: Served, client: httpx2.AsyncClient) -> None:
    served.world.scripts = [says('{"tool_calls": [{"name": "files__read", "arguments": {"path": "a"}}]}')]
    group = {"type": "namespace", "name": "files", "tools": [READ]}
    brought = {"type": "additional_tools", "id": "at_1", "role": "developer", "tools": [group]}

    told = (await client.post(URL, json=body([brought, user("Read a")]))).json()

    (call,) = told["output"]
    assert (call["type"], call["namespace"], call["name"]) == ("function_call", "files", "read")
    assert "chatgpt_ignored" not in told


@pytest.mark.parametrize(
    ("tools", "choice", "searches", "ignored"),
    [
        ([SEARCH], None, True, None),
        ([{"type": "web_search_preview"}], None, True, None),
        ([READ, SEARCH], None, False, ["web_search"]),
        ([READ, {"type": "web_search_preview"}], {"type": "web_search_preview"}, True, None),
        ([READ], None, False, None),
        ([{"type": "code_interpreter", "container": {"type": "auto"}}], None, False, ["code_interpreter"]),
    ],
)
async def test_a_search_is_upstreams_where_it_is_all_that_is_offered_or_is_chosen(
    served: Served,
    client: httpx2.AsyncClient,
    tools: list[Any],
    choice: Any,
    searches: bool,
    ignored: list[str] | None,
) -> None:
    told = (await client.post(URL, json=body(tools=tools, tool_choice=choice))).json()

    assert served.world.asked[0][1].search is searches
    assert told.get("chatgpt_ignored") == ignored


async def test_threads_are_told_apart_though_they_share_their_session(
    served: Served, client: httpx2.AsyncClient
) -> None:
    seen = []
    chat = served.bridge.pool.chat

    def watched(needs: Any, **more: Any) -> Any:
        seen.append(more["affinity"])
        return chat(needs, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(served.bridge.pool, "chat", watched)
        for thread in ("a", "b", "a"):
            headers = {"session-id": "s", "thread-id": thread}
            await client.post(URL, json=body(prompt_cache_key="s"), headers=headers)

    assert seen[0] == seen[2] != seen[1]

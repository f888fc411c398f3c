"""An agent's calls for itself: answered for nothing where that can be, and in a line of their own."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import httpx2

from tests.fakes.provider import capture
from tests.fakes.server import Served, open_server
from tests.fakes.upstream import png
from tests.fakes.waiting import until

URL = "/v1/chat/completions"
SYSTEM = "You are a title generator. You output ONLY a thread title. Nothing else.\n\n<task>…</task>"
PICTURE = {
    "type": "image_url",
    "image_url": {"url": f"data:image/png;base64,{base64.b64encode(png()).decode()}"},
}

SUMMARY = {
    "model": "auto",
    "messages": [
        {"role": "system", "content": "*Briefly* summarize this partial conversation about programming.\n"},
        {"role": "user", "content": "# USER\nMend it"},
    ],
}


def chat(text: str) -> dict[str, Any]:
    return {"model": "auto", "messages": [{"role": "user", "content": text}]}


async def asked(served: Served, times: int) -> bool:
    return len(served.world.asked) == times


def title_call(*parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "model": "auto",
        "messages": [
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": "Generate a title for this conversation:\n"},
            {"role": "user", "content": [{"type": "text", "text": '"Mend the boat"'}, *parts]},
        ],
        **more,
    }


async def test_a_title_costs_nothing_and_uploads_nothing(served: Served, client: httpx2.AsyncClient) -> None:
    answer = await client.post(URL, json=title_call(PICTURE))

    told = answer.json()
    assert answer.status_code == 200
    assert told["choices"][0]["message"]["content"] == "Mend the boat"
    assert (told["chatgpt_account"], answer.headers["x-chatgpt-account"]) == ("local", "local")
    assert told["usage"]["total_tokens"] == 0
    assert not served.world.asked
    assert not served.world.uploaded


async def test_a_title_is_streamed_too(served: Served, client: httpx2.AsyncClient) -> None:
    async with client.stream("POST", URL, json=title_call(stream=True)) as answer:
        lines = [line async for line in answer.aiter_lines() if line.startswith("data: {")]

    pieces = [json.loads(line[6:])["choices"][0]["delta"].get("content") or "" for line in lines]
    assert "".join(pieces) == "Mend the boat"
    assert not served.world.asked


async def test_upstream_may_be_asked_for_titles(tmp_path: Path) -> None:
    async with open_server(tmp_path, chat={"helper_calls": "upstream"}) as served, served.client() as client:
        answer = await client.post(URL, json=title_call(PICTURE))

    assert answer.json()["choices"][0]["message"]["content"] == "Hello there"
    assert not served.world.uploaded


async def test_a_helper_takes_no_chat_s_place(tmp_path: Path) -> None:
    """On the free plan one chat at a time is all there is: an agent's summary would wait for its own work."""
    accounts = {"free": capture("free")}
    async with open_server(tmp_path, captures=accounts, patience_seconds=0.2) as served, served.client() as client:
        served.world.accepting.clear()
        first = asyncio.create_task(client.post(URL, json=chat("Mend it")))
        await until(lambda: asked(served, 1))
        helper = asyncio.create_task(client.post(URL, json=SUMMARY))
        await until(lambda: asked(served, 2))
        refused = await client.post(URL, json=chat("And this"))
        served.world.accepting.set()

        assert refused.json()["error"]["code"] == "accounts_busy"
        assert [(await first).status_code, (await helper).status_code] == [200, 200]


async def test_a_helper_does_not_move_its_session_to_another_account(tmp_path: Path) -> None:
    accounts = {"one": capture(account_id="1"), "two": capture(account_id="2")}
    session = {"x-session-affinity": "ses_1"}
    async with open_server(tmp_path, captures=accounts) as served, served.client() as client:
        for message in (chat("a"), SUMMARY | {"chatgpt_account": "two"}, chat("b")):
            await client.post(URL, json=message, headers=session)

    assert served.world.accounts == ["one", "two", "one"]

"""Commands that the bridge answers itself."""

from __future__ import annotations

import httpx2
import pytest

from core.contracts.keys import AccessScope
from tests.fakes.keys import client_with
from tests.fakes.server import Served, events

CHAT = "/v1/chat/completions"


def said(*texts: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text} for text in texts]


@pytest.mark.parametrize("command", ["/chatgpt:usage", "  ChatGPT:Remain ", "/chatgpt:limits", "/chatgpt:remaining"])
async def test_what_is_left_is_told_without_a_turn(served: Served, client: httpx2.AsyncClient, command: str) -> None:
    answer = await client.post(CHAT, json={"messages": said("hello", command)})
    body = answer.json()

    assert answer.status_code == 200
    assert body["choices"][0]["message"]["content"].startswith("| Account | Plan |")
    assert "| plus |" in body["choices"][0]["message"]["content"]
    assert (body["chatgpt_account"], answer.headers["x-chatgpt-account"]) == ("local", "local")
    assert served.world.asked == []


async def test_it_is_streamed_too(served: Served, client: httpx2.AsyncClient) -> None:
    answer = await client.post(CHAT, json={"messages": said("/chatgpt:usage"), "stream": True})
    told = events(answer.text)

    text = "".join(one["choices"][0]["delta"].get("content") or "" for one in told[:-1])
    assert text.startswith("| Account | Plan |")
    assert (told[-2]["choices"][0]["finish_reason"], told[-1]) == ("stop", "[DONE]")
    assert served.world.asked == []


async def test_only_the_whole_of_the_last_message_is_a_command(served: Served, client: httpx2.AsyncClient) -> None:
    await client.post(CHAT, json={"messages": said("/chatgpt:usage", "hello")})
    await client.post(CHAT, json={"messages": said("what does /chatgpt:usage do?")})

    assert len(served.world.asked) == 2


async def test_a_key_that_may_not_read_is_refused(served: Served) -> None:
    async with await client_with(served, AccessScope.CHAT) as client:
        answer = await client.post(CHAT, json={"messages": said("/chatgpt:usage")})

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "missing_scope")

"""The WebSocket: hand-over, catch-ups, overlap, lost offsets, drops."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from tests.provider.simulator.sockets import command, open_socket, subscribe


async def test_handed_over_answer_comes_live_on_the_topic(browser: Any) -> None:
    reply = await browser.turn("[sim:handoff pace=500 deltas=10] hello")
    handoff = next(event for event in reply.typed if event.get("type") == "stream_handoff")
    assert [option["type"] for option in handoff["options"]] == ["resume_sse_endpoint", "subscribe_ws_topic"]
    assert reply.done
    assert "message_stream_complete" not in reply.types
    async with open_socket(browser) as socket:
        items = await _read(socket, _topic(reply))
    plain = await browser.turn("[sim:deltas=10] hello")
    assert _text(browser, items) == plain.text
    assert len(items) > 10


async def test_topic_replays_the_turn_from_its_start(browser: Any) -> None:
    reply = await browser.turn("[sim:handoff] hello")
    async with open_socket(browser) as socket:
        answer = await subscribe(socket, _topic(reply))
    assert answer["recovered"] is True
    first = answer["catchups"][0]["payload"]["payload"]
    assert first["encoded_item"] == 'event: delta_encoding\ndata: "v1"\n\n'
    assert answer["last_offset"] == answer["catchups"][-1]["offset"]


async def test_catch_ups_start_behind_the_offset(browser: Any) -> None:
    reply = await browser.turn("[sim:handoff] hello")
    async with open_socket(browser) as socket:
        everything = (await subscribe(socket, _topic(reply)))["catchups"]
    async with open_socket(browser) as socket:
        rest = (await subscribe(socket, _topic(reply), everything[4]["offset"]))["catchups"]
    assert rest == everything[5:]


async def test_overlap_and_duplicates_share_their_item_id(browser: Any) -> None:
    reply = await browser.turn("[sim:handoff duplicates] hello")
    async with open_socket(browser) as socket:
        items = await _read(socket, _topic(reply))
    ids = [item["payload"]["payload"].get("stream_item_id") for item in items]
    assert len(ids) > 2 * (len(set(ids)) - 1)
    assert _text(browser, items) == (await browser.turn("hello")).text


async def test_plain_turns_can_be_read_again_on_their_topic(browser: Any) -> None:
    reply = await browser.turn("hello")
    turn = next(event for event in reply.typed if event.get("type") == "server_ste_metadata")["metadata"]
    async with open_socket(browser) as socket:
        items = await _read(socket, f"conversation-turn-{turn['turn_exchange_id']}")
    assert _text(browser, items) == reply.text


async def test_lost_offset_is_not_recovered(browser: Any) -> None:
    reply = await browser.turn("[sim:handoff lose_offset] hello")
    async with open_socket(browser) as socket:
        offset = (await subscribe(socket, _topic(reply)))["catchups"][3]["offset"]
    async with open_socket(browser) as socket:
        answer = await subscribe(socket, _topic(reply), offset)
    assert (answer["recovered"], answer["catchups"]) == (False, [])


@pytest.mark.parametrize("pace", [0, 500])
async def test_socket_drops_once_and_the_rest_can_be_fetched(browser: Any, pace: int) -> None:
    reply = await browser.turn(f"[sim:handoff ws_drop=6 pace={pace} deltas=12] hello")
    async with open_socket(browser) as socket:
        before = await _read(socket, _topic(reply))
        assert socket.closed
    assert [item["payload"]["payload"]["type"] for item in before][-6:] == ["stream-item"] * 6
    last = [item["offset"] for item in before][-1]
    async with open_socket(browser) as socket:
        after = await _read(socket, _topic(reply), last)
    assert after[-1]["payload"]["payload"]["type"] == "done"
    assert _text(browser, [*before, *after]) == (await browser.turn("[sim:deltas=12] hello")).text


async def test_unknown_and_foreign_topics_are_empty(open_browser: Any) -> None:
    simulator, plus = await open_browser()
    reply = await plus.turn("[sim:handoff] hello")
    pro = plus.of(simulator.capture("pro"))
    for browser, topic in ((plus, "conversation-turn-nobody"), (pro, _topic(reply))):
        async with open_socket(browser) as socket:
            answer = await subscribe(socket, topic)
        assert (answer["recovered"], answer["catchups"]) == (False, [])


async def test_address_is_good_for_one_connection(browser: Any) -> None:
    url = (await browser.get("/backend-api/celsius/ws/user")).json["websocket_url"]
    assert url.startswith(browser.url.replace("http://", "ws://"))
    async with browser.http.ws_connect(url):
        pass
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await browser.http.ws_connect(url)
    assert refused.value.status == 403


async def test_upgrade_refuses_credentials(simulator: Any, browser: Any) -> None:
    url = (await browser.get("/backend-api/celsius/ws/user")).json["websocket_url"]
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await browser.http.ws_connect(url, headers=browser.login)
    assert simulator.ledger.counts["leaks"] == 1


async def test_picture_work_is_told_to_open_sockets(browser: Any) -> None:
    async with open_socket(browser) as socket:
        await socket.send_json([command(5, "subscribe", topic_id="conversations")])
        reply = await browser.draw("[sim:image=async pixels=64] a cat")
        updates = []
        while "set-conversation-async-status" not in updates:
            frame = json.loads((await asyncio.wait_for(socket.receive(), 5)).data)
            if isinstance(frame, dict) and frame["type"] == "conversation-update":
                assert frame["payload"]["conversation_id"] == reply.conversation_id
                updates.append(frame["payload"]["update_type"])
    assert updates == [
        "async-task-start",
        "async-task-update-message",
        "async-task-completed",
        "set-conversation-async-status",
    ]


async def test_idle_socket_is_kept_alive(simulator: Any, browser: Any) -> None:
    simulator.set(ws_comment_seconds=0.05)
    async with open_socket(browser) as socket:
        frames = [json.loads((await asyncio.wait_for(socket.receive(), 5)).data) for _ in range(3)]
    assert frames[-1] == []


async def _read(socket: Any, topic: str, offset: str = "0") -> list[Any]:
    """Every item up to `done` or to the end of the connection."""
    items = list((await subscribe(socket, topic, offset))["catchups"])
    while True:
        message = await asyncio.wait_for(socket.receive(), 5)
        if message.type is not aiohttp.WSMsgType.TEXT:
            return items
        for item in json.loads(message.data):
            if item.get("topic_id") == topic:
                items.append(item)
                if item["payload"]["payload"]["type"] == "done":
                    return items


def _topic(reply: Any) -> str:
    handoff = next(event for event in reply.typed if event.get("type") == "stream_handoff")
    return str(handoff["options"][1]["topic_id"])


def _text(browser: Any, items: list[Any]) -> str:
    """The answer's text after dropping items that came before."""
    unique: dict[str, str] = {}
    for item in items:
        event = item["payload"]["payload"]
        if event["type"] == "stream-item":
            unique.setdefault(event["stream_item_id"], event["encoded_item"])
    return str(browser.read("".join(unique.values()).encode()).text)

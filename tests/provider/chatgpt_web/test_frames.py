from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from provider.chatgpt_web.frames import (
    ConversationUpdate,
    StreamItem,
    Subscribed,
    SubscribeRefused,
    TopicDone,
    TopicFailed,
    TopicFrames,
    TurnCompleted,
    connect_command,
    subscribe_command,
    unsubscribe_command,
)
from provider.chatgpt_web.stream.reader import TurnReader
from provider.interface.turns import ConversationKnown, TextDelta, TurnEvent, TurnFinished

VECTORS = Path(__file__).parents[2] / "vectors"
WS = json.loads((VECTORS / "ws-frames.json").read_text())
CASES = WS["cases"]
COMMANDS = {case["name"]: case["frame"] for case in WS["commands"]}
TOPIC = "conversation-turn-turn-0001"


def follow(topic: TopicFrames, reader: TurnReader, frames: list[str]) -> tuple[list[TurnEvent], bool, list[str]]:
    events: list[TurnEvent] = []
    done, updates = False, []
    for frame in frames:
        for item in topic.read(frame):
            if isinstance(item, StreamItem):
                events += reader.feed_item(item.text)
            elif isinstance(item, TopicDone):
                done = True
                events += reader.end_topic()
            elif isinstance(item, ConversationUpdate):
                updates.append(item.update_type)
    return events, done, updates


def message(inner: dict[str, Any], *, topic: str = TOPIC, offset: str | None = None, kind: str | None = None) -> str:
    payload = {"type": kind or "conversation-turn-stream", "payload": inner}
    item: dict[str, Any] = {"type": "message", "topic_id": topic, "payload": payload}
    if offset is not None:
        item["offset"] = offset
    return json.dumps([item])


def reply(number: int, **fields: Any) -> str:
    return json.dumps([{"id": number, "type": "reply", "reply": {"type": "subscribe", **fields}}])


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_frames_give_the_turn_of_the_vectors(case: dict[str, Any]) -> None:
    topic, reader = TopicFrames(case["topic"]), TurnReader()
    events, done, updates = follow(topic, reader, case["frames"])
    expected = case["expect"]
    assert reader.text == expected["text"]
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == expected["text"]
    assert done == expected["done"]
    assert reader.complete == expected["turn_complete"]
    assert topic.offset == expected["last_offset"]
    assert topic.accepted == expected["accepted_items"]
    assert topic.duplicates == expected["duplicates"]
    assert updates == expected["updates"]
    assert isinstance(events[-1], TurnFinished)


def test_commands_are_those_of_the_vectors() -> None:
    topic = TopicFrames(TOPIC)
    assert json.loads(topic.open()) == COMMANDS["connect and subscribe"]
    topic.read(message({"type": "other"}, offset="1790000000004-0"))
    assert json.loads(topic.subscribe()) == COMMANDS["resubscribe"]
    assert json.loads(topic.unsubscribe()) == COMMANDS["unsubscribe"]
    widget = "api-tool:d0d0cafe-0000-4000-8000-000000000017"
    assert [subscribe_command(2, widget, "0")] == COMMANDS["research widget topic"]
    assert [connect_command(1)] == COMMANDS["connect and subscribe"][:1]
    assert [unsubscribe_command(4, TOPIC)] == COMMANDS["unsubscribe"]


def test_a_handed_over_turn_goes_on_in_its_topic() -> None:
    reader = TurnReader()
    events = reader.feed((VECTORS / "sse-handoff.txt").read_bytes()) + reader.end()
    assert events == [ConversationKnown("c0ffee00-0000-4000-8000-000000000001")]
    more, _, _ = follow(TopicFrames(TOPIC), reader, CASES[0]["frames"])
    assert more[-1] == TurnFinished("via socket!", "stop", message_id="a-1")


def test_a_new_connection_counts_its_commands_from_one_and_continues_from_the_offset() -> None:
    topic = TopicFrames(TOPIC)
    topic.open()
    topic.read(message({"type": "stream-item", "encoded_item": "x", "stream_item_id": "s1"}, offset="5-0"))
    assert json.loads(topic.open()) == [connect_command(1), subscribe_command(2, TOPIC, "5-0")]
    assert topic.read(message({"type": "stream-item", "encoded_item": "x", "stream_item_id": "s1"})) == []
    assert topic.duplicates == 1


def test_items_without_any_key_are_all_new() -> None:
    topic = TopicFrames(TOPIC)
    for _ in range(2):
        assert topic.read(message({"type": "stream-item", "encoded_item": "ha"})) == [StreamItem("ha")]


def test_lost_history_is_told_from_none_missed() -> None:
    topic = TopicFrames(TOPIC, "5-0")
    topic.open()
    same = topic.read(reply(2, topic_id=TOPIC, last_offset="5-0", recovered=False, catchups=[]))
    assert same == [Subscribed("5-0", history_lost=False)]
    lost = topic.read(reply(2, topic_id=TOPIC, last_offset="9-0", recovered=False, catchups=None))
    assert lost == [Subscribed("9-0", history_lost=True)]


def test_an_accepted_subscription_moves_the_offset_to_upstreams_last() -> None:
    topic = TopicFrames(TOPIC)
    topic.open()
    item = json.loads(message({"type": "stream-item", "encoded_item": "x"}, offset="1-0"))[0]
    events = topic.read(reply(2, topic_id=TOPIC, last_offset="3-0", recovered=True, catchups=[item]))
    assert events == [Subscribed("3-0", history_lost=False), StreamItem("x")]
    assert topic.offset == "3-0"


def test_a_refused_subscription_is_told() -> None:
    topic = TopicFrames(TOPIC)
    topic.open()
    assert topic.read(reply(1, subscriptions={})) == []
    assert topic.read(reply(2, topic_id="another")) == [SubscribeRefused("The reply names another topic.")]
    assert topic.read(reply(2, topic_id=TOPIC, error={"message": "no"})) == [SubscribeRefused("no")]
    assert topic.read(reply(2, error="gone")) == [SubscribeRefused("gone")]
    assert topic.read(reply(2, error=17)) == [SubscribeRefused("The subscription failed.")]


def test_an_error_item_and_hints_are_passed_on() -> None:
    topic = TopicFrames(TOPIC)
    assert topic.read(message({"type": "error", "message": "broke"})) == [TopicFailed("broke")]
    complete = {"conversation_id": "c"}
    assert topic.read(message(complete, topic="conversations", kind="conversation-turn-complete")) == [
        TurnCompleted("c")
    ]
    update = {"conversation_id": "c", "update_type": "title-update", "update_content": {"title": "t"}}
    wrapped = topic.read(message(update, topic="conversations", kind="conversation-update"))
    assert wrapped == [ConversationUpdate("c", "title-update", {"title": "t"})]
    assert topic.offset == "0"


@pytest.mark.parametrize("frame", ["7", "null", '"text"', "{", b"\xff", '[1, null, {"type": "message", "payload": 3}]'])
def test_what_cannot_be_read_means_nothing(frame: str | bytes) -> None:
    assert TopicFrames(TOPIC).read(frame) == []

from __future__ import annotations

import json
import random
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import (
    BridgeError,
    ContentBlockedError,
    EmptyResponseError,
    ModelLimitError,
    ProtocolError,
    RateLimitedError,
    StreamInterruptedError,
    UpstreamError,
)
from provider.chatgpt_web.stream.reader import TurnReader
from provider.interface.research import ResearchHandle
from provider.interface.turns import (
    ConversationKnown,
    ImagePending,
    ModelResolved,
    QuotaTold,
    ResearchStarted,
    TextDelta,
    ThoughtDelta,
    TurnEvent,
    TurnFinished,
)

VECTORS = Path(__file__).parents[2] / "vectors"
EXPECTED: dict[str, dict[str, Any]] = json.loads((VECTORS / "sse-expected.json").read_text())["cases"]
FILES = sorted(EXPECTED)
FAILURES: dict[str, type[BridgeError]] = {
    "sse-empty.txt": EmptyResponseError,
    "sse-deep-research-start.txt": EmptyResponseError,
    "sse-error-midstream.txt": UpstreamError,
    "sse-error-object.txt": ModelLimitError,
    "sse-moderation.txt": ContentBlockedError,
    "sse-system-error.txt": UpstreamError,
    "sse-truncated.txt": StreamInterruptedError,
}
CONVERSATION = "c0ffee00-0000-4000-8000-000000000001"


@cache
def body_of(name: str) -> bytes:
    return (VECTORS / name).read_bytes()


def read(name: str, chunks: list[bytes]) -> tuple[TurnReader, list[TurnEvent]]:
    reader = TurnReader(uploaded=EXPECTED[name].get("uploaded_file_ids", ()))
    events = [event for chunk in chunks for event in reader.feed(chunk)]
    return reader, joined(events + reader.end())


def joined(events: list[TurnEvent]) -> list[TurnEvent]:
    """With pieces of text, or of a thought, that follow each other as one, as if they had arrived together."""
    whole: list[TurnEvent] = []
    for event in events:
        last = whole[-1] if whole else None
        if isinstance(event, TextDelta) and isinstance(last, TextDelta):
            event = TextDelta(last.text + event.text)
            whole.pop()
        elif isinstance(event, ThoughtDelta) and isinstance(last, ThoughtDelta) and last.part == event.part:
            event = ThoughtDelta(last.text + event.text, event.part)
            whole.pop()
        whole.append(event)
    return whole


def in_chunks(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


def text_of(events: list[TurnEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def delta(**frame: Any) -> bytes:
    return f"event: delta\ndata: {json.dumps(frame)}\n\n".encode()


def typed(kind: str, **fields: Any) -> bytes:
    return f"data: {json.dumps({'type': kind, **fields})}\n\n".encode()


def started(
    text: str = "", *, identity: str = "a-1", role: str = "assistant", channel: int = 1, status: str = "in_progress",
    **more: Any,
) -> bytes:  # fmt: skip
    content = {"content_type": "text", "parts": [text]}
    message = {"id": identity, "author": {"role": role}, "content": content, "status": status} | more
    return delta(p="", o="add", v={"message": message, "conversation_id": "c", "error": None}, c=channel)


def grown(text: str, **more: Any) -> bytes:
    return delta(p="/message/content/parts/0", o="append", v=text, **more)


COMPLETE = typed("message_stream_complete")
DONE = b"data: [DONE]\n\n"


@pytest.mark.parametrize("name", FILES)
def test_a_stream_tells_what_the_vectors_expect(name: str) -> None:
    expected = EXPECTED[name]
    reader, events = read(name, [body_of(name)])
    last = reader.last_message or {}
    limits = (reader.facts.limits or {}).get("limits_progress", [])
    assert reader.text == expected["text"]
    assert reader.conversation_id == expected["conversation_id"]
    assert last.get("id") == expected["message_id"]
    assert last.get("status") == expected["status"]
    assert last.get("end_turn") == expected["end_turn"]
    assert reader.complete == expected["complete"]
    assert reader.done == expected["done"]
    assert reader.facts.blocked == expected["blocked"]
    assert [handoff.topic_id for handoff in reader.facts.handoffs] == expected["handoff_topics"]
    assert (reader.facts.resume_token is not None) == expected["resume_token_seen"]
    assert reader.facts.title == expected["title"]
    assert reader.facts.model_slug == expected["model_slug"]
    assert {entry["feature_name"]: entry["remaining"] for entry in limits} == expected["limits"]
    assert reader.parse_errors == expected["parse_errors"]
    assert events[0] == ConversationKnown(expected["conversation_id"])


@pytest.mark.parametrize("name", FILES)
def test_a_stream_ends_as_the_vectors_expect(name: str) -> None:
    expected = EXPECTED[name]
    reader, events = read(name, [body_of(name)])
    if name in FAILURES:
        assert type(reader.failure) is FAILURES[name]
        assert not reader.finished
        assert not any(isinstance(event, TurnFinished) for event in events)
        assert text_of(events) == expected["text"]
        if expected["error"]:
            assert reader.failure.upstream_text == expected["error"]
    elif name == "sse-handoff.txt":
        assert reader.handoff is not None
        assert (reader.handoff.topic_id, reader.handoff.via) == ("conversation-turn-turn-0007", "topic")
        assert not reader.finished
        assert reader.failure is None
    else:
        last = events[-1]
        assert isinstance(last, TurnFinished)
        assert reader.finished
        assert last.text == expected["text"]
        assert last.message_id == expected["message_id"]
        assert last.finish_reason == expected.get("finish_reason", "stop")
        assert [asset.pointer for asset in last.assets] == expected.get("assets", [])
        assert last.image_task_id == expected.get("image_task_id")
        if name != "sse-operations.txt":  # upstream rewrites itself there
            assert text_of(events) == expected["text"]


@pytest.mark.parametrize("name", FILES)
def test_every_chunk_size_gives_the_same_events(name: str) -> None:
    body = body_of(name)
    whole, events = read(name, [body])
    for size in range(1, len(body) + 1):
        reader, again = read(name, in_chunks(body, size))
        assert again == events
        assert type(reader.failure) is type(whole.failure)
        assert reader.text == whole.text


@pytest.mark.parametrize("name", FILES)
def test_every_single_cut_gives_the_same_events(name: str) -> None:
    body = body_of(name)
    _, events = read(name, [body])
    for cut in range(1, len(body)):
        assert read(name, [body[:cut], body[cut:]])[1] == events


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(FILES), seed=st.integers(0, 2**32), cuts=st.integers(1, 40))
def test_random_cuts_give_the_same_events(name: str, seed: int, cuts: int) -> None:
    body = body_of(name)
    places = sorted(random.Random(seed).choices(range(len(body) + 1), k=cuts))
    chunks = [body[a:b] for a, b in zip([0, *places], [*places, len(body)], strict=True)]
    assert read(name, chunks)[1] == read(name, [body])[1]


def test_the_resume_token_is_no_part_of_any_repr() -> None:
    reader, _ = read("sse-basic.txt", [body_of("sse-basic.txt")])
    assert reader.facts.resume_token == "resume.fake.token"
    assert "resume.fake.token" not in repr(reader.facts)


def test_applied_operations_leave_the_metadata_of_the_vectors() -> None:
    reader, _ = read("sse-operations.txt", [body_of("sse-operations.txt")])
    message = reader.last_message
    assert message is not None
    for key, value in EXPECTED["sse-operations.txt"]["final_metadata"].items():
        assert message["metadata"][key] == value
    assert "gone" not in message["metadata"]
    assert reader.unknown_ops == 1


def test_the_model_is_told_with_the_message_and_once() -> None:
    _, events = read("sse-thinking.txt", [body_of("sse-thinking.txt")])
    resolved = [place for place, event in enumerate(events) if isinstance(event, ModelResolved)]
    first_text = next(place for place, event in enumerate(events) if isinstance(event, TextDelta))
    assert [events[place] for place in resolved] == [ModelResolved("gpt-5-5-thinking")]
    assert resolved[0] < first_text


def test_a_pending_picture_is_told_before_the_end() -> None:
    _, events = read("sse-image-async.txt", [body_of("sse-image-async.txt")])
    assert ImagePending("imgtask-0001") in events[:-1]


def test_deltas_come_with_the_bytes_that_carry_them() -> None:
    reader = TurnReader()
    assert text_of(reader.feed(started())) == ""
    assert reader.feed(grown("Hel")) == [TextDelta("Hel")]
    assert reader.feed(delta(v="lo")) == [TextDelta("lo")]
    assert reader.feed(delta(v=" \ue200cite")) == []
    assert reader.feed(delta(v="\ue201!")) == [TextDelta("!")]
    assert reader.feed(delta(v=" And") + delta(v=" so")) == [TextDelta(" And so")]
    assert reader.feed(COMPLETE) == []
    finished = TurnFinished("Hello! And so", "stop", message_id="a-1")
    assert reader.feed(DONE) == [finished]
    assert reader.feed(started("later", identity="a-2")) == []
    assert reader.end() == []


def test_the_end_of_the_body_is_enough_after_the_stream_was_complete() -> None:
    reader = TurnReader()
    reader.feed(started("Hi") + COMPLETE)
    assert reader.end() == [TurnFinished("Hi", "stop", message_id="a-1")]


def test_keep_alives_count_as_nothing_and_everything_else_counts() -> None:
    reader = TurnReader()
    reader.feed(b": keep-alive\n\n\n\n")
    assert reader.events_seen == 0
    reader.feed(typed("message_marker", marker="cot_token") + b"data: no json\n\n")
    assert (reader.events_seen, reader.parse_errors) == (2, 1)


def test_what_is_unknown_is_ignored() -> None:
    reader = TurnReader()
    odd = [b"data: 7\n\n", b"data: null\n\n", b'data: {"x":1}\n\n', typed("of_tomorrow"), delta(v={"a": 1}, o="whirl")]
    assert reader.feed(b"".join([*odd, started("Hi"), COMPLETE, DONE]))[-1] == TurnFinished(
        "Hi", "stop", message_id="a-1"
    )
    assert reader.unknown_ops == 1


def test_messages_of_before_and_what_the_user_says_are_not_answered_back() -> None:
    reader = TurnReader(known_ids=["old"])
    before = started("said before", identity="old", status="finished_successfully")
    events = reader.feed(before + started("question", identity="u", role="user", channel=2) + started("new", channel=3))
    assert text_of(events) == "new"


def test_a_repeated_turn_of_the_request_is_skipped_once() -> None:
    reader = TurnReader(sent_answers=["Yes.", "No."])
    echo = started("Yes.", identity="e", status="finished_successfully", channel=0)
    events = reader.feed(echo + started("Yes.", identity="a", status="finished_successfully", channel=1) + DONE)
    assert events[-1] == TurnFinished("Yes.", "stop", message_id="a")
    assert text_of(events) == "Yes."


def test_an_answer_that_equals_an_earlier_one_is_not_lost() -> None:
    reader = TurnReader(sent_answers=["OK"])
    only = started("OK", identity="a", status="finished_successfully")
    question = started("again", identity="u", role="user", channel=0)
    events = reader.feed(question + only + started("", identity="t", role="tool", channel=2) + DONE)
    assert text_of(events) == "OK"
    assert events[-1] == TurnFinished("OK", "stop", message_id="a")


@pytest.mark.parametrize("behind", [started("", identity="a"), started("again", identity="u", role="user")])
def test_a_repeated_turn_does_not_stand_for_an_empty_answer(behind: bytes) -> None:
    reader = TurnReader(sent_answers=["OK"])
    echo = started("OK", identity="e", status="finished_successfully", channel=0)
    assert text_of(reader.feed(echo + behind + COMPLETE + DONE)) == ""
    assert isinstance(reader.failure, EmptyResponseError)
    assert reader.failure.spent


def test_interleaved_messages_are_streamed_one_after_the_other() -> None:
    reader = TurnReader()
    finished = delta(p="/message/status", o="replace", v="finished_successfully", c=1)
    stream = [
        started("One", channel=1),
        started("Two", identity="a-2", channel=2),
        grown(" more", c=1),
        grown(" too", c=2),
        finished,
        grown("!", c=2),
        DONE,
    ]
    events = [event for chunk in stream for event in reader.feed(chunk)]
    assert text_of(events) == "One more\n\nTwo too!"
    assert events[-1] == TurnFinished("One more\n\nTwo too!", "stop", message_id="a-2")


def test_a_rewritten_answer_is_corrected_in_the_result_only() -> None:
    reader = TurnReader()
    stream = started("abcdef") + delta(p="/message/content/parts/0", o="replace", v="abXdefg") + DONE
    events = reader.feed(stream)
    assert text_of(events) == "abcdefg"
    assert events[-1] == TurnFinished("abXdefg", "stop", message_id="a-1")


def test_snapshots_may_be_mixed_into_deltas() -> None:
    reader = TurnReader()
    content = {"content_type": "text", "parts": ["Hello, world"]}
    snapshot = {"message": {"id": "a-1", "author": {"role": "assistant"}, "content": content}, "error": None}
    events = reader.feed(started("Hello") + f"data: {json.dumps(snapshot)}\n\n".encode() + DONE)
    assert text_of(events) == "Hello, world"


def test_text_before_an_error_is_delivered_and_marks_the_quota_as_spent() -> None:
    reader = TurnReader()
    events = reader.feed(started("Part") + typed("error", error={"code": "model_cap_exceeded", "clears_in": 9}) + DONE)
    assert text_of(events) == "Part"
    assert isinstance(reader.failure, ModelLimitError)
    assert reader.failure.spent
    assert reader.failure.retry_after_seconds == 9
    assert reader.done


def test_an_error_inside_a_document_ends_the_turn() -> None:
    reader = TurnReader()
    reader.feed(started("Part") + delta(p="/error", o="replace", v="Something broke."))
    assert isinstance(reader.failure, UpstreamError)
    assert reader.failure.upstream_text == "Something broke."


def test_a_quota_refusal_is_a_rate_limit_and_nothing_was_spent() -> None:
    reader = TurnReader()
    reader.feed(typed("stream_quota_check", detail=None))
    assert reader.failure is None
    reader.feed(typed("stream_quota_check", detail="Come back later."))
    assert isinstance(reader.failure, RateLimitedError)
    assert not reader.failure.spent


def test_a_flagged_message_is_not_blocked() -> None:
    reader = TurnReader()
    reader.feed(typed("moderation", moderation_response={"flagged": True, "blocked": False}))
    assert reader.failure is None


def test_an_unknown_encoding_is_a_protocol_error() -> None:
    reader = TurnReader()
    reader.feed(b'event: delta_encoding\ndata: "v2"\n\n')
    assert isinstance(reader.failure, ProtocolError)


def test_pictures_of_before_and_the_users_own_are_no_results() -> None:
    def pictured(identity: str, role: str, channel: int) -> bytes:
        part = {"content_type": "image_asset_pointer", "asset_pointer": f"sediment://file_{identity}"}
        content = {"content_type": "multimodal_text", "parts": [part]}
        return started(identity=identity, role=role, channel=channel, status="finished_successfully", content=content)

    reader = TurnReader(known_ids=["old", "mine"], uploaded=["file_sent"])
    pictures = [("old", "tool"), ("mine", "user"), ("mine2", "user"), ("sent", "tool"), ("new", "tool")]
    stream = b"".join(pictured(identity, role, place) for place, (identity, role) in enumerate(pictures))
    echo = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://file_mine"}
    last = reader.feed(stream + delta(p="/message/content/parts/1", o="add", v=echo) + DONE)[-1]
    assert isinstance(last, TurnFinished)
    assert [asset.file_id for asset in last.assets] == ["file_new"]


def test_an_image_turn_may_end_without_a_word() -> None:
    reader = TurnReader(kind="image")
    assert reader.feed(started("") + DONE)[-1] == TurnFinished("", "stop", message_id="a-1")


def test_the_topic_repeats_the_turn_and_nothing_doubles() -> None:
    reader = TurnReader()
    handoff = typed(
        "stream_handoff",
        options=[
            {"type": "resume_sse_endpoint", "topic_id": "topic"},
            {"type": "subscribe_ws_topic", "topic_id": "topic"},
        ],
    )
    beginning = started("One", status="finished_successfully") + started("", identity="a-2", channel=2)
    events = reader.feed(beginning + grown("Tw", c=2) + handoff + DONE) + reader.end()
    assert text_of(events) == "One\n\nTw"
    assert reader.handoff is not None
    for item in (beginning, grown("Two", c=2), delta(v=" and th"), delta(v="ree").rstrip()):
        events += reader.feed_item(item.decode())
    assert reader.handoff is None
    events += reader.feed_item(COMPLETE.decode())
    assert text_of(events) == "One\n\nTwo and three"
    assert events[-1] == TurnFinished("One\n\nTwo and three", "stop", message_id="a-2")


def test_the_topic_has_documents_and_a_cursor_of_its_own() -> None:
    handoff = typed("stream_handoff", options=[{"type": "subscribe_ws_topic", "topic_id": "topic"}])
    beginning = started("One", channel=0) + grown(" two") + handoff + DONE
    for odd in (delta(v=" of nowhere"), delta(p="/unheard_of", o="add", v=1) + grown(" of nothing")):
        reader = TurnReader()
        assert text_of(reader.feed(beginning) + reader.feed_item(odd.decode())) == "One two"


def test_a_handed_over_leg_that_calls_itself_complete_does_not_end_the_topic() -> None:
    reader = TurnReader()
    handoff = typed("stream_handoff", options=[{"type": "subscribe_ws_topic", "topic_id": "topic"}])
    assert reader.feed(handoff + COMPLETE + DONE) + reader.end() == []
    reader.feed_item(started("Hi").decode())
    assert not reader.finished
    reader.feed_item(COMPLETE.decode())
    assert reader.finished


def test_the_end_of_the_topic_ends_the_turn() -> None:
    reader = TurnReader()
    reader.feed(typed("stream_handoff", options=[{"type": "subscribe_ws_topic", "topic_id": "topic"}]) + DONE)
    events = reader.feed_item(started("Hi").decode()) + reader.end_topic()
    assert events[-1] == TurnFinished("Hi", "stop", message_id="a-1")


def test_an_error_of_the_topic_fails_the_turn() -> None:
    reader = TurnReader()
    reader.feed_item(started("Hi").decode())
    assert reader.fail("It broke.") == []
    assert isinstance(reader.failure, UpstreamError)


def test_an_interrupted_turn_can_be_resumed_from_its_start() -> None:
    reader = TurnReader()
    events = reader.feed(started() + grown("Half a sen")) + reader.end()
    assert isinstance(reader.failure, StreamInterruptedError)
    reader.resume()
    events += reader.feed(started() + grown("Half a ") + delta(v="sentence.") + COMPLETE) + reader.end()
    assert text_of(events) == "Half a sentence."
    assert reader.finished


def test_a_resumed_stream_that_only_repeats_the_hand_over_is_no_empty_answer() -> None:
    reader = TurnReader()
    stub = typed("stream_handoff", options=[{"type": "resume_sse_endpoint", "topic_id": "topic"}]) + DONE
    reader.feed(stub)
    assert reader.handoff is not None
    assert reader.handoff.via == "resume"
    reader.resume()
    reader.feed(stub)
    assert isinstance(reader.failure, StreamInterruptedError)


def test_the_stored_messages_can_finish_an_interrupted_turn() -> None:
    reader = TurnReader()
    events = reader.feed(started("Half")) + reader.end()
    reader.resume()
    content = {"content_type": "text", "parts": ["Half and half"]}
    stored = {"id": "a-1", "author": {"role": "assistant"}, "content": content, "status": "finished_successfully"}
    events += reader.feed_message(stored) + reader.conclude()
    assert text_of(events) == "Half and half"
    assert isinstance(events[-1], TurnFinished)


odd_values = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 5) | st.sampled_from(["", "all", "assistant", "text", "\ue200", "x "]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["message", "id", "author", "role", "content", "content_type", "parts", "metadata", "p", "v"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)
odd_paths = st.lists(
    st.sampled_from(["message", "content", "parts", "0", "1", "status", "metadata", "-"]), max_size=4
).map(lambda keys: "".join(f"/{key}" for key in keys))
odd_frames = st.fixed_dictionaries(
    {},
    optional={
        "p": odd_paths | st.just("/message/content/parts/0"),
        "o": st.sampled_from(["add", "replace", "append", "patch", "truncate", "remove", "odd"]),
        "v": odd_values,
        "c": st.integers(0, 2) | st.none(),
        "type": st.sampled_from(["stream_handoff", "server_ste_metadata", "moderation", "input_message"]),
        "message": odd_values,
        "options": odd_values,
        "input_message": odd_values,
        "error": st.none(),
        "metadata": odd_values,
    },
)


@settings(max_examples=300, deadline=None)
@given(frames=st.lists(odd_frames, max_size=12))
def test_no_document_is_odd_enough_to_raise(frames: list[dict[str, Any]]) -> None:
    reader = TurnReader(known_ids=["x "], sent_answers=["x"])
    events = reader.feed(started("Hi"))
    for frame in frames:
        events += reader.feed(delta(**frame))
    events += reader.feed(COMPLETE) + reader.end() + reader.conclude()
    assert text_of(events).startswith("Hi")
    assert reader.finished or reader.failure is not None


@given(
    pieces=st.lists(
        st.tuples(st.integers(1, 3), st.sampled_from(["a", "b ", " ", "\n", "\ue200cite", "\ue202x\ue201", "\ud83d"])),
        max_size=20,
    )
)
def test_without_rewrites_the_deltas_add_up_to_the_result(pieces: list[tuple[int, str]]) -> None:
    reader = TurnReader(kind="image")
    events = reader.feed(b"".join(started("", identity=f"a-{channel}", channel=channel) for channel in (1, 2, 3)))
    for channel, piece in pieces:
        events += reader.feed(grown(piece, c=channel))
    events += reader.feed(DONE)
    last = events[-1]
    assert isinstance(last, TurnFinished)
    assert text_of(events) == last.text
    last.text.encode()


RESEARCH = ResearchHandle(
    CONVERSATION, "tool-17", "d0d0cafe-0000-4000-8000-000000000017", "5e551000-0000-4000-8000-000000000017"
)


def researched(body: bytes, size: int = 1 << 20) -> tuple[TurnReader, list[TurnEvent]]:
    reader = TurnReader(kind="research", known_ids=("mine",))
    events = [event for chunk in in_chunks(body, size) for event in reader.feed(chunk)]
    return reader, events + reader.end()


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_a_research_is_told_once_and_before_the_turn_ends(size: int) -> None:
    reader, events = researched(body_of("sse-deep-research-start.txt"), size)

    assert reader.failure is None
    assert [event for event in events if isinstance(event, ResearchStarted)] == [ResearchStarted(RESEARCH)]
    assert isinstance(events[-1], TurnFinished)


def test_a_widget_in_a_chat_is_no_research() -> None:
    _, events = read("sse-deep-research-start.txt", [body_of("sse-deep-research-start.txt")])

    assert not any(isinstance(event, ResearchStarted) for event in events)


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"role":"tool","name":"api_tool.call_tool"', b'"role":"user"'), (b'"id":"tool-17"', b'"id":"mine"')],
)
def test_a_widget_that_the_user_wrote_is_no_research(old: bytes, new: bytes) -> None:
    body = body_of("sse-deep-research-start.txt").replace(old, new)
    assert new in body

    reader, events = researched(body)

    assert reader.finished
    assert not any(isinstance(event, ResearchStarted) for event in events)


def test_a_research_with_one_id_is_told_when_the_turn_ends() -> None:
    body = (
        body_of("sse-deep-research-start.txt").replace(b"async_task_conversation_id", b"x").replace(b"session_id", b"y")
    )
    _, events = researched(body)

    told = [type(event) for event in events if isinstance(event, ResearchStarted | QuotaTold | TurnFinished)]
    handle = next(event.handle for event in events if isinstance(event, ResearchStarted))
    assert told == [QuotaTold, ResearchStarted, TurnFinished]
    assert (handle.widget_session_id, handle.session_id) == (RESEARCH.widget_session_id, None)


@pytest.mark.parametrize("name", [name for name in FILES if EXPECTED[name].get("limits")])
def test_what_is_left_of_each_feature_is_told(name: str) -> None:
    _, events = read(name, [body_of(name)])

    told = [event.remaining for event in events if isinstance(event, QuotaTold)]
    if name not in FAILURES:
        assert told == [EXPECTED[name]["limits"]]


def test_features_go_by_their_canonical_names() -> None:
    limits = [{"feature_name": "dalle", "remaining": 3}, {"name": "attachments", "remaining": 2}, {"name": "send"}]
    event = {"type": "conversation_detail_metadata", "limits_progress": limits}

    assert TurnReader().feed(f"data: {json.dumps(event)}\n\n".encode()) == [
        QuotaTold({"image_gen": 3, "file_upload": 2})
    ]
    assert TurnReader().feed(b'data: {"type":"conversation_detail_metadata","limits_progress":null}\n\n') == []

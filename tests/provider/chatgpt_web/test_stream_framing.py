from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ProtocolError
from provider.chatgpt_web.stream import framing
from provider.chatgpt_web.stream.framing import SseEvent, SseFraming


def events_of(chunks: list[bytes]) -> list[SseEvent]:
    reading = SseFraming()
    found = [event for chunk in chunks for event in reading.feed(chunk)]
    return found + reading.end()


def test_every_line_end_separates_lines_and_dispatches() -> None:
    for line_end in (b"\n", b"\r\n", b"\r"):
        lines = [b"event: delta", b"data: 1", b"", b"data: 2", b""]
        assert events_of([line_end.join(lines) + line_end]) == [SseEvent("delta", "1"), SseEvent("", "2")]


def test_comments_and_events_without_data_are_not_dispatched() -> None:
    assert events_of([b": keep-alive\n\nevent: ping\n\nid: 7\nretry: 3\n\ndata: x\n\n"]) == [SseEvent("", "x")]


def test_several_data_lines_are_joined_and_one_blank_after_the_colon_is_dropped() -> None:
    assert events_of([b"data:a\ndata:  b\ndata: c\n\n"]) == [SseEvent("", "a\n b\nc")]


def test_characters_that_only_look_like_line_ends_stay_inside_the_data() -> None:
    text = "a\u2028b\u0085c\x0bd\x0ce\x1cf"
    assert events_of([f"data: {text}\n\n".encode()]) == [SseEvent("", text)]


def test_the_end_of_the_input_dispatches_what_is_pending_and_starts_anew() -> None:
    reading = SseFraming()
    assert reading.feed(b"data: last") == []
    assert reading.end() == [SseEvent("", "last")]
    assert reading.end() == []
    assert reading.feed(b"data: next\n\n") == [SseEvent("", "next")]


def test_a_carriage_return_dispatches_without_waiting_for_the_next_chunk() -> None:
    reading = SseFraming()
    assert reading.feed(b"data: a\r\r") == [SseEvent("", "a")]
    assert reading.feed(b"\ndata: b\r\n\r") == [SseEvent("", "b")]
    assert reading.feed(b"\n") == []


def test_a_line_end_that_is_cut_in_two_is_still_one() -> None:
    assert events_of([b"data: a\r", b"\ndata: b\r\n", b"\r\n"]) == [SseEvent("", "a\nb")]


def test_a_byte_order_mark_is_ignored_and_broken_bytes_are_replaced() -> None:
    assert events_of([b"\xef\xbb\xbfdata: a\xff\n\n"]) == [SseEvent("", "a\ufffd")]


def test_an_endless_event_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "MAX_EVENT_BYTES", 100)
    reading = SseFraming()
    assert reading.feed(b"data: " + b"x" * 90) == []
    with pytest.raises(ProtocolError):
        reading.feed(b"0123456789")


@given(
    body=st.lists(
        st.sampled_from([b"data: x", b"event:e", b":c", "สวัส".encode(), b"data", b"\r", b"\n", b"\r\n", b"\n\n"]),
        max_size=30,
    ).map(b"".join),
    cuts=st.lists(st.integers(0, 200), max_size=12),
)
def test_the_split_of_the_bytes_never_matters(body: bytes, cuts: list[int]) -> None:
    places = sorted({min(cut, len(body)) for cut in cuts} | {0, len(body)})
    chunks = [body[start:end] for start, end in zip(places, places[1:], strict=False)]
    assert events_of(chunks) == events_of([body])

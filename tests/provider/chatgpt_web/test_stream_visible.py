from __future__ import annotations

from typing import Any

import pytest

from provider.chatgpt_web.stream.visible import Answer, Part, answer_text, finish_reason, is_visible


def message(text: str = "", *, status: str = "in_progress", **more: Any) -> dict[str, Any]:
    content = {"content_type": "text", "parts": [text]}
    return {"author": {"role": "assistant"}, "content": content, "status": status, **more}


def added(answer: Answer, first: dict[str, Any]) -> tuple[Part, str]:
    part = Part(first)
    answer.add(part)
    return part, answer.update(part, first, rewritten=True)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"recipient": "all", "channel": "final"},
        {"recipient": None, "channel": None, "metadata": None},
        {"content": {"content_type": "multimodal_text", "parts": []}},
    ],
)
def test_an_assistant_message_to_everybody_counts(more: dict[str, Any]) -> None:
    assert is_visible(message(**more))


@pytest.mark.parametrize(
    "more",
    [
        {"author": {"role": "tool"}},
        {"author": None},
        {"recipient": "python"},
        {"channel": "analysis"},
        {"channel": "commentary"},
        {"content": {"content_type": "thoughts"}},
        {"content": {"content_type": "code", "text": "x"}},
        {"content": None},
        {"metadata": {"is_visually_hidden_from_conversation": True}},
        {"metadata": {"is_thinking_preamble_message": True}},
    ],
)
def test_everything_else_does_not(more: dict[str, Any]) -> None:
    assert not is_visible(message(**more))


def test_the_text_joins_strings_of_parts_and_messages_that_have_any() -> None:
    mixed = message(content={"content_type": "multimodal_text", "parts": ["a", {"asset_pointer": "x"}, "b"]})
    assert answer_text([mixed, message(""), message("hidden", channel="analysis"), message("c")]) == "ab\n\nc"


@pytest.mark.parametrize(
    ("details", "reason"),
    [
        ({"type": "stop"}, "stop"),
        ({"type": "max_tokens"}, "length"),
        ({"type": "interrupted"}, "cancelled"),
        ({"type": ["odd"]}, "stop"),
        (None, "stop"),
    ],
)
def test_the_finish_reason_comes_from_the_last_message(details: Any, reason: str) -> None:
    assert finish_reason(message(metadata={"finish_details": details})) == reason
    assert finish_reason(None) == "stop"


def test_text_shows_as_it_grows_and_again_never() -> None:
    answer = Answer()
    part, shown = added(answer, message("One"))
    assert shown == "One"
    assert answer.grow(part, " two") == " two"
    assert answer.update(part, message(""), rewritten=True) == ""
    assert answer.grow(part, "One tw") == ""
    assert answer.grow(part, "o three") == " three"


def test_rewritten_text_shows_nothing_until_it_has_grown_past_what_was_shown() -> None:
    answer = Answer()
    part, _ = added(answer, message("abcdef"))
    assert answer.update(part, message("abc"), rewritten=True) == ""
    assert answer.grow(part, "XYZ") == ""
    assert answer.grow(part, "!") == "!"


def test_a_message_waits_while_the_one_before_it_is_still_written() -> None:
    answer = Answer()
    first, _ = added(answer, message("One"))
    second, shown = added(answer, message("Two"))
    assert shown == ""
    assert answer.grow(first, " more ") == " more"
    assert answer.grow(second, " too") == ""
    done = message("One more ", status="finished_successfully")
    assert answer.update(first, done, rewritten=False) == " \n\nTwo too"
    assert answer.grow(second, "!") == "!"


def test_a_message_without_text_leaves_no_blank_line() -> None:
    answer = Answer()
    added(answer, message("", status="finished_successfully"))
    added(answer, message("\ue200cite\ue202x\ue201", status="finished_successfully"))
    _, shown = added(answer, message("text"))
    assert shown == "text"


def test_the_end_of_the_turn_shows_what_still_waited() -> None:
    answer = Answer()
    added(answer, message("One "))
    added(answer, message("Two \ue200ci"))
    assert answer.finish() == " \n\nTwo"


def test_a_message_that_turns_visible_shows_its_text_and_one_that_is_hidden_stops() -> None:
    answer = Answer()
    part, shown = added(answer, message("draft", channel="commentary"))
    assert shown == ""
    assert answer.grow(part, " lost in silence") == ""
    assert answer.update(part, message("whole", channel="final"), rewritten=False) == "whole"
    hidden = message("whole", metadata={"is_visually_hidden_from_conversation": True})
    assert answer.update(part, hidden, rewritten=False) == ""
    assert answer.grow(part, "x") == ""
    assert answer.visible_messages == []


def test_a_hidden_beginning_does_not_block_its_turn_when_it_becomes_the_answer() -> None:
    answer = Answer()
    first, _ = added(answer, message("answer", channel="analysis"))
    added(answer, message("", author={"role": "tool"}))
    assert answer.update(first, message("answer"), rewritten=False) == "answer"

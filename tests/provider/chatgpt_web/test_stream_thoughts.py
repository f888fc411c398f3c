"""What a model shows of its thinking."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from provider.chatgpt_web.stream.reader import TurnReader
from provider.chatgpt_web.stream.thoughts import Thoughts
from provider.interface.turns import TextDelta, ThoughtDelta, TurnEvent, TurnFinished

VECTOR = (Path(__file__).parents[2] / "vectors" / "sse-thinking.txt").read_bytes()
THOUGHT = "**Plan the answer**\n\nI should add the numbers. Done."


def message(*thoughts: Any, identity: str = "t-1", kind: str = "thoughts", role: str = "assistant") -> dict[str, Any]:
    """A message as it stands now."""
    content = {"content_type": kind, "thoughts": list(thoughts)}
    return {"id": identity, "author": {"role": role}, "content": content}


def thought(summary: Any = "", content: Any = "") -> dict[str, Any]:
    return {"summary": summary, "content": content}


def read(chunks: list[bytes]) -> list[TurnEvent]:
    reader = TurnReader()
    return [event for chunk in chunks for event in reader.feed(chunk)] + reader.end()


def thoughts_of(events: list[TurnEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, ThoughtDelta))


def test_thoughts_come_before_the_answer_and_are_no_part_of_it() -> None:
    events = read([frame + b"\n\n" for frame in VECTOR.split(b"\n\n")])
    kinds = [type(event) for event in events if isinstance(event, ThoughtDelta | TextDelta)]

    assert [event for event in events if isinstance(event, ThoughtDelta)] == [
        ThoughtDelta("**Plan the answer**", 0),
        ThoughtDelta("\n\nI should add ", 0),
        ThoughtDelta("the numbers.", 0),
        ThoughtDelta(" Done.", 0),
    ]
    assert kinds == sorted(kinds, key=lambda kind: kind is TextDelta)
    assert [event.text for event in events if isinstance(event, TurnFinished)] == ["The total is 42."]


@pytest.mark.parametrize("seed", range(20))
def test_they_are_the_same_however_the_bytes_are_cut(seed: int) -> None:
    places = sorted(random.Random(seed).sample(range(1, len(VECTOR)), 40))
    chunks = [VECTOR[start:end] for start, end in zip([0, *places], [*places, len(VECTOR)], strict=True)]

    assert thoughts_of(read(chunks)) == THOUGHT


def test_only_what_is_new_is_told_and_each_thought_is_a_part() -> None:
    told = Thoughts()

    assert told.update(message(thought("Look"))) == [ThoughtDelta("**Look**", 0)]
    assert told.update(message(thought("Look", "It"))) == [ThoughtDelta("\n\nIt", 0)]
    assert told.update(message(thought("Look", "It"))) == []
    assert told.update(message(thought("Look", "It has"), thought("Think", "So"))) == [
        ThoughtDelta(" has", 0),
        ThoughtDelta("**Think**\n\nSo", 1),
    ]
    assert told.update(message(thought("", "Again"), identity="t-2")) == [ThoughtDelta("Again", 2)]


def test_a_thought_that_was_rewritten_is_not_told_again() -> None:
    told = Thoughts()
    told.update(message(thought("Look", "It has wings")))

    assert told.update(message(thought("Look", "It had wings, once"))) == []
    assert told.update(message(thought("Look", "It has wings, and sings"))) == [ThoughtDelta(", and sings", 0)]


def test_an_empty_thought_becomes_a_part_when_it_says_something() -> None:
    told = Thoughts()

    assert told.update(message(thought(), thought("Second"))) == [ThoughtDelta("**Second**", 0)]
    assert told.update(message(thought("First"), thought("Second"))) == [ThoughtDelta("**First**", 1)]


@pytest.mark.parametrize(
    "other",
    [
        message(thought("Plan"), kind="reasoning_recap"),
        message(thought("Plan"), role="user"),
        message(thought(None, 3), "no object", None),
        {"id": "t-1", "author": {"role": "assistant"}, "content": {"content_type": "thoughts", "thoughts": "Plan"}},
        {},
    ],
)
def test_everything_else_is_no_thought(other: dict[str, Any]) -> None:
    assert Thoughts().update(other) == []

"""What the simulator says."""

from __future__ import annotations

import pytest

from provider.simulator.answers import Question, compose, pieces, slices, title


def test_answer_is_the_same_for_the_same_seed_and_question() -> None:
    question = Question("How do kites fly?")
    assert compose(1, question) == compose(1, question)
    assert len({compose(seed, question) for seed in range(20)}) > 3


def test_answer_names_what_it_was_given() -> None:
    answer = compose(1, Question("Describe these", "Be brief", 5, "Hello", ("a.png", "b.png")))
    for part in ("“Describe these”", "“Be brief”", "5 messages", "“Hello”", "a.png and b.png"):
        assert part in answer


def test_long_prompts_are_quoted_shortly() -> None:
    assert len(compose(1, Question("word " * 5_000))) < 800


@pytest.mark.parametrize("number", [1, 2, 3, 7])
def test_pieces_make_up_the_text(number: int) -> None:
    text = "one  two\nthree four five six seven eight"
    parts = pieces(text, number, grow=True)
    assert len(parts) == number
    assert "".join(parts) == text


def test_text_grows_only_when_asked() -> None:
    assert pieces("one two", 5, grow=False) == ("one ", "two")
    grown = pieces("one two", 50, grow=True)
    assert len(grown) == 50
    assert "".join(grown).startswith("one two ")


@pytest.mark.parametrize(("text", "number"), [("", 1), ("ab", 2), ('  {"a": 1}\n', 5), ("abc", 9)])
def test_slices_make_up_the_text(text: str, number: int) -> None:
    parts = slices(text, number)
    assert "".join(parts) == text
    assert len(parts) == (min(number, len(text)) or 1)


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_white_space_alone_survives(text: str) -> None:
    assert "".join(pieces(text, 20, grow=False)) == text


def test_title_is_the_first_words() -> None:
    assert title("  one two three four five six seven ") == "one two three four five six"
    assert title("") == "New chat"

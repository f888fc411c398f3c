"""Where an answer is cut."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.chat.stops import StopWords, TokenLimit
from bridge.usage.tokens import count


def shown(words: tuple[str, ...], pieces: list[str]) -> tuple[list[str], bool]:
    stops = StopWords(words)
    out = [stops.feed(piece) for piece in pieces]
    return [*out, "" if stops.stopped else stops.finish()], stops.stopped


def test_an_answer_ends_before_the_first_stop_word() -> None:
    assert shown(("STOP", "\n\n"), ["one\n", "\ntwo STOP"]) == (["one", "", ""], True)


def test_what_may_become_a_stop_word_waits_and_what_did_not_is_shown() -> None:
    assert shown(("</end>",), ["a </", "en", "try> b </e"]) == (["a ", "", "</entry> b ", "</e"], False)


def test_nothing_is_shown_after_the_word() -> None:
    assert shown(("x",), ["ax", "b", "c"]) == (["a", "", "", ""], True)


@given(st.text("abx", max_size=30), st.lists(st.text("abx", min_size=1, max_size=4), max_size=3), st.data())
def test_however_a_text_is_cut_into_pieces_the_same_is_shown(text: str, words: list[str], data: st.DataObject) -> None:
    edges = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pieces = [text[start:end] for start, end in zip([0, *edges], [*edges, len(text)], strict=True)]

    found = [place for place in (text.find(word) for word in words) if place >= 0]
    out, stopped = shown(tuple(words), pieces)

    assert stopped is bool(found)
    if len({len(word) for word in words}) < 2:
        assert "".join(out) == (text[: min(found)] if found else text)


def test_a_limit_cuts_between_two_characters_and_says_so() -> None:
    limit = TokenLimit(3)

    pieces = [limit.feed(piece) for piece in ("One", " two", " three four", " five")]

    assert pieces == ["One", " two", " three", ""]
    assert limit.reached


def test_an_answer_of_just_so_many_tokens_is_not_cut() -> None:
    limit = TokenLimit(3)

    assert [limit.feed(piece) for piece in ("One two", " three")] == ["One two", " three"]
    assert not limit.reached


@settings(deadline=None)  # The first example loads the tokenizer.
@given(st.lists(st.text(max_size=12), max_size=12), st.integers(1, 20))
def test_no_more_tokens_are_shown_than_are_wanted(pieces: list[str], most: int) -> None:
    limit = TokenLimit(most)

    out = "".join(limit.feed(piece) for piece in pieces)

    assert count(out) <= most or not limit.reached
    assert "".join(pieces).startswith(out)
    assert limit.reached or out == "".join(pieces)

"""Reading calls from a reply on its way: what holds for every text, how soon prose goes out, and what it costs."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.chat.tools.calls import CallParser, Found, Marker, Spoilt
from tests.bridge.chat.tools.replies import joined, pieces, raw

NAMES = ("bash", "read", "list_files")
CALL = '{"tool_calls":[{"name":"bash","arguments":{"command":"ls"}}]}'
BARE = '{"name":"read","arguments":{"path":"a"}}'

_FRAGMENTS = st.sampled_from(
    [
        *('{"', '"}', '{"tool_calls":[', '{"name":"bash",', '"arguments":{', '"arguments":"', '{"a":1}'),
        *("]}", "}", "{", "[", "]", '"function":{"name":"read",', '"role":"assistant",', '"content":"x",'),
        *("```", "````", "`", "``", "~~~", "```json\n", "```python\n", "\n```\n", "``` ", "json", "tool_call"),
        *("<tool_call>", "</tool_call>", "<|tool_call|>", "<", "</"),
        *("functions.bash(", "to=functions.read ", "functions.", ")"),
        *("\n", "\r\n", "\r", " ", "  \n\n ", "\t", "\ufeff", "\u00a0", "\u2028", ":", ",", ";", "- ", "> "),
        *('"', "'", "“", "”", "\\", '\\"', "\\u00e9", "true", "None", "1", "-1.5e3"),
        *("…", "...", "word", "t", "fu", "ไทย", "😀", "\ud83d"),
        *(CALL, BARE, CALL[:-1], BARE[:30], f"[{BARE},{BARE}]", '{"tool_calls":[]}'),
    ]
)  # fmt: skip
_TEXTS = st.lists(st.one_of(_FRAGMENTS, st.text(max_size=4)), max_size=30).map("".join)
_PROSE = st.text(alphabet=st.characters(exclude_characters="{}[]<`~:\ufefftf"), max_size=60)


@given(_TEXTS, st.lists(st.integers(0, 400), max_size=12))
@settings(max_examples=600, deadline=None)
def test_no_cut_changes_what_is_read_and_nothing_is_lost(text: str, cuts: list[int]) -> None:
    parser, found, at = CallParser(NAMES), [], 0
    for cut in [*sorted(cuts), len(text)]:
        found += parser.feed(text[at:cut])
        at = max(at, min(cut, len(text)))
    found += parser.end()

    whole = pieces(text, NAMES)
    assert raw(whole) == text
    assert joined(found) == joined(whole)


@given(_TEXTS)
@settings(max_examples=300, deadline=None)
def test_character_by_character_is_the_same_too(text: str) -> None:
    parser = CallParser(NAMES)

    found = [piece for character in text for piece in parser.feed(character)] + parser.end()

    assert joined(found) == joined(pieces(text, NAMES))


@given(_PROSE, _PROSE)
@settings(max_examples=300, deadline=None)
def test_a_call_between_lines_of_prose_is_found_once(before: str, after: str) -> None:
    found = pieces(f"{before}\n{CALL}\n{after}", NAMES)

    assert [piece for piece in found if not isinstance(piece, str | Marker)] == [
        Found("bash", '{"command":"ls"}', CALL)
    ]


@given(_TEXTS)
@settings(max_examples=300, deadline=None)
def test_without_tools_all_is_prose(text: str) -> None:
    found = pieces(text, ())

    assert raw(found) == text
    assert all(isinstance(piece, str) for piece in found)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=20),
                    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
                    max_leaves=20), st.booleans())  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_any_arguments_come_through(value: object, as_text: bool) -> None:
    arguments = {"value": value}
    given_as = json.dumps(arguments) if as_text else arguments

    (found,) = pieces(json.dumps({"tool_calls": [{"name": "bash", "arguments": given_as}]}), NAMES)

    assert isinstance(found, Found)
    assert json.loads(found.arguments_text) == json.loads(json.dumps(arguments))


@given(st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_an_answer_in_json_comes_unchanged(text: str) -> None:
    answer = json.dumps({"answer": text, "tool_calls": [{"name": "bash", "arguments": {}}]}, ensure_ascii=False)

    assert joined(pieces(answer, NAMES)) == [answer]


def test_prose_goes_out_at_once() -> None:
    parser = CallParser(NAMES)

    assert parser.feed("I will ") == ["I will"]
    assert parser.feed("look {now}") == [" look {now}"]
    assert parser.feed(" at \\frac{a}{b}, [1]") == [" at \\frac{a}{b}, [1]"]
    assert parser.feed("\n") == []
    assert parser.feed("The") == ["\nThe"]


def test_an_answer_in_json_goes_out_with_its_first_key() -> None:
    parser = CallParser(NAMES)

    assert parser.feed('{"ans') == []
    assert parser.feed('wer"') == ['{"answer"']
    assert parser.feed(': "a') == [': "a']
    assert parser.feed("b") == ["b"]


def test_a_name_that_is_no_tool_lets_the_text_go() -> None:
    parser = CallParser(NAMES)

    assert parser.feed('{"name": "Ad') == []
    assert parser.feed('a"') == ['{"name": "Ada"']


def test_code_goes_out_line_by_line() -> None:
    parser = CallParser(NAMES)

    assert parser.feed("```pyth") == []
    assert parser.feed("on\nx = {") == ["```python\nx = {"]
    assert parser.feed('"name": "bash"') == ['"name": "bash"']
    assert parser.feed("}\n``") == ["}"]
    assert parser.feed("`\n") == ["\n```"]


def test_a_call_is_told_with_its_last_bracket() -> None:
    parser = CallParser(NAMES)

    assert parser.feed(CALL[:-1]) == []
    assert parser.feed(CALL[-1]) == [Found("bash", '{"command":"ls"}', CALL)]
    assert parser.end() == []


def test_white_space_around_calls_is_shown_to_nobody() -> None:
    assert pieces(f"\n{CALL}\n{BARE}\n", NAMES) == [
        Marker("\n"),
        Found("bash", '{"command":"ls"}', CALL),
        Marker("\n"),
        Found("read", '{"path":"a"}', BARE),
        Marker("\n"),
    ]


def test_of_several_calls_in_one_object_the_first_has_the_text() -> None:
    text = f"[{BARE},{BARE}]"

    assert pieces(text, NAMES) == [Found("read", '{"path":"a"}', text), Found("read", '{"path":"a"}', "")]


def test_a_spoilt_call_says_why() -> None:
    assert pieces(CALL[:-3], NAMES) == [Spoilt(CALL[:-3], "It was cut off before its end.")]


_ADVERSARIES = {
    "brackets": "{",
    "brackets and blanks": "{ ",
    "keys": '{"',
    "keys at line starts": '\n{"a',
    "lists of calls": '\n{"tool_calls":[',
    "listed brackets": "[{",
    "quotes": '"',
    "backslashes": "\\",
    "escaped quotes": '\\"',
    "backticks": "`",
    "fences": "```\n",
    "fences and brackets": '```json\n{"',
    "tildes": "~",
    "blanks": " ",
    "line ends": "\n",
    "blanks and line ends": " \n",
    "tags": "<tool_call>",
    "tags and brackets": '<tool_call>{"',
    "half tags": "\n<tool_cal",
    "names": "\nfunctions.bash",
    "colons": ":",
    "short lines": "a\n",
    "bare names": '\n{"name":"bash","x":1}',
    "calls in sentences": f"a {CALL} b ",
    "typographic quotes": "“",
}


@pytest.mark.parametrize("unit", _ADVERSARIES.values(), ids=_ADVERSARIES.keys())
@pytest.mark.parametrize("before", ["", '{"tool_calls":["', '{"answer":"', "```\n", '<tool_call>{"name":"'],
                         ids=["prose", "call", "answer", "code", "tag"])  # fmt: skip
def test_time_grows_with_the_length_only(unit: str, before: str) -> None:
    """Four times the text may take no more than about four times the time; quadratic would be sixteen."""
    times = []
    for size in (60_000, 240_000):
        text = before + unit * (size // len(unit))
        began = time.process_time()
        parser = CallParser(NAMES)
        for at in range(0, len(text), 1000):
            parser.feed(text[at : at + 1000])
        parser.end()
        times.append(time.process_time() - began)

    assert times[1] < 8 * times[0] + 0.05


@pytest.mark.parametrize("unit", ["{", '"', '{"', "\n{", '\\"'])
def test_five_megabytes_of_nothing_but_that(unit: str) -> None:
    text = unit * (5_000_000 // len(unit))
    began = time.process_time()

    assert raw(pieces(text, NAMES)) == text

    assert time.process_time() - began < 20


def test_a_large_call_in_single_characters_is_not_copied_again_and_again() -> None:
    content = "x" * 200_000
    parser = CallParser(NAMES)
    began = time.process_time()
    found = [
        piece
        for character in json.dumps({"tool_calls": [{"name": "bash", "arguments": {"command": content}}]})
        for piece in parser.feed(character)
    ]

    assert [type(piece) for piece in found] == [Found]
    assert time.process_time() - began < 5

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider.chatgpt_web.stream.annotations import AnnotationFilter, plain_report, plain_text

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "annotations.json").read_text())
CASES = VECTORS["cases"]
IDS = [case["name"] for case in CASES]


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_finished_text_loses_its_markers(case: dict[str, Any]) -> None:
    assert plain_text(case["input"]) == case["final"]


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_growing_text_shows_its_safe_prefix(case: dict[str, Any]) -> None:
    for size in range(1, len(case["input"]) + 1):
        annotations = AnnotationFilter()
        pieces = [case["input"][start : start + size] for start in range(0, len(case["input"]), size)]
        assert "".join(annotations.feed(piece) for piece in pieces) == case["while_streaming"]


@pytest.mark.parametrize("case", VECTORS["legacy_brackets"])
def test_a_report_loses_its_bracket_citations(case: dict[str, Any]) -> None:
    assert plain_report(case["input"]) == case["output"]


def test_brackets_stay_in_an_ordinary_answer() -> None:
    assert plain_text("\u301027\u2020L60\u3011") == "\u301027\u2020L60\u3011"


def test_blanks_wait_until_it_is_known_that_no_marker_follows() -> None:
    annotations = AnnotationFilter()
    assert annotations.feed("word \t") == "word"
    assert annotations.feed(" ") == ""
    assert annotations.feed("next") == " \t next"
    assert annotations.feed("  ") == ""
    assert annotations.finish() == "  "


@pytest.mark.parametrize("fields", ["entity", "entity\ue202not json", 'entity\ue202["one"]', "url", "\ue202"])
def test_a_broken_marker_is_removed_like_an_unknown_one(fields: str) -> None:
    assert plain_text(f"a \ue200{fields}\ue201b") == "ab"


def test_halves_of_a_character_are_put_together_and_lone_ones_replaced() -> None:
    annotations = AnnotationFilter()
    assert annotations.feed("go \ud83d") == "go"
    assert annotations.feed("\ude80!") == " \U0001f680!"
    assert plain_text("a\ud83db\ude80") == "a\ufffdb\ufffd"
    assert plain_text("end\ud83d") == "end\ufffd"


marked = st.lists(
    st.sampled_from(
        [" ", "\t", "word", "\n", "\ue200", "\ue201", "\ue202", "\ue203", "cite", "url", "\ud83d", "\ude80"]
    ),
    max_size=25,
).map("".join)


@given(text=marked, cuts=st.lists(st.integers(0, 60), max_size=8))
def test_the_split_of_the_text_never_matters(text: str, cuts: list[int]) -> None:
    places = sorted({min(cut, len(text)) for cut in cuts} | {0, len(text)})
    annotations = AnnotationFilter()
    shown = "".join(annotations.feed(text[a:b]) for a, b in zip(places, places[1:], strict=False))
    assert shown + annotations.finish() == plain_text(text)
    plain_text(text).encode()

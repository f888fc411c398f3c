from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from provider.chatgpt_web.stream.deltas import DeltaDocuments

VECTORS = Path(__file__).parents[2] / "vectors"
CASES = json.loads((VECTORS / "delta-ops.json").read_text())["cases"]
PART = "/message/content/parts/0"


def started(text: str = "") -> DeltaDocuments:
    deltas = DeltaDocuments()
    deltas.apply({"p": "", "o": "add", "v": {"message": {"id": "m", "content": {"parts": [text]}}}, "c": 1})
    return deltas


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
@pytest.mark.parametrize("short_cut", [False, True], ids=["apply", "extend first"])
def test_frames_give_the_documents_of_the_vectors(case: dict[str, Any], short_cut: bool) -> None:
    deltas = DeltaDocuments()
    for frame in copy.deepcopy(case["frames"]):
        if short_cut and set(frame) == {"v"} and isinstance(frame["v"], str) and deltas.extend(frame["v"]):
            continue
        deltas.apply(frame)
    assert {str(channel): document for channel, document in deltas.documents.items()} == case["documents"]
    assert deltas.unknown_ops == case["unknown_ops"]


def test_extend_takes_text_only_where_the_cursor_appends_to_a_string() -> None:
    deltas = started()
    assert not deltas.extend("x")
    deltas.apply({"p": PART, "o": "append", "v": "a"})
    assert deltas.extend("b")
    assert deltas.at_text_end
    deltas.apply({"p": "/message/status", "o": "replace", "v": "in_progress"})
    assert not deltas.extend("x")
    assert deltas.document(1)["message"]["content"]["parts"] == ["ab"]


def test_a_document_shows_gathered_pieces_whenever_it_is_looked_at() -> None:
    deltas = started("a")
    deltas.apply({"p": PART, "o": "append", "v": "b"})
    deltas.extend("c")
    assert deltas.document(1)["message"]["content"]["parts"] == ["abc"]
    deltas.extend("d")
    assert deltas.documents[1]["message"]["content"]["parts"] == ["abcd"]


def test_text_at_the_end_is_told_from_rewritten_text_and_from_other_changes() -> None:
    deltas = started("a")
    closing = [
        {"p": PART, "o": "append", "v": "b"},
        {"p": "/message/status", "o": "replace", "v": "done"},
        {"p": PART, "o": "append", "v": "c"},
    ]
    change = deltas.apply({"p": "", "o": "patch", "v": closing})
    assert (change.appended, change.rewritten, change.otherwise, change.replaced) == ("bc", False, True, False)
    assert deltas.apply({"p": PART, "o": "truncate", "v": 1}).rewritten
    assert deltas.apply({"p": "/message/content", "o": "replace", "v": {"parts": ["x", "y"]}}).rewritten
    assert deltas.apply({"p": PART, "o": "append", "v": "not the last part"}).rewritten
    assert deltas.apply({"p": "/message/content/parts/2", "o": "append", "v": "new last"}).appended == "new last"
    thoughts = deltas.apply({"p": "/message/content/thoughts/0/content", "o": "append", "v": "hm"})
    assert deltas.apply({"p": "/message/content/thoughts/0/content", "o": "append", "v": "hm"})[1:] == (
        False,
        "",
        False,
        False,
    )
    assert not thoughts.appended


def test_pieces_of_thoughts_are_gathered_but_are_not_text() -> None:
    deltas = started()
    deltas.apply({"p": "/message/content/thoughts", "o": "append", "v": [{"content": ""}]})
    deltas.apply({"p": "/message/content/thoughts/0/content", "o": "append", "v": "a"})
    assert deltas.extend("b")
    assert not deltas.at_text_end
    assert deltas.document(1)["message"]["content"]["thoughts"] == [{"content": "ab"}]


@pytest.mark.parametrize(
    "frame",
    [
        {"p": "/message/content/parts/0/deeper/x", "o": "add", "v": 1},
        {"p": "/message/content/parts/zero", "o": "add", "v": 1},
        {"p": "/message/id", "o": "append", "v": {"a": 1}},
        {"p": "/message/id", "o": "truncate", "v": -1},
        {"p": "/message/id", "o": "truncate", "v": "2"},
        {"p": "", "o": "truncate", "v": 2},
        {"p": "", "o": "patch", "v": "no list"},
        {"p": "", "o": "patch", "v": ["no object"]},
        {"p": "/message/content/parts/99999999999999999999", "o": "add", "v": "x"},
    ],
)
def test_an_operation_that_does_not_fit_is_counted_and_changes_nothing(frame: dict[str, Any]) -> None:
    deltas = started("a")
    before = copy.deepcopy(deltas.documents)
    deltas.apply(frame)
    assert deltas.documents == before
    assert deltas.unknown_ops == 1


def test_removing_what_is_not_there_and_removing_a_document_are_no_errors() -> None:
    deltas = started("a")
    deltas.apply({"p": "/message/content/parts/7", "o": "remove"})
    deltas.apply({"p": "/message/nothing", "o": "remove"})
    assert deltas.document(1)["message"]["content"]["parts"] == ["a"]
    deltas.apply({"p": "", "o": "remove"})
    assert deltas.document(1) is None
    assert deltas.unknown_ops == 0

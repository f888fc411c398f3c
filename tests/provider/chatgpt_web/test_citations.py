"""Citation marks of reports become footnotes and links."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider.chatgpt_web.citations import cited
from provider.interface.research import Source

A, B = Source("https://a.test/1", "First"), Source("https://b.test/2", "Second")


def mark(*fields: str) -> str:
    return "\ue200" + "\ue202".join(fields) + "\ue201"


def item(source: Source, **more: Any) -> dict[str, Any]:
    return {"url": source.url, "title": source.title, **more}


def ref(turn: int, kind: str, index: int) -> dict[str, Any]:
    return {"turn_index": turn, "ref_type": kind, "ref_index": index}


GROUPS = {
    "search_result_groups": [
        {"entries": [item(A, ref_id=ref(0, "search", 1)), item(B, ref_id=ref(1, "view", 0)), {"url": None}]}
    ]
}


def test_cited_pages_become_footnotes_in_the_order_of_their_first_mention() -> None:
    text = f"One {mark('cite', 'turn1view0')}. Two {mark('cite', 'turn0search1', 'turn1view0')}."

    report, sources = cited(text, GROUPS)

    assert report == "One[^1]. Two[^2][^1].\n\n[^1]: [Second](https://b.test/2)\n[^2]: [First](https://a.test/1)"
    assert sources == (B, A)


def test_a_reference_is_found_by_the_whole_mark() -> None:
    whole = mark("cite", "turn9search9")
    facts = {"content_references": [{"matched_text": f" {whole}", "items": [item(A)]}, {"matched_text": "x"}]}

    assert cited(f"Said {whole}", facts) == ("Said[^1]\n\n[^1]: [First](https://a.test/1)", (A,))


def test_a_reference_is_found_by_the_names_of_its_items() -> None:
    facts = {"content_references": [{"matched_text": "?", "items": [item(A, refs=[ref(2, "news", 3)])]}]}

    assert cited(f"Said{mark('cite', 'turn2news3')}", facts)[1] == (A,)


def test_brackets_are_found_by_number_or_by_place() -> None:
    text = "All\u301027\u2020L1-L2\u3011 and\u30103:1\u2020source\u3011."
    start = text.index("\u30103")
    by_number = {"metadata": item(A, extra={"cited_message_idx": 27})}
    by_place = {"start_ix": start, "end_ix": text.index("."), "metadata": item(B)}
    report, sources = cited(text, {"citations": [by_number, by_place]})

    assert report == "All[^1] and[^2].\n\n[^1]: [First](https://a.test/1)\n[^2]: [Second](https://b.test/2)"
    assert sources == (A, B)


def test_links_keep_label_and_get_their_address() -> None:
    text = f"See {mark('url', 'the [docs]', 'turn0search1')} and {mark('url', 'b', B.url)} and {mark('url', 'c', 'x')}"

    assert cited(text, GROUPS) == (
        "See [the (docs)](https://a.test/1) and [b](https://b.test/2) and c",
        (),
    )


def test_marks_of_unknown_pages_go_with_the_blank_before_them() -> None:
    paris = mark("entity", '["city","Paris"]')

    assert cited(f"Blue {mark('cite', 'turn5search5')}. {paris}!", {}) == (
        "Blue. Paris!",
        (),
    )


def test_pages_named_without_being_cited_follow_behind() -> None:
    facts = GROUPS | {"citations": [{"metadata": item(B)}, {"metadata": item(A)}, {"metadata": item(B)}]}

    report, sources = cited(f"One{mark('cite', 'turn0search1')}", facts)

    assert sources == (A, B)
    assert report.count("[^") == 2


def test_the_reports_own_footnotes_and_links_stay() -> None:
    text = f"A[^1] [b](https://c.test){mark('cite', 'turn0search1')}\n\n[^1]: mine"

    report, _ = cited(text, GROUPS)

    assert report == f"A[^1] [b](https://c.test)[^2]\n\n[^1]: mine\n\n[^2]: [First]({A.url})"


def test_a_mark_that_never_closes_costs_its_line_and_no_more() -> None:
    assert cited("One \ue200cite\ue202turn0\nTwo \ue203three", {})[0] == "One\nTwo three"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "https://", "http://[", 7])
def test_only_addresses_of_pages_are_sources(url: object) -> None:
    groups = {"search_result_groups": [{"entries": [{"url": url, "ref_id": ref(0, "search", 1)}]}]}

    assert cited(f"One{mark('cite', 'turn0search1')}", groups) == ("One", ())


def test_titles_and_addresses_cannot_break_out_of_their_footnote() -> None:
    odd = {"url": "https://a.test/x (y)", "title": "a]\n[b", "ref_id": ref(0, "search", 1)}

    report, _ = cited(f"One{mark('cite', 'turn0search1')}", {"search_result_groups": [{"entries": [odd]}]})

    assert report.endswith("[^1]: [a) (b](https://a.test/x%20%28y%29)")


@given(st.text(alphabet="ab \n\ue200\ue201\ue202\ue203\u3010\u3011\u2020", max_size=40))
def test_no_mark_is_ever_left(text: str) -> None:
    assert not set(cited(text, {})[0]) & set("\ue200\ue201\ue202\ue203")

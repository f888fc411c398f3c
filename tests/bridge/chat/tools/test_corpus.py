"""The whole corpus: nothing missed, nothing invented."""

from __future__ import annotations

import random

import pytest

from bridge.chat.tools.schemas import Checker
from tests.bench.tools import score
from tests.bridge.chat.tools.corpus import Case, cases, offer, seen
from tests.bridge.chat.tools.replies import joined, pieces, raw

NAMES = tuple(tool.name for tool in offer().tools)


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker(offer())


@pytest.mark.parametrize("case", cases(), ids=str)
def test_a_reply_is_read_as_it_is_meant(case: Case, checker: Checker) -> None:
    found = pieces(case.reply, NAMES)

    read = seen(found, checker)
    assert (read.calls, read.prose) == (case.calls, case.prose)
    assert [name for name, _ in read.wrong] == [name for name, _ in case.wrong]
    for (_, sentence), (_, expected) in zip(read.wrong, case.wrong, strict=True):
        assert expected in sentence
    assert len(read.spoilt) == len(case.spoilt)
    for why, expected in zip(read.spoilt, case.spoilt, strict=True):
        assert expected in why


@pytest.mark.parametrize("case", cases(), ids=str)
def test_any_cut_reads_the_same_and_loses_nothing(case: Case) -> None:
    whole = pieces(case.reply, NAMES)
    assert raw(whole) == case.reply

    for seed, longest in enumerate((1, 3, 12, 80)):
        if longest * 20_000 > len(case.reply):
            assert joined(pieces(case.reply, NAMES, random.Random(seed), longest)) == joined(whole)


def test_the_bench_misses_nothing_and_invents_nothing() -> None:
    total = score(rounds=1)

    assert (total.missed, total.invented, total.otherwise) == (0, 0, 0)
    assert total.found == sum(len(case.calls) for case in cases())


def test_the_corpus_is_large() -> None:
    assert len(cases()) >= 160

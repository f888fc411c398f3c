"""Reasons in words, and a choice as a header."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.routing.reasons import clause, enough, header, lasting, number, sentence, skipped
from core.clock import utc_now
from core.contracts.operations import SkippedAccount
from core.contracts.quota import QuotaFact
from core.contracts.routing import Strategy

_NOW = utc_now()


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-5, "1 s"),
        (0.2, "1 s"),
        (59.1, "60 s"),
        (119.5, "2 min"),
        (179, "3 min"),
        (3541, "1 h"),
        (3599, "1 h"),
        (7501, "2 h 6 min"),
        (86_399, "1 d"),
        (90_001, "1 d 2 h"),
    ],
)
def test_a_time_is_rounded_up_so_that_nobody_comes_too_early(seconds: float, told: str) -> None:
    assert lasting(seconds) == told


@pytest.mark.parametrize(
    ("value", "told"), [(5.0, "5"), (0, "0"), (2.5, "2.5"), (1_000_000, "1000000"), (1234567.891, "1234567.89")]
)
def test_a_number_is_written_as_people_do(value: float, told: str) -> None:
    assert number(value) == told


@pytest.mark.parametrize(
    ("fact", "told"),
    [
        (QuotaFact(status="sufficient", remaining=1, feature="image_gen"), "1 picture is left"),
        (QuotaFact(status="sufficient", remaining=40.0, feature="deep_research"), "40 researches are left"),
        (QuotaFact(status="unknown", feature="file_upload"), "how many uploads it has left is not known"),
        (QuotaFact(status="unknown"), "its quota is not known"),
    ],
)
def test_what_is_left_is_named(fact: QuotaFact, told: str) -> None:
    assert enough(fact) == told


def test_a_reason_is_one_sentence_everywhere() -> None:
    skip = skipped("plus", "quota_exhausted", _NOW + timedelta(hours=2), "it has no pictures left")
    assert sentence(skip, _NOW) == "plus: it has no pictures left (quota_exhausted, again in 2 h)"
    assert clause(skip) == "it has no pictures left"
    older = SkippedAccount(account="plus", reason="paused")
    assert sentence(older, _NOW) == "plus: the operator paused it (paused)"
    assert sentence(skipped("", "account_not_configured"), _NOW) == clause(skipped("", "x")) == "there is no account"


def test_the_header_tells_what_was_tried_from_what_was_passed_over() -> None:
    passed = [skipped("free", "already_tried"), skipped("go", "burst"), skipped("", "account_not_configured")]
    assert (
        header(Strategy.AUTO, passed, tried={"free": "rate_limited"})
        == "auto; tried=free:rate_limited; passed=go:burst"
    )
    assert header(None, passed, affine=True) == "auto; affinity; passed=free:already_tried,go:burst"
    assert header(Strategy.WEIGHTED, ()) == "weighted"

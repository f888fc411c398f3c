"""Slots by plan, by override, never by a word in the name."""

from __future__ import annotations

import pytest

from bridge.accounts.buckets import BucketLimits
from core.contracts.buckets import Bucket
from core.errors import SettingError
from core.settings import AccountsSettings


def _limits(**overrides: str) -> BucketLimits:
    return BucketLimits.of(AccountsSettings(**overrides))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("plan", "slots"),
    [
        ("free", (1, 1, 1, 1)),
        ("go", (2, 1, 1, 1)),
        ("plus", (3, 1, 2, 2)),
        ("Pro", (4, 1, 3, 2)),
        ("team", (1, 1, 1, 1)),
        (None, (1, 1, 1, 1)),
    ],
)
def test_the_plan_decides(plan: str | None, slots: tuple[int, ...]) -> None:
    limits = _limits().of_account("improv", plan)
    assert tuple(limits[b] for b in (Bucket.CHAT, Bucket.UPLOAD, Bucket.IMAGE, Bucket.RESEARCH)) == slots


def test_an_alias_wins_over_its_plan_and_both_over_the_table() -> None:
    limits = _limits(chat_concurrency="plus=5; mine=7\tfree=2")
    assert limits.of_account("mine", "plus")[Bucket.CHAT] == 7
    assert limits.of_account("other", "plus")[Bucket.CHAT] == 5
    assert limits.of_account("third", "pro")[Bucket.CHAT] == 4
    assert limits.of_account("mine", "plus")[Bucket.IMAGE] == 2


def test_a_plan_word_means_the_plan_also_where_an_account_bears_it_as_its_name() -> None:
    limits = _limits(chat_concurrency="pro=9")
    assert limits.of_account("pro", "free")[Bucket.CHAT] == 1
    assert limits.of_account("x", "pro")[Bucket.CHAT] == 9


def test_slots_are_clamped_and_zero_switches_off_everything_but_chat() -> None:
    limits = _limits(chat_concurrency="a=0,b=99", image_concurrency="a=0,b=99")
    assert limits.of_account("a", None)[Bucket.CHAT] == 1
    assert limits.of_account("a", None)[Bucket.IMAGE] == 0
    assert limits.of_account("b", None)[Bucket.IMAGE] == 32


@pytest.mark.parametrize("text", ["free", "free=x", "free=-1", "=3", "free=1,,go:2"])
def test_a_malformed_override_is_one_line_that_names_the_variable(text: str) -> None:
    with pytest.raises(SettingError, match="CHATGPT_IMAGE_CONCURRENCY") as caught:
        _limits(image_concurrency=text)
    assert "\n" not in caught.value.message

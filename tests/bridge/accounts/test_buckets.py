"""Slots by plan, by override, never by a word in the name."""

from __future__ import annotations

import pytest

from bridge.accounts.buckets import BucketLimits, SavedLimits, Size, Source
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
        ("team", (3, 1, 2, 2)),
        ("business", (3, 1, 2, 2)),
        ("Enterprise", (3, 1, 2, 2)),
        ("edu", (3, 1, 2, 2)),
        ("prolite", (1, 1, 1, 1)),
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


def test_a_plan_word_means_the_plan_however_it_is_written() -> None:
    limits = _limits(chat_concurrency="FREE=7; Mine=3")
    assert limits.of_account("x", "free")[Bucket.CHAT] == 7
    assert limits.of_account("Mine", "free")[Bucket.CHAT] == 3
    assert limits.of_account("mine", "free")[Bucket.CHAT] == 7


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


def test_what_was_saved_wins_over_the_environment_and_each_number_names_its_source() -> None:
    saved = SavedLimits(
        plans={Bucket.CHAT: {"plus": 2}, Bucket.IMAGE: {"team": 0}}, accounts={Bucket.RESEARCH: {"mine": 1, "pro": 7}}
    )
    limits = _limits(chat_concurrency="plus=9, mine=5", image_concurrency="plus=4", research_concurrency="mine=6")
    limits = limits.saving(saved)

    assert limits.sizes("mine", "plus") == {
        Bucket.CHAT: Size(2, Source.SETTINGS),
        Bucket.HELPER: Size(1, Source.PLAN_TABLE),
        Bucket.UPLOAD: Size(1, Source.PLAN_TABLE),
        Bucket.IMAGE: Size(4, Source.ENVIRONMENT),
        Bucket.RESEARCH: Size(1, Source.ACCOUNT),
    }
    assert limits.sizes("mine", "pro")[Bucket.CHAT] == Size(5, Source.ENVIRONMENT)
    assert limits.sizes("other", "team")[Bucket.IMAGE] == Size(0, Source.SETTINGS)
    # What is saved says for itself whether a plan or an account is meant.
    assert limits.sizes("pro", "free")[Bucket.RESEARCH] == Size(7, Source.ACCOUNT)
    assert limits.of_plan("pro")[Bucket.RESEARCH] == Size(2, Source.PLAN_TABLE)

"""What limits mean for a request: enough, not enough, or nobody knows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bridge.quota.readings import AccountQuota, Reading, Status, read, refusal
from provider.interface.accounts import FeatureQuota, Limits

NOW = datetime(2030, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=5)


def reading(status: Status = "available", remaining: float | None = 3, **more: object) -> Reading:
    values = {"at": NOW, "source": "probe", "resets_at": LATER, **more}
    return Reading("image_gen", status, remaining=remaining, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "amount", "status"),
    [
        (reading(remaining=3), 3, "sufficient"),
        (reading(remaining=3), 4, "insufficient"),
        (reading(remaining=3, spent=3), 1, "insufficient"),
        (reading("exhausted", 0), 1, "insufficient"),
        (reading("blocked", None), 1, "insufficient"),
        (reading("blocked", 9), 1, "insufficient"),
        (reading("not_reported", None), 1, "unknown"),
        (reading("exhausted", 0, resets_at=NOW), 1, "unknown"),
        (reading("exhausted", 0, resets_at=None), 1, "insufficient"),
        (reading("exhausted", 0, resets_at=None, at=NOW - timedelta(minutes=16)), 1, "unknown"),
        (reading(resets_at=None, at=NOW - timedelta(hours=25)), 1, "unknown"),
    ],
)
def test_a_reading_is_judged_by_what_is_left_until_it_is_reset_or_too_old(
    given: Reading, amount: int, status: str
) -> None:
    assert given.judge(amount, NOW).status == status


def test_an_insufficient_feature_says_when_it_is_worth_another_look() -> None:
    assert reading("exhausted", 0).judge(1, NOW).until == LATER
    assert reading("exhausted", 0, resets_at=None).judge(1, NOW).until == NOW + timedelta(minutes=15)


def test_an_account_is_as_good_as_the_worst_of_what_is_needed() -> None:
    upload = Reading("file_upload", "available", NOW, "stream", remaining=80, resets_at=LATER)
    quota = AccountQuota({"image_gen": reading(remaining=3), "file_upload": upload})

    assert quota.judge({}, NOW).status == "sufficient"
    assert quota.judge({"image_gen": 1, "file_upload": 2}, NOW).remaining == 3
    assert quota.judge({"image_gen": 1, "deep_research": 1}, NOW).status == "unknown"
    assert quota.judge({"image_gen": 4, "deep_research": 1}, NOW).status == "insufficient"


def limits(**features: tuple[Status, float | None]) -> Limits:
    return Limits({name: FeatureQuota(name, status, remaining) for name, (status, remaining) in features.items()})


def test_limits_that_are_silent_on_a_counter_leave_it_and_lift_a_block() -> None:
    before = {
        "image_gen": reading("blocked", None),
        "file_upload": Reading("file_upload", "available", NOW, "probe", remaining=80),
    }
    silent: tuple[Status, None] = ("not_reported", None)

    spoken = limits(image_gen=silent, file_upload=silent, deep_research=("available", 2))
    told = read(before, spoken, at=LATER, source="stream")
    assert {name: one.status for name, one in told.items()} == {
        "deep_research": "available",
        "image_gen": "not_reported",
    }

    # Right after a cap is reached upstream may say nothing at all.
    assert read(before, limits(image_gen=silent, file_upload=silent), at=LATER, source="stream") == {}


def test_a_refusal_blocks_until_it_says_or_until_the_reset_that_was_known() -> None:
    known = reading()
    soon = NOW + timedelta(seconds=30)
    assert refusal(known, "image_gen", at=NOW, resets_at=None).judge(1, NOW).until == LATER
    assert refusal(known, "image_gen", at=NOW, resets_at=soon).judge(1, NOW).until == soon
    assert refusal(None, "image_gen", at=NOW, resets_at=None).judge(1, NOW).status == "insufficient"

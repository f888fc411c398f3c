"""How much work a key may begin."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bridge.keys import rates
from bridge.keys.grant import Grant
from bridge.keys.rates import Rates
from core.contracts.keys import AccessScope
from core.errors import KeyLimitError


def grant(per_minute: int | None = None, per_day: int | None = None) -> Grant:
    return Grant("key_1", "laptop", frozenset({AccessScope.CHAT}), per_minute=per_minute, per_day=per_day)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds of the monotonic clock, in a list of one, to be set."""
    now = [1000.0]
    monkeypatch.setattr(rates.time, "monotonic", lambda: now[0])
    return now


def test_a_minutes_limit_slides(clock: list[float]) -> None:
    counted = Rates()
    for second in (0, 10, 20):
        clock[0] = 1000 + second
        counted.begin(grant(per_minute=3))

    clock[0] = 1059.5
    with pytest.raises(KeyLimitError) as caught:
        counted.begin(grant(per_minute=3))
    assert caught.value.retry_after_seconds == 1
    assert "3 requests a minute" in caught.value.message

    clock[0] = 1060.1
    counted.begin(grant(per_minute=3))
    with pytest.raises(KeyLimitError) as caught:
        counted.begin(grant(per_minute=3))
    assert caught.value.retry_after_seconds == 10


def test_several_pieces_count_all_or_not_at_all(clock: list[float]) -> None:
    counted = Rates()
    counted.begin(grant(per_minute=5), 3)
    clock[0] += 10
    counted.begin(grant(per_minute=5))

    with pytest.raises(KeyLimitError) as caught:
        counted.begin(grant(per_minute=5), 2)
    assert caught.value.retry_after_seconds == 50
    counted.begin(grant(per_minute=5))
    with pytest.raises(KeyLimitError):
        counted.begin(grant(per_day=6), 2)
    counted.begin(grant(per_day=6))


def test_a_limit_that_is_lowered_counts_at_once(clock: list[float]) -> None:
    counted = Rates()
    for _ in range(5):
        counted.begin(grant(per_minute=10))

    with pytest.raises(KeyLimitError):
        counted.begin(grant(per_minute=2))
    clock[0] += 60.1
    counted.begin(grant(per_minute=2))


def test_a_day_ends_at_midnight_of_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [datetime(2026, 5, 1, 23, 59, 30, tzinfo=UTC)]
    monkeypatch.setattr(rates, "utc_now", lambda: now[0])
    counted = Rates()
    counted.begin(grant(per_day=1))

    with pytest.raises(KeyLimitError) as caught:
        counted.begin(grant(per_day=1))
    assert caught.value.retry_after_seconds == 30

    now[0] = datetime(2026, 5, 2, 0, 0, 1, tzinfo=UTC)
    counted.begin(grant(per_day=1))


def test_what_was_refused_is_not_counted(clock: list[float]) -> None:
    counted = Rates()
    counted.begin(grant(per_minute=1, per_day=2))
    for _ in range(5):
        with pytest.raises(KeyLimitError):
            counted.begin(grant(per_minute=1, per_day=2))

    clock[0] += 61
    counted.begin(grant(per_minute=1, per_day=2))
    clock[0] += 61
    with pytest.raises(KeyLimitError, match="a day"):
        counted.begin(grant(per_minute=1, per_day=2))


def test_work_that_is_on_its_way_to_the_database_counts() -> None:
    counted = Rates()
    counted.seen("key_1", reported=True)
    counted.begin(grant(per_day=2))
    reports = counted.take()
    counted.begin(grant(per_day=2))

    with pytest.raises(KeyLimitError):
        counted.begin(grant(per_day=2))
    counted.written(reports, {"key_1": 1})
    with pytest.raises(KeyLimitError):
        counted.begin(grant(per_day=2))


def test_what_other_processes_counted_counts_here() -> None:
    counted = Rates()
    counted.seen("key_1", reported=True)
    counted.begin(grant(per_day=5))
    counted.written(counted.take(), {"key_1": 5})

    with pytest.raises(KeyLimitError):
        counted.begin(grant(per_day=5))


def test_a_key_without_limits_costs_no_memory() -> None:
    counted = Rates()
    for _ in range(1000):
        counted.begin(grant())

    assert counted.take() == {}

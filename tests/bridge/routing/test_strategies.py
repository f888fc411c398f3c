"""The order of those who can serve: fair, smooth and without starvation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine

from bridge.accounts.account import Account, Memory
from bridge.routing.eligibility import choose
from bridge.routing.needs import Needs
from bridge.routing.strategies import Scene, weight_of
from bridge.routing.taking import look, settle
from bridge.store.migrations import migrate
from core.clock import utc_now
from core.contracts.buckets import Bucket
from core.contracts.quota import QuotaFact
from core.contracts.routing import Strategy, strategy_named
from provider.interface.accounts import Capabilities

_NOW = utc_now()
_ANY = Capabilities("plus", ("auto",), {})
_IMAGE = Needs(kind="image", buckets=(Bucket.IMAGE,))
_CHAT = Needs(kind="chat", buckets=(Bucket.CHAT,))
_FEW = settings(max_examples=40, deadline=None)


def _account(alias: str, *, slots: int = 1_000, fact: QuotaFact | None = None, **values: Any) -> Account:
    judge = None if fact is None else (lambda _alias, _features: fact)
    limits = {Bucket.CHAT: slots, Bucket.IMAGE: slots}
    return Account(alias=alias, capabilities=_ANY, limits=limits, judge=judge, **values)


def _weighted(weights: Sequence[int]) -> list[Account]:
    return [_account(f"a{number}", memory=Memory(weight=weight)) for number, weight in enumerate(weights)]


def _order(pool: Sequence[Account], strategy: Strategy, used: Mapping[tuple[str, str], int] | None = None) -> list[str]:
    needs = _IMAGE.model_copy(update={"strategy": strategy})
    choice = choose(pool, needs, Scene(dict(used or {}), _NOW))
    return [account.alias for account, _ in choice.order]


class _Line:
    """Chooses one account after the other, each in a transaction of its own."""

    def __init__(self, folder: Path) -> None:
        url = f"sqlite:///{folder / 'turns.sqlite'}"
        migrate(url)
        self._engine = create_engine(url)
        self._number = 0

    def choose(self, pool: Sequence[Account], strategy: Strategy, times: int) -> list[str]:
        needs = _CHAT.model_copy(update={"strategy": strategy})
        return [self._one(pool, needs) for _ in range(times)]

    def forget(self) -> None:
        with self._engine.begin() as conn:
            conn.exec_driver_sql("DELETE FROM turns")

    def _one(self, pool: Sequence[Account], needs: Needs) -> str:
        with self._engine.begin() as conn:
            return _taken(conn, pool, needs)


def _taken(conn: Connection, pool: Sequence[Account], needs: Needs) -> str:
    scene = look(conn, pool, [needs], _NOW)
    choice = choose(pool, needs, scene)
    assert choice.account is not None
    settle(conn, scene, choice, needs, "lease")
    return choice.account.alias


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> _Line:
    return _Line(tmp_path_factory.mktemp("turns"))


@_FEW
@given(weights=st.lists(st.integers(1, 20), min_size=2, max_size=6), times=st.integers(1, 80))
def test_weighted_shares_are_fair_after_every_single_choice(line: _Line, weights: list[int], times: int) -> None:
    line.forget()
    chosen = line.choose(_weighted(weights), Strategy.WEIGHTED, times)

    for length in range(1, times + 1):
        counts = Counter(chosen[:length])
        for number, weight in enumerate(weights):
            fair = length * weight / sum(weights)
            assert abs(counts[f"a{number}"] - fair) <= 1 + len(weights) / 2


@_FEW
@given(size=st.integers(2, 8), rounds=st.integers(1, 6))
def test_a_round_robin_has_everybody_once_in_each_round(line: _Line, size: int, rounds: int) -> None:
    line.forget()
    chosen = line.choose(_weighted([1] * size), Strategy.ROUND_ROBIN, size * rounds)

    assert chosen == [f"a{number}" for number in range(size)] * rounds


@_FEW
@given(weights=st.lists(st.integers(1, 20), min_size=2, max_size=5), away=st.integers(5, 40))
def test_who_was_away_makes_up_for_nothing_and_is_not_left_out(line: _Line, weights: list[int], away: int) -> None:
    line.forget()
    pool = _weighted(weights)
    line.choose(pool, Strategy.WEIGHTED, 3)
    line.choose(pool[1:], Strategy.WEIGHTED, away)
    chosen = line.choose(pool, Strategy.WEIGHTED, 4 * sum(weights))

    assert abs(Counter(chosen)["a0"] - 4 * weights[0]) <= len(weights)
    assert set(chosen) == {account.alias for account in pool}


def test_the_turns_of_one_account_lie_apart(line: _Line) -> None:
    line.forget()

    assert line.choose(_weighted([5, 1, 1]), Strategy.WEIGHTED, 7) == ["a0", "a0", "a1", "a0", "a2", "a0", "a0"]


def test_turns_are_shared_by_everybody_who_asks_for_the_strategy(line: _Line) -> None:
    line.forget()
    pool = _weighted([1, 1, 1])

    assert line.choose(pool, Strategy.ROUND_ROBIN, 1) == ["a0"]
    assert line.choose(pool, Strategy.WEIGHTED, 1) == ["a0"]
    assert line.choose(pool, Strategy.ROUND_ROBIN, 3) == ["a1", "a2", "a0"]


def test_auto_wants_known_quota_then_the_least_busy_then_the_most_left(line: _Line) -> None:
    soon, later = _NOW + timedelta(hours=1), _NOW + timedelta(hours=9)
    pool = [
        _account("unknown", slots=10),
        _account("few", slots=10, fact=QuotaFact(status="sufficient", remaining=2, until=soon)),
        _account("many", slots=10, fact=QuotaFact(status="sufficient", remaining=9, until=later)),
        _account("soon", slots=10, fact=QuotaFact(status="sufficient", remaining=9, until=soon)),
        _account("none", slots=10, fact=QuotaFact(status="insufficient", remaining=0, until=soon)),
    ]

    assert _order(pool, Strategy.AUTO) == ["soon", "many", "few", "unknown"]
    assert _order(pool, Strategy.AUTO, {("soon", "image"): 1}) == ["many", "few", "soon", "unknown"]
    assert _order(pool, Strategy.QUOTA_AWARE, {("soon", "image"): 1}) == ["soon", "many", "few", "unknown"]
    assert _order(pool, Strategy.FAILOVER) == ["unknown", "few", "many", "soon"]
    assert _order(pool, Strategy.LEAST_BUSY, {("unknown", "image"): 1}) == ["few", "many", "soon", "unknown"]
    assert _order(pool, Strategy.STICKY) == ["unknown"]
    assert sorted(_order(pool, Strategy.RANDOM)) == ["few", "many", "soon", "unknown"]


def test_a_share_counts_not_a_number() -> None:
    pool = [_account("small", slots=2), _account("large", slots=10)]

    assert _order(pool, Strategy.LEAST_BUSY, {("small", "image"): 1, ("large", "image"): 4}) == ["large", "small"]


def test_random_reaches_everybody() -> None:
    pool = [_account(f"a{number}") for number in range(4)]
    first = Counter(_order(pool, Strategy.RANDOM)[0] for _ in range(400))

    assert set(first) == {"a0", "a1", "a2", "a3"}
    assert min(first.values()) > 40


@pytest.mark.parametrize(
    ("plan", "weight", "expected"), [("pro", None, 10), ("free", None, 1), (None, None, 1), ("pro", 3, 3)]
)
def test_a_weight_is_the_operators_or_the_plans_and_never_the_names(
    plan: str | None, weight: int | None, expected: int
) -> None:
    assert weight_of(Account(alias="improv-plus", plan=plan, memory=Memory(weight=weight))) == expected


@pytest.mark.parametrize(
    ("name", "strategy"),
    [
        ("Limit_Aware", Strategy.QUOTA_AWARE),
        ("default", Strategy.AUTO),
        ("SHUFFLE", Strategy.RANDOM),
        ("roundrobin", Strategy.ROUND_ROBIN),
        ("round_robin", Strategy.ROUND_ROBIN),
        ("least-busy", Strategy.LEAST_BUSY),
    ],
)
def test_names_of_old_are_understood(name: str, strategy: Strategy) -> None:
    assert strategy_named(name) is strategy


def test_an_unknown_name_is_answered_with_all_of_them() -> None:
    with pytest.raises(ValueError, match="auto, sticky, failover, random, round-robin, weighted, quota-aware, least"):
        strategy_named("dice")

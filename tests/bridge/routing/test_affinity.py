"""Who answered before."""

from __future__ import annotations

from bridge.routing.affinity import Affinity


def test_the_last_to_answer_is_preferred() -> None:
    affinity = Affinity()
    assert affinity.account("k") is None
    affinity.answered("k", "a")
    affinity.answered("k", "b")
    assert affinity.account("k") == "b"


def test_without_a_key_nothing_is_remembered() -> None:
    affinity = Affinity()
    affinity.answered(None, "a")
    assert affinity.account(None) is None


def test_the_keys_used_longest_ago_are_forgotten() -> None:
    affinity = Affinity(size=2)
    affinity.answered("one", "a")
    affinity.answered("two", "a")
    assert affinity.account("one") == "a"
    affinity.answered("three", "a")
    assert [affinity.account(key) for key in ("one", "two", "three")] == ["a", None, "a"]

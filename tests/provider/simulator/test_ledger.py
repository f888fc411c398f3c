"""The ledger's counting."""

from __future__ import annotations

from provider.simulator import ledger as module
from provider.simulator.ledger import Ledger, Submission


def test_ring_is_bounded_and_counters_are_not() -> None:
    ledger = Ledger()
    for number in range(module.RING + 5):
        ledger.end(ledger.begin("GET", "/route/{id}", f"/route/{number}"))
    assert len(ledger.requests) == module.RING
    assert ledger.requests[0].path == "/route/5"
    assert ledger.counts["requests"] == ledger.by_route["GET /route/{id}"] == module.RING + 5


def test_in_flight_has_a_current_value_and_a_peak() -> None:
    ledger = Ledger()
    turns = [_submission(number, account) for number, account in enumerate(("plus", "plus", "pro"))]
    for turn in turns:
        ledger.accept(turn)
    ledger.close(turns[0], "completed")
    ledger.close(turns[0], "completed")
    assert (ledger.in_flight["plus"].current, ledger.in_flight["plus"].peak) == (1, 2)
    assert (ledger.in_flight["*"].current, ledger.in_flight["*"].peak) == (2, 3)


def test_reset_keeps_the_turns_that_still_run() -> None:
    ledger = Ledger()
    turns = [_submission(number, "plus") for number in range(2)]
    for turn in turns:
        ledger.accept(turn)
    ledger.close(turns[0], "completed")
    ledger.reset()
    assert ledger.counts["submissions"] == 0
    assert (ledger.in_flight["plus"].current, ledger.in_flight["plus"].peak) == (1, 1)
    ledger.close(turns[1], "completed")
    assert ledger.in_flight["plus"].current == 0


def test_first_outcome_stays_but_a_stop_counts() -> None:
    ledger = Ledger()
    left, stopped = _submission(1, "plus"), _submission(2, "plus")
    for turn, outcome in ((left, "completed"), (stopped, "stopped")):
        ledger.accept(turn)
        turn.outcome = "aborted"
        ledger.close(turn, outcome)  # type: ignore[arg-type]
    assert (left.outcome, stopped.outcome) == ("aborted", "stopped")


def test_empty_snapshot_names_the_usual_counts() -> None:
    snapshot = Ledger().snapshot()
    assert snapshot["counts"] == {
        "requests": 0,
        "submissions": 0,
        "image_submissions": 0,
        "scripted": 0,
        "stops": 0,
        "aborted": 0,
        "leaks": 0,
    }


def _submission(number: int, account: str) -> Submission:
    return Submission(
        number,
        at=0.0,
        account=account,
        message_id=f"m-{number}",
        conversation_id=f"c-{number}",
        kind="chat",
        model="auto",
        effort=None,
        hints=(),
        temporary=False,
        prepare_state=None,
        conduit=False,
        messages=1,
    )

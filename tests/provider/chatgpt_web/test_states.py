"""What a widget state means."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from provider.chatgpt_web.states import raw_report, read_state
from provider.chatgpt_web.widgets import last_state
from provider.interface.research import PlannedStep

CASES = json.loads((Path(__file__).parents[2] / "vectors" / "deep-research.json").read_text())["states"]
CASES = [case for case in CASES if case["expect"]["status"] is not None]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_states_mean_what_the_vectors_say(case: dict[str, Any]) -> None:
    found, expected = last_state(case["value"]), case["expect"]
    assert found is not None
    state = read_state(found)

    assert state.status == expected["status"]
    assert state.phase == expected["phase"].removesuffix("_without_report")
    assert bool(state.report) == (expected["phase"] == "completed")
    assert (raw_report(found) or None) == expected["report_text"]
    plan = state.plan
    until = expected["waiting_until"]
    assert (plan.until if plan else None) == (datetime.fromisoformat(until) if until else None)
    assert ((plan.title or None) if plan else None) == expected["plan_title"]
    assert (plan.version if plan else None) == expected["plan_version"]
    assert [[step.id, step.status] for step in (plan.steps if plan else ())] == expected["steps"]
    took = state.stopped_at - state.started_at if state.stopped_at and state.started_at else None
    assert (took.total_seconds() if took else None) == expected["duration_seconds"]


@pytest.mark.parametrize(
    ("status", "started", "phase"),
    [
        ("planning", None, "waiting_plan"),
        (None, None, "waiting_plan"),
        ("planning", "2030-01-01T00:00:00Z", "running"),
        ("researching", None, "running"),
        ("cancelled", None, "failed"),
        ("stopped", None, "failed"),
        ("error", None, "failed"),
    ],
)
def test_a_deadline_means_waiting_only_before_the_research_has_begun(
    status: str | None, started: str | None, phase: str
) -> None:
    until = "2030-01-01T00:01:00Z"
    state = {
        "status": status,
        "waiting_for_user_response_on_plan_until": until,
        "research_started_at": started,
    }

    assert read_state(state).phase == phase


def test_a_report_loses_its_marks_and_an_unfinished_one_is_none() -> None:
    message = {"content": {"parts": ["# A\u301027\u2020L1-L2\u3011", None, "b"]}}

    assert read_state({"status": "completed", "report_message": message}).report == "# A\nb"
    assert read_state({"status": "researching", "report_message": message}).report == ""


def test_odd_values_are_left_out() -> None:
    steps = [{"text": "a"}, None, {"id": "x", "text": 7, "status": "done"}]
    state = read_state({"status": 7, "plan": {"title": None, "version": True, "steps": steps}, "last_updated_at": "?"})

    assert (state.status, state.phase, state.updated_at) == ("", "running", None)
    assert state.plan is not None
    assert (state.plan.title, state.plan.version) == ("", None)
    assert state.plan.steps == (PlannedStep("1", "a"), PlannedStep("x", "", "done"))


def test_times_are_utc_and_counts_are_read() -> None:
    state = read_state({"status": "researching", "research_started_at": "2030-01-01T07:00:00+07:00", "num_sources": 3})

    assert state.started_at == datetime(2030, 1, 1, tzinfo=UTC)
    assert state.sources_found == 3
    assert read_state({"status": "researching", "sources_found": True}).sources_found is None

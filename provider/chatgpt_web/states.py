"""What a widget state says of a research (docs/protocol.md section 6.4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from provider.chatgpt_web.citations import cited
from provider.chatgpt_web.stream.visible import as_object, metadata, parts
from provider.interface.research import PlannedStep, PlanShown, ResearchState

_WAITING = "waiting_for_user_response_on_plan"
_UNTIL = "waiting_for_user_response_on_plan_until"
_UNDER_WAY = ("researching", "in_progress")
_FAILED = ("failed", "error", "cancelled", "canceled", "stopped", "rate_limited")

_Phase = Literal["waiting_plan", "running", "completed", "failed"]


def read_state(state: Mapping[str, Any]) -> ResearchState:
    """A state as upstream's widget keeps it; an unknown status means that it goes on."""
    status = state.get("status")
    status = status if isinstance(status, str) else ""
    phase = _phase(status, state)
    message = as_object(state.get("report_message"))
    report, sources = cited(raw_report(state), metadata(message)) if phase == "completed" else ("", ())
    return ResearchState(
        phase=phase,
        status=status,
        plan=_plan(state),
        started_at=_instant(state.get("research_started_at")),
        stopped_at=_instant(state.get("research_stopped_at")),
        updated_at=_instant(state.get("last_updated_at")),
        report=report,
        sources=sources,
        sources_found=_count(state),
    )


def raw_report(state: Mapping[str, Any]) -> str:
    """The report as upstream wrote it, its citation marks included; empty when there is none."""
    return "\n".join(part for part in parts(as_object(state.get("report_message"))) if isinstance(part, str))


def _phase(status: str, state: Mapping[str, Any]) -> _Phase:
    if status == "completed":
        return "completed"
    if status in _FAILED:
        return "failed"
    if status == _WAITING:
        return "waiting_plan"
    waits = state.get(_UNTIL) is not None and state.get("research_started_at") is None
    return "waiting_plan" if waits and status not in _UNDER_WAY else "running"


def _plan(state: Mapping[str, Any]) -> PlanShown | None:
    plan, until = as_object(state.get("plan")), _instant(state.get(_UNTIL))
    if not plan and until is None:
        return None
    version, steps = plan.get("version"), plan.get("steps")
    return PlanShown(
        title=_words(plan.get("title")),
        steps=tuple(
            PlannedStep(_words(step.get("id")) or str(number), _words(step.get("text")), _words(step.get("status")))
            for number, step in enumerate(steps if isinstance(steps, list) else (), 1)
            if isinstance(step, dict)
        ),
        version=version if isinstance(version, int) and not isinstance(version, bool) else None,
        until=until,
    )


def _count(state: Mapping[str, Any]) -> int | None:
    """Not every page shows how much was read, and the name differs."""
    for key in ("sources_found", "sources_count", "num_sources"):
        value = state.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
    return None


def _instant(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return None
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)


def _words(value: object) -> str:
    return value if isinstance(value, str) else ""

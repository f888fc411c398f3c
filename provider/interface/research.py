"""Deep Research as a provider shows it: it works beside the conversation and is followed by ids of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class ResearchHandle:
    """What a research is followed by. Keep every field: a handle made of stored ids is as good as the first one.

    Attributes:
        message_id: the tool message that started it.
        widget_session_id, session_id: the ids upstream's connector goes by; at least one is there.
    """

    conversation_id: str
    message_id: str
    widget_session_id: str | None = None
    session_id: str | None = None


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step of upstream's plan; `status` is its word, such as `pending`, `in_progress` or `completed`."""

    id: str
    text: str
    status: str = ""


@dataclass(frozen=True, slots=True)
class PlanShown:
    """Upstream's plan. `until`: when it starts by itself, aware UTC, `None` when it did not say."""

    title: str
    steps: tuple[PlannedStep, ...]
    version: int | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A page that a report cites."""

    url: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class ResearchState:
    """How far a research is.

    Attributes:
        phase: `waiting_plan` until the plan is approved; the last two are final.
        status: upstream's own word.
        report: Markdown with its links and footnotes, citation marks resolved; empty unless `completed`. A `completed`
            state without a report has none upstream either.
        sources: in the order of the report's footnotes.
        sources_found: how many pages upstream says it has read, `None` when it does not say.
        stopped_at: when it ended.
        updated_at: when upstream wrote this state.
    """

    phase: Literal["waiting_plan", "running", "completed", "failed"]
    status: str
    plan: PlanShown | None = None
    started_at: datetime | None = None
    report: str = ""
    sources: tuple[Source, ...] = ()
    sources_found: int | None = None
    stopped_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ResearchUpdate:
    """News of a research. `offset`: where to go on from after a break, once this update is kept."""

    state: ResearchState
    offset: str

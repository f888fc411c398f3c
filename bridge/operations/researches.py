"""The journal of researches: what upstream showed, what was decided on the plan, and the report until it is a file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, TypeVar

from sqlalchemy import Connection, insert, select, update

from bridge.files.reports import ReportFacts
from bridge.operations import events, journal, results, states
from bridge.operations.journal import Journal
from bridge.operations.rows import OPERATIONS, RESEARCHES, RESULTS, TERMINAL, load
from bridge.store.engine import Store
from core.clock import utc_now
from core.contracts.operations import OperationProgress, OperationRecord, OperationState
from core.contracts.research import PlanDecision, PlanStep, ResearchPlan, ResearchSource
from core.errors import NotFoundError
from provider.interface.research import PlanShown, ResearchState

T = TypeVar("T")

Phase = Literal["waiting_plan", "running", "completed", "failed"]

_ORDER: dict[str | None, int] = {None: 0, "waiting_plan": 1, "running": 2, "completed": 3, "failed": 3}
_STEP_DONE = frozenset({"completed", "complete", "done", "skipped"})
_MOST_STEPS = 50
_LONGEST_STEP = 500


@dataclass(frozen=True, slots=True)
class Notes:
    """What the journal knows of a research.

    Attributes:
        phase: where it was seen last; it never goes back.
        plan: with what was decided on it.
        edits: how many changes of the plan were sent.
        began_at: when upstream began; `None` before.
        updated_at: when upstream last showed something new.
    """

    offset: str = "0"
    phase: Phase | None = None
    status: str = ""
    plan: ResearchPlan | None = None
    edits: int = 0
    began_at: datetime | None = None
    sources_found: int | None = None
    sources: tuple[ResearchSource, ...] = ()
    updated_at: datetime | None = None
    last_event: int = 0

    @property
    def mark(self) -> str:
        """Tells the plan from every other one; how far its steps are makes no difference."""
        return mark(self.plan)


class Researches:
    """The researches of all operations; each call is one transaction of its own."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def open(self, operation_id: str) -> tuple[OperationRecord, Journal, Notes]:
        """Row, submission journal and notes as they stand.

        Raises:
            NotFoundError: there is no such operation.
        """

        def work(conn: Connection) -> tuple[OperationRecord, Journal, Notes]:
            record = load(conn, operation_id)
            if record is None:
                raise NotFoundError("There is no operation of this id.", param="operation_id")
            return record, journal.read(conn, operation_id), read(conn, operation_id)

        return await self._store.read(work)

    async def observe(self, operation_id: str, state: ResearchState, offset: str | None, *, durable: bool) -> Notes:
        """Keep what upstream shows, move the operation on, and log what is new; returns the notes afterwards."""
        return await self._store.write(lambda conn: observe(conn, operation_id, state, offset), durable=durable)

    async def answered(self, operation_id: str, text: str) -> Notes:
        """Upstream answered in words instead of researching: they are the report."""
        state = ResearchState(phase="completed", status="answered", report=text)
        return await self.observe(operation_id, state, None, durable=True)

    async def decide(self, operation_id: str, decision: PlanDecision, *, text: str = "") -> Notes:
        """Note a decision before upstream is told; a research that waits for no plan any more takes none."""
        return await self._write(lambda conn: _decide(conn, operation_id, decision, text))

    async def edited(self, operation_id: str, number: int) -> Notes:
        """Note that change number `number` of the plan was sent."""
        return await self._write(lambda conn: _keep(conn, operation_id, edits=number))

    async def report(self, operation_id: str) -> ReportFacts | None:
        """The kept report; `None` while there is none."""
        return await self._store.read(lambda conn: _report(conn, operation_id))

    async def _write(self, work: Callable[[Connection], T]) -> T:
        return await self._store.write(work, durable=True)


def mark(plan: ResearchPlan | None) -> str:
    """A short text that is the same for the same plan, whatever its steps' status."""
    if plan is None:
        return "none"
    words = "\n".join((plan.title, *(f"{step.id}\t{step.text}" for step in plan.steps)))
    return f"{plan.version}:{hashlib.sha256(words.encode()).hexdigest()[:16]}"


def read(conn: Connection, operation_id: str) -> Notes:
    """The notes as they stand; empty ones while nothing was seen."""
    row = conn.execute(select(RESEARCHES).where(RESEARCHES.c.operation_id == operation_id)).one_or_none()
    last: int = conn.execute(select(OPERATIONS.c.last_event).where(OPERATIONS.c.id == operation_id)).scalar_one()
    if row is None:
        return Notes(last_event=last)
    return Notes(
        offset=row.offset,
        phase=row.phase,
        status=row.status or "",
        plan=None if row.plan is None else ResearchPlan.model_validate(row.plan),
        edits=row.edits,
        began_at=row.began_at,
        sources_found=row.sources_found,
        sources=tuple(ResearchSource.model_validate(source) for source in row.sources or ()),
        updated_at=row.updated_at,
        last_event=last,
    )


def observe(conn: Connection, operation_id: str, state: ResearchState, offset: str | None) -> Notes:
    """Keep what upstream shows, within the caller's transaction.

    What is older than what is known changes nothing but the offset, and after the operation's end nothing changes.
    """
    before = read(conn, operation_id)
    at: str = conn.execute(select(OPERATIONS.c.state).where(OPERATIONS.c.id == operation_id)).scalar_one()
    if at in TERMINAL:
        return before
    position = {} if offset is None else {"offset": offset}
    if _ORDER[state.phase] < _ORDER[before.phase] or before.phase in ("completed", "failed"):
        return _keep(conn, operation_id, **position)
    now = utc_now()
    after = _advanced(before, state, now)
    if after == before:
        return _keep(conn, operation_id, **position)
    if state.phase == "completed" and state.report:
        _keep_text(conn, operation_id, state.report, now)
    _keep(
        conn,
        operation_id,
        **position,
        phase=after.phase,
        status=after.status,
        plan=None if after.plan is None else after.plan.model_dump(mode="json"),
        began_at=after.began_at,
        sources_found=after.sources_found,
        sources=[source.model_dump(mode="json") for source in after.sources],
        updated_at=now,
    )
    _tell(conn, operation_id, before, after, now)
    return read(conn, operation_id)


def _advanced(before: Notes, state: ResearchState, now: datetime) -> Notes:
    """The notes with what a state says."""
    plan = before.plan if state.plan is None else _plan(state.plan, before)
    begun = state.phase != "waiting_plan"
    if begun and plan is not None and plan.decision is None:
        # Upstream began without being told: that is approval by default.
        plan = plan.model_copy(update={"decision": "approve"})
    found = tuple(
        ResearchSource(number=number, url=source.url, title=source.title)
        for number, source in enumerate(state.sources, 1)
    )
    return replace(
        before,
        phase=state.phase,
        status=state.status,
        plan=plan,
        began_at=before.began_at or state.started_at or (now if begun else None),
        sources_found=before.sources_found if state.sources_found is None else state.sources_found,
        sources=found or before.sources,
    )


def _plan(shown: PlanShown, before: Notes) -> ResearchPlan | None:
    """The plan that is shown, with the decision on it; an older version than the known one is passed over."""
    known = before.plan
    if known is not None and known.version is not None and (shown.version or known.version) < known.version:
        return known
    plan = ResearchPlan(
        title=shown.title[:_LONGEST_STEP],
        steps=tuple(
            PlanStep(id=step.id, text=step.text[:_LONGEST_STEP], status=step.status)
            for step in shown.steps[:_MOST_STEPS]
        ),
        version=shown.version,
        until=shown.until,
    )
    decided = None if known is None else known.decision
    if decided == "edit" and mark(plan) != mark(known):
        decided = None
    return plan.model_copy(update={"decision": decided})


def _tell(conn: Connection, operation_id: str, before: Notes, after: Notes, now: datetime) -> None:
    """Move the operation's state, and log the plan and the progress where they are new."""
    plan = None if after.plan is None else after.plan.model_dump(mode="json")
    if after.phase == "waiting_plan":
        if before.phase is None:
            states.advance(conn, operation_id, OperationState.WAITING_FOR_PLAN, data={"plan": plan})
        elif before.mark != after.mark:
            events.append(conn, operation_id, f"plan:{after.mark}", "plan", {"plan": plan})
    elif after.phase == "running":
        if before.phase != "running":
            states.advance(conn, operation_id, OperationState.RUNNING, data={"plan": plan})
        _progress(conn, operation_id, after, now)


def _progress(conn: Connection, operation_id: str, notes: Notes, now: datetime) -> None:
    steps = notes.plan.steps if notes.plan else ()
    seconds = int((now - (notes.began_at or now)).total_seconds())
    found = "" if notes.sources_found is None else f", {notes.sources_found} sources found"
    made = OperationProgress(
        phase=notes.status or "researching",
        done=sum(step.status in _STEP_DONE for step in steps),
        total=len(steps) or None,
        message=f"Researching for {seconds // 60} min{found}",
    )
    told = made.model_dump(mode="json")
    last: int = conn.execute(select(OPERATIONS.c.last_event).where(OPERATIONS.c.id == operation_id)).scalar_one()
    more = {"sources": notes.sources_found, "elapsed_seconds": seconds}
    if events.append(conn, operation_id, f"research:{last}", "progress", {**told, **more}) is not None:
        conn.execute(update(OPERATIONS).where(OPERATIONS.c.id == operation_id).values(progress=told))


def _decide(conn: Connection, operation_id: str, decision: PlanDecision, text: str) -> Notes:
    before = read(conn, operation_id)
    if before.phase != "waiting_plan":
        return before
    plan = (before.plan or ResearchPlan()).model_copy(update={"decision": decision})
    values: dict[str, Any] = {"plan": plan.model_dump(mode="json"), "decision": decision, "decision_text": text or None}
    if decision == "approve":
        values["approved_at"] = utc_now()
    _keep(conn, operation_id, **values)
    told = {"decision": decision, "version": plan.version}
    events.append(conn, operation_id, f"plan:{before.mark}:{decision}:{before.edits}", "plan_decision", told)
    return read(conn, operation_id)


def _report(conn: Connection, operation_id: str) -> ReportFacts | None:
    notes, kept = read(conn, operation_id), results.read(conn, operation_id)
    if notes.phase != "completed" or not kept.text or notes.updated_at is None:
        return None
    return ReportFacts(kept.text, notes.sources, notes.began_at, notes.updated_at)


def _keep_text(conn: Connection, operation_id: str, text: str, now: datetime) -> None:
    """The report; it takes the place of what upstream may have said when the research began."""
    values = {"text": text, "complete": True, "updated_at": now}
    if conn.execute(update(RESULTS).where(RESULTS.c.operation_id == operation_id).values(**values)).rowcount == 0:
        conn.execute(insert(RESULTS).values(operation_id=operation_id, **values))


def _keep(conn: Connection, operation_id: str, **values: Any) -> Notes:
    """Write what is given, if anything; returns the notes afterwards."""
    if values:
        changed = conn.execute(
            update(RESEARCHES).where(RESEARCHES.c.operation_id == operation_id).values(**values)
        ).rowcount
        if changed == 0:
            begun = {"offset": "0", "edits": 0, "updated_at": utc_now(), **values}
            conn.execute(insert(RESEARCHES).values(operation_id=operation_id, **begun))
    return read(conn, operation_id)

"""An upstream in memory that researches: it shows states one after the other, each at an offset of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from core.errors import ConversationNotFoundError
from provider.interface.research import (
    PlannedStep,
    PlanShown,
    ResearchHandle,
    ResearchState,
    ResearchUpdate,
    Source,
)
from provider.interface.turns import (
    AnswerState,
    BeforeSend,
    ConversationKnown,
    OnClose,
    ResearchStarted,
    TurnEvent,
    TurnFinished,
    TurnRequest,
)
from tests.fakes.upstream import FakeUpstream, Submission, Trouble, UpstreamProvider, UpstreamSession

HANDLE = ResearchHandle("conversation-1", "tool-1", "widget-1", "session-1")
REPORT = "# Herons\n\nThey wade.[^1]\n\n[^1]: [Herons](https://birds.test/herons)"
SOURCES = (Source("https://birds.test/herons", "Herons"), Source("https://birds.test/egrets", "Egrets"))
PLAN = PlanShown("Survey", (PlannedStep("1", "Collect", "pending"), PlannedStep("2", "Compare", "pending")), version=1)

WAITING = ResearchState("waiting_plan", "waiting_for_user_response_on_plan", plan=PLAN)
RUNNING = ResearchState("running", "researching", plan=PLAN)
COMPLETED = ResearchState("completed", "completed", plan=PLAN, report=REPORT, sources=SOURCES, sources_found=2)


def ended(status: str) -> ResearchState:
    """A research that upstream ended without a report."""
    return ResearchState("failed", status, plan=PLAN)


def half_way(found: int = 1) -> ResearchState:
    """The first of two steps is done."""
    steps = (replace(PLAN.steps[0], status="completed"), PLAN.steps[1])
    return replace(RUNNING, plan=replace(PLAN, steps=steps), sources_found=found)


@dataclass
class ResearchWorld(FakeUpstream):
    """A `FakeUpstream` whose turns are researches.

    Attributes:
        states: what upstream shows, oldest first; a state's offset is its place, counted from 1.
        begins: shown once the turn was accepted. `after_approval`: shown once the plan was.
        names: the stream says which research it started.
        hidden_looks: so often the conversation shows no research, though there is one; -1: always.
        words: an answer in words, instead of a research. `acknowledges`: what stands beside a research that was begun.
        obeys: a stop ends the research.
        watching, approving, editing: trouble, as in `FakeUpstream`; `lost_edits` are carried out all the same.
        at_watch, at_approval, at_edit: gates, as in `FakeUpstream`.
    """

    states: list[ResearchState] = field(default_factory=list)
    begins: list[ResearchState] = field(default_factory=lambda: [RUNNING, half_way(), COMPLETED])
    after_approval: list[ResearchState] = field(default_factory=lambda: [RUNNING, COMPLETED])
    names: bool = True
    hidden_looks: int = 0
    words: str = ""
    acknowledges: str = "I am on it."
    obeys: bool = True
    watching: Trouble = field(default_factory=list)
    approving: Trouble = field(default_factory=list)
    editing: Trouble = field(default_factory=list)
    lost_edits: bool = False
    offsets: list[str] = field(default_factory=list)
    approvals: int = 0
    edits: list[str] = field(default_factory=list)
    research_stops: list[ResearchHandle] = field(default_factory=list)
    looks: int = 0
    at_watch: asyncio.Event = field(default_factory=asyncio.Event)
    at_approval: asyncio.Event = field(default_factory=asyncio.Event)
    at_edit: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        super().__post_init__()
        for gate in (self.at_watch, self.at_approval, self.at_edit):
            gate.set()

    def provider(self) -> ResearchProvider:
        return ResearchProvider(self)

    def asks_for_plan(self) -> None:
        """Begin with a plan that waits."""
        self.begins = [WAITING]

    def next_plan(self) -> None:
        """Show the plan with other steps, as its next version."""
        shown = self.states[-1].plan or PLAN
        version = (shown.version or 0) + 1
        step = PlannedStep(str(version), f"Narrow {version}", "pending")
        self.states.append(replace(WAITING, plan=replace(shown, steps=(*shown.steps, step), version=version)))


class _ResearchTurn:
    def __init__(self, world: ResearchWorld, submission: Submission) -> None:
        self._world = world
        self._submission = submission

    @property
    def conversation_id(self) -> str | None:
        return self._submission.conversation_id

    async def __aiter__(self) -> AsyncIterator[TurnEvent]:
        world = self._world
        yield ConversationKnown(self._submission.conversation_id)
        await world.passes(world.in_stream, world.streaming)
        if world.words:
            yield TurnFinished(text=world.words, finish_reason="stop")
            return
        if world.names:
            yield ResearchStarted(HANDLE)
        yield TurnFinished(text=world.acknowledges, finish_reason="stop")


class ResearchSession(UpstreamSession):
    """A session of one account with a `ResearchWorld`."""

    _world: ResearchWorld

    @asynccontextmanager
    async def turn(
        self, request: TurnRequest, *, on_close: OnClose, before_send: BeforeSend | None = None
    ) -> AsyncIterator[_ResearchTurn]:
        assert request.kind == "research"
        assert not request.temporary
        async with super().turn(request, on_close=on_close, before_send=before_send):
            world = self._world
            world.states.extend(world.begins)
            yield _ResearchTurn(world, world.submissions[-1])

    async def answer_state(self, conversation_id: str, *, message_id: str) -> AnswerState:
        known = [one for one in self._world.submissions if one.message_id == message_id]
        if not known:
            raise ConversationNotFoundError("no such conversation")
        said = self._world.words or self._world.acknowledges
        return AnswerState("ready", said, "answer-1") if said else AnswerState("pending")

    async def find_research(self, conversation_id: str, *, message_id: str) -> ResearchHandle | None:
        world = self._world
        if world.hidden_looks:
            world.hidden_looks -= 1
            return None
        return None if world.words else HANDLE

    async def watch_research(self, handle: ResearchHandle, *, offset: str) -> AsyncIterator[ResearchUpdate]:
        world = self._world
        assert handle == HANDLE
        world.offsets.append(offset)
        await world.passes(world.at_watch, world.watching)
        seen = int(offset)
        while True:
            while seen < len(world.states):
                seen += 1
                yield ResearchUpdate(world.states[seen - 1], str(seen))
            await asyncio.sleep(0.02)

    async def research_state(self, handle: ResearchHandle) -> ResearchState:
        self._world.looks += 1
        return self._world.states[-1]

    async def approve_plan(self, handle: ResearchHandle) -> dict[str, Any]:
        world = self._world
        world.approvals += 1
        await world.passes(world.at_approval, world.approving)
        if world.states[-1].phase == "waiting_plan":
            world.states.extend(world.after_approval)
        return {"isError": False}

    async def edit_plan(self, handle: ResearchHandle, text: str) -> dict[str, Any]:
        world = self._world
        world.edits.append(text)
        if world.lost_edits:
            world.next_plan()
        await world.passes(world.at_edit, world.editing)
        if not world.lost_edits:
            world.next_plan()
        return {"isError": False}

    async def stop_research(self, handle: ResearchHandle) -> dict[str, Any]:
        world = self._world
        world.research_stops.append(handle)
        if world.obeys and world.states:
            world.states.append(ended("stopped"))
        return {"isError": False}


class ResearchProvider(UpstreamProvider):
    """Opens sessions with one `ResearchWorld`."""

    def __init__(self, world: ResearchWorld) -> None:
        super().__init__(world)
        self._researching = world

    def open(self, alias: str, capture_text: str) -> ResearchSession:
        session = ResearchSession(alias, capture_text, self._researching)
        self.sessions.append(session)
        return session

"""Deep Research: what is asked for, the plan that upstream proposes, and what it read."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from core.contracts.base import Contract
from core.contracts.routing import Strategy

PlanDecision = Literal["approve", "reject", "edit"]
"""What a person may do with a plan."""


class ResearchRequest(Contract):
    """A validated research request, stored with its operation.

    Attributes:
        prompt: the question, the caller's words unchanged.
        model: the requested public name, unchanged.
        plan: `auto` approves the plan by itself after a delay, `ask` waits for a person.
        output_name: file name the caller wants for the report, without a folder; `None` for one made of the prompt.
        accounts: the pool to choose from in this order; empty means every account.
        strategy: the order in which they are asked, `None` for the bridge's own.
    """

    prompt: str
    model: str = "chatgpt-deep-research"
    plan: Literal["auto", "ask"] = "auto"
    output_name: str | None = None
    accounts: tuple[str, ...] = ()
    strategy: Strategy | None = None


class PlanStep(Contract):
    """One step of a plan; `status` is upstream's word for it."""

    id: str
    text: str
    status: str = ""


class ResearchPlan(Contract):
    """The plan that upstream proposes.

    Attributes:
        version: grows when upstream changes the plan; `None` when it did not say.
        until: when upstream starts by itself, `None` when it did not say.
        decision: what was decided, `None` while it waits; by a person, or `approve` by default.
    """

    title: str = ""
    steps: tuple[PlanStep, ...] = ()
    version: int | None = None
    until: datetime | None = None
    decision: PlanDecision | None = None


class ResearchSource(Contract):
    """A page that a report names; `number` is its place in the report's list, from 1."""

    number: int
    url: str
    title: str = ""


class ResearchFacts(Contract):
    """What identifies a research upstream, and how far it is.

    Attributes:
        message_id: the tool message that carries the widget.
        widget_session_id, session_id: the two ids upstream's connector goes by.
        status: upstream's own word.
    """

    message_id: str | None = None
    widget_session_id: str | None = None
    session_id: str | None = None
    status: str | None = None
    plan: ResearchPlan | None = None

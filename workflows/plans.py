"""Decisions about a research's plan, and the plan in words."""

from __future__ import annotations

from dataclasses import dataclass

from temporalio.exceptions import ApplicationError

from core.contracts.failure import Failure
from core.contracts.research import ResearchPlan
from core.contracts.steps import PlanDecisionInput
from core.errors import PlanNotWaitingError, error_class


@dataclass
class Decision:
    """What somebody decided; `done` once it was carried out, or failed."""

    given: PlanDecisionInput
    failure: Failure | None = None
    done: bool = False

    def end(self, failure: Failure | None = None) -> None:
        self.failure, self.done = failure, True


def too_late() -> PlanNotWaitingError:
    """For a decision that no plan waits for any more."""
    return PlanNotWaitingError("There is no plan that waits for a decision now.")


def refused(failure: Failure) -> ApplicationError:
    """A failure as the error that an update ends in."""
    kind = error_class(failure.code)
    name = "BridgeError" if kind is None else kind.__name__
    return ApplicationError(failure.message, failure, type=name, non_retryable=True)


def told(plan: ResearchPlan | None, *, asks: bool) -> str:
    """The plan in Markdown, and what it waits for."""
    if plan is None:
        return "Upstream waits before it begins."
    how = "It waits for a decision." if asks else "It is approved by itself after a while."
    until = f" Upstream begins at {plan.until:%H:%M:%S} UTC at the latest." if plan.until else ""
    steps = "\n".join(f"{number}. {step.text}" for number, step in enumerate(plan.steps, 1))
    return f"### {plan.title or 'Plan'}\n\n{steps}\n\n{how}{until}"

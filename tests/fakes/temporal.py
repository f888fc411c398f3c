"""Temporal without a server: it remembers what it was told, and is away when a test says so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from core.contracts.operations import OperationRecord
from core.contracts.research import PlanDecision
from core.contracts.steps import PlanDecided
from core.errors import BridgeError, TemporalUnavailableError


@dataclass
class FakeTemporal:
    """The gateway's surface as `api` uses it.

    Attributes:
        work: what a start sets going, as a worker would.
        ending: what a cancellation sets going.
        later: what a workflow knows more than the row; `None` when no worker answers.
        decided: the decisions on plans: operation, decision, text and update id.
        refuses: what a decision is refused with.
        answers: a decision is carried out at once.
    """

    available: bool = True
    worker: bool = True
    confirms: bool = True
    failing: frozenset[str] = frozenset()
    work: Callable[[OperationRecord], Awaitable[None]] | None = None
    ending: Callable[[str], Awaitable[None]] | None = None
    later: Callable[[OperationRecord], OperationRecord] | None = None
    started: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    decided: list[tuple[str, PlanDecision, str, str]] = field(default_factory=list)
    refuses: BridgeError | None = None
    answers: bool = True

    def require(self) -> None:
        if not self.available:
            raise TemporalUnavailableError("Temporal is away.", retry_after_seconds=2)

    async def start(self, record: OperationRecord) -> bool:
        self.started.append(record.id)
        if self.work is not None:
            await self.work(record)
        return self.confirms

    async def cancel(self, operation_id: str) -> None:
        self.cancelled.append(operation_id)
        if self.ending is not None:
            await self.ending(operation_id)

    async def decide_plan(
        self, operation_id: str, decision: PlanDecision, text: str = "", *, update_id: str
    ) -> PlanDecided | None:
        self.require()
        self.decided.append((operation_id, decision, text, update_id))
        if self.refuses is not None:
            raise self.refuses
        return PlanDecided(decision=decision, version=1) if self.answers else None

    async def current(self, record: OperationRecord) -> tuple[OperationRecord, bool]:
        if record.state.terminal:
            return record, False
        return (record, True) if self.later is None else (self.later(record), False)

    async def worker_alive(self) -> bool:
        return self.worker

"""Temporal without a server: it remembers what it was told, and is away when a test says so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from core.contracts.operations import OperationRecord
from core.errors import TemporalUnavailableError


@dataclass
class FakeTemporal:
    """The gateway's surface as `api` uses it.

    Attributes:
        work: what a start sets going, as a worker would.
        later: what a workflow knows more than the row; `None` when no worker answers.
    """

    available: bool = True
    worker: bool = True
    confirms: bool = True
    failing: frozenset[str] = frozenset()
    work: Callable[[OperationRecord], Awaitable[None]] | None = None
    later: Callable[[OperationRecord], OperationRecord] | None = None
    started: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)

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

    async def current(self, record: OperationRecord) -> tuple[OperationRecord, bool]:
        if record.state.terminal:
            return record, False
        return (record, True) if self.later is None else (self.later(record), False)

    async def worker_alive(self) -> bool:
        return self.worker

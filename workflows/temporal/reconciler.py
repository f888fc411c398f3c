"""Operations whose workflow was never started, was lost or was terminated; a loop in every API and worker."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from activities.stopping import stop_upstream
from activities.upstream import Upstream
from bridge.operations.records import Unfinished
from core.clock import utc_now
from core.contracts.failure import failure_of
from core.contracts.operations import OperationState
from core.errors import BridgeError, InternalError, WorkflowTerminatedError
from core.logging import get_logger
from workflows.temporal.gateway import Temporal
from workflows.temporal.handle import Run

if TYPE_CHECKING:
    from bridge.build import Bridge

_log = get_logger(__name__)

_LOOK_ROUNDS = 3
"""One operation's workflow is looked at in every third round: a description costs the server 2 ms."""

_STOP_SECONDS = 10.0
"""How long stopping what a terminated workflow left running upstream may hold up everything else."""


class Reconciler:
    """Brings database and Temporal together again; safe to run in any number of processes at once."""

    def __init__(self, bridge: Bridge, temporal: Temporal, *, after_seconds: float) -> None:
        self._operations = bridge.operations
        self._submissions = bridge.submissions
        self._pool = bridge.pool
        self._upstream = Upstream(bridge.pool, bridge.submissions)
        self._temporal = temporal
        self._after = timedelta(seconds=after_seconds)
        self._look_seconds = _LOOK_ROUNDS * after_seconds
        self._looked: dict[str, float] = {}
        self._failing: set[str] = set()

    async def round(self) -> None:
        """One walk over everything unfinished.

        Raises:
            TemporalUnavailableError: the server went away meanwhile.
            StoreError: the database cannot be read or written.
        """
        await self._serve_line()
        unfinished = await self._operations.unfinished()
        self._forget_all_but({operation.id for operation in unfinished})
        old = utc_now() - self._after
        for operation in unfinished:
            if operation.created_at < old and self._due(operation):
                await self._look_at(operation)
        self._temporal.failing = frozenset(self._failing)

    async def _serve_line(self) -> None:
        granted = await self._pool.grant_waiting()
        if granted:
            await self._temporal.signal_granted(granted)

    def _forget_all_but(self, ids: set[str]) -> None:
        self._looked = {id_: when for id_, when in self._looked.items() if id_ in ids}
        self._failing &= ids

    def _due(self, operation: Unfinished) -> bool:
        now = time.monotonic()
        since = now - self._looked.get(operation.id, 0)
        if operation.state is not OperationState.ACCEPTED and since < self._look_seconds:
            return False
        self._looked[operation.id] = now
        return True

    async def _look_at(self, operation: Unfinished) -> None:
        seen = await self._temporal.describe(operation.id)
        (self._failing.add if seen.failing else self._failing.discard)(operation.id)
        if seen.run is Run.MISSING:
            await self._start(operation)
        elif seen.run is Run.TERMINATED:
            await self._stop(operation)
            await self._end(operation, WorkflowTerminatedError("The operation's workflow was terminated in Temporal."))
        elif seen.run is Run.ENDED:
            await self._end(operation, InternalError("The operation's workflow ended without a result."))
        elif operation.cancel_requested:
            await self._temporal.cancel(operation.id)
        elif operation.state is OperationState.WAITING_FOR_ACCOUNT and operation.account is not None:
            await self._temporal.signal_granted((operation.id,))

    async def _start(self, operation: Unfinished) -> None:
        record = await self._operations.find(operation.id)
        if record is not None and not record.state.terminal:
            _log.info("operation_started_again", operation_id=operation.id, state=record.state.value)
            await self._temporal.start(record)

    async def _stop(self, operation: Unfinished) -> None:
        """Let nothing more be sent for an operation that nobody follows any more, and stop upstream where it can be."""
        book = await self._submissions.request_cancel(operation.id)
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await stop_upstream(self._upstream, self._submissions, book)
        except (BridgeError, TimeoutError) as error:
            _log.warning("terminated_not_stopped", operation_id=operation.id, error=type(error).__name__)

    async def _end(self, operation: Unfinished, error: BridgeError) -> None:
        _log.warning("operation_without_workflow", operation_id=operation.id, code=error.code)
        await self._operations.close(operation.id, OperationState.FAILED, failure_of(error))


async def reconcile_forever(bridge: Bridge, temporal: Temporal, *, stop: asyncio.Event) -> None:
    """Walk every few seconds while Temporal is there, until `stop` is set."""
    every = bridge.settings.operations.reconcile_after_seconds
    reconciler = Reconciler(bridge, temporal, after_seconds=every)
    while not stop.is_set():
        try:
            if temporal.available:
                await reconciler.round()
        except BridgeError as error:
            _log.warning("reconciling_failed", code=error.code, reason=error.message)
        except Exception:
            # This loop is what everything else relies on after a mishap, so no mishap may end it.
            _log.exception("reconciling_broke")
        try:
            await asyncio.wait_for(stop.wait(), every)
        except TimeoutError:
            continue

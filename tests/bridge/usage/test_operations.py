"""Operations are counted when they end, and once."""

from __future__ import annotations

from datetime import timedelta

from bridge.accounts.registry import Registry
from bridge.operations.records import Operations
from bridge.store.engine import Store
from bridge.usage.counters import UsageCounters
from core.clock import utc_now
from core.contracts.operations import OperationState
from tests.fixtures.durable import admission


async def test_an_operation_that_ends_twice_is_counted_once(store: Store, registry: Registry) -> None:
    operations = Operations(store, registry)
    for state in (OperationState.COMPLETED, OperationState.FAILED, OperationState.CANCELLED):
        record = (await operations.admit(admission(f"a heron that is {state}"))).record
        for _ in range(2):
            await operations.close(record.id, state)

    told = await UsageCounters(store).report(since=utc_now() - timedelta(hours=1), by={"kind", "model"})
    assert [(c.kind, c.model, c.requests, c.failures) for c in told] == [("image", "auto", 3, 1)]

"""The end of an operation, as a local activity."""

from __future__ import annotations

from temporalio import activity

from activities.errors import translated
from bridge.operations.records import Operations
from core.contracts.steps import Closed, CloseInput


class RecordActivities:
    """Writes what no other activity's transaction holds."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    @activity.defn
    async def close_operation(self, ending: CloseInput) -> Closed:
        """Write the terminal record, the last event and the release of lease and ticket in one transaction.

        The first close counts, so that repeating it, with the same ending or another, changes nothing.
        """
        with translated():
            return await self._operations.close(ending.operation_id, ending.state, ending.failure)

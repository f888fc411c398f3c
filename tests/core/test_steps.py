"""What a workflow and the database know of an operation, put together."""

from __future__ import annotations

from typing import Any

import pytest

from core.clock import utc_now
from core.contracts.operations import OperationKind, OperationRecord, OperationState, SkippedAccount
from core.contracts.steps import OperationStatus

_WAITING = OperationState.WAITING_FOR_ACCOUNT


def _skipped(reason: str) -> tuple[SkippedAccount, ...]:
    return (SkippedAccount(account="one", reason=reason),)


def _record(**values: Any) -> OperationRecord:
    return OperationRecord(
        id="op",
        kind=OperationKind.IMAGE,
        sequence=1,
        owner="me",
        request={},
        request_digest="",
        message_id="",
        model="auto",
        created_at=utc_now(),
        **values,
    )


@pytest.mark.parametrize(("last_event", "told"), [(1, "paused"), (2, "paused"), (3, "busy")])
def test_reasons_change_without_an_event_and_the_rows_count_unless_the_workflow_is_further(
    last_event: int, told: str
) -> None:
    record = _record(state=_WAITING, last_event=2, skipped=_skipped("paused"))
    status = OperationStatus(operation_id="op", state=_WAITING, last_event=last_event, skipped=_skipped("busy"))

    assert [skip.reason for skip in status.applied_to(record).skipped] == [told]

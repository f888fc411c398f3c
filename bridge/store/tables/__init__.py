"""Every table, so that one import fills the metadata that migrations compare with."""

from bridge.store.tables.accounts import AccountRow, RevisionRow
from bridge.store.tables.artifacts import ArtifactRow
from bridge.store.tables.events import EventRow
from bridge.store.tables.idempotency import IdempotencyRow
from bridge.store.tables.leases import LeaseRow, ProcessRow, TicketRow
from bridge.store.tables.operations import OperationRow
from bridge.store.tables.submissions import SubmissionRow

__all__ = [
    "AccountRow",
    "ArtifactRow",
    "EventRow",
    "IdempotencyRow",
    "LeaseRow",
    "OperationRow",
    "ProcessRow",
    "RevisionRow",
    "SubmissionRow",
    "TicketRow",
]

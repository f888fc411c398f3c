"""Every table, so that one import fills the metadata that migrations compare with."""

from bridge.store.tables.accounts import AccountEventRow, AccountRow, RevisionRow
from bridge.store.tables.artifacts import ArtifactRow
from bridge.store.tables.audit import AuditRow
from bridge.store.tables.cooldowns import AffinityRow, CooldownRow, TurnRow
from bridge.store.tables.events import EventRow
from bridge.store.tables.files import FileRow
from bridge.store.tables.idempotency import IdempotencyRow
from bridge.store.tables.inputs import InputRow, UploadRow
from bridge.store.tables.keys import ApiKeyRow
from bridge.store.tables.leases import LeaseRow, ProcessRow, TicketRow
from bridge.store.tables.limits import SlotLimitRow
from bridge.store.tables.operations import OperationRow
from bridge.store.tables.quota import QuotaAccountRow, QuotaHistoryRow, QuotaReadingRow
from bridge.store.tables.research import ResearchRow
from bridge.store.tables.responses import ConversationItemRow, ConversationRow, ResponseRow
from bridge.store.tables.results import AnswerRow, ResultRow
from bridge.store.tables.retention import DoomedFileRow
from bridge.store.tables.submissions import SubmissionRow
from bridge.store.tables.usage import UsageRow
from bridge.store.tables.warnings import ExpiryWarningRow

__all__ = [
    "AccountEventRow",
    "AccountRow",
    "AffinityRow",
    "AnswerRow",
    "ApiKeyRow",
    "ArtifactRow",
    "AuditRow",
    "ConversationItemRow",
    "ConversationRow",
    "CooldownRow",
    "DoomedFileRow",
    "EventRow",
    "ExpiryWarningRow",
    "FileRow",
    "IdempotencyRow",
    "InputRow",
    "LeaseRow",
    "OperationRow",
    "ProcessRow",
    "QuotaAccountRow",
    "QuotaHistoryRow",
    "QuotaReadingRow",
    "ResearchRow",
    "ResponseRow",
    "ResultRow",
    "RevisionRow",
    "SlotLimitRow",
    "SubmissionRow",
    "TicketRow",
    "TurnRow",
    "UploadRow",
    "UsageRow",
]

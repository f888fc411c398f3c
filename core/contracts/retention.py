"""Retention: what a round is to remove, and what it did."""

from __future__ import annotations

from datetime import timedelta

from core.contracts.base import Contract


class RetentionInput(Contract):
    """One round.

    Attributes:
        histories: how long Temporal keeps a history after its end; `None` leaves large payloads alone.
        dry_run: remove nothing, and report what would be.
    """

    histories: timedelta | None = None
    dry_run: bool = False


class RetentionReport(Contract):
    """What a round removed, or would remove.

    Attributes:
        operations: ended operations, with everything but their files.
        events: events, those of removed operations included.
        inputs, artifacts: pictures that clients sent, and files that they uploaded; files that operations made.
        payloads: large payloads of histories that Temporal has forgotten.
        records: entries of the audit log and of what happened to accounts, kept responses and conversations.
        freed_bytes: size of all these files.
    """

    operations: int = 0
    events: int = 0
    inputs: int = 0
    artifacts: int = 0
    payloads: int = 0
    records: int = 0
    freed_bytes: int = 0
    dry_run: bool = False

    def __str__(self) -> str:
        verb = "would remove" if self.dry_run else "removed"
        return (
            f"{verb} {self.operations} operations, {self.events} events, {self.inputs} inputs, "
            f"{self.artifacts} artifacts, {self.payloads} payloads and {self.records} records; "
            f"{self.freed_bytes} bytes of files"
        )

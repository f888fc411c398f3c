"""Query parameters of the audit log."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.operations.schemas import Since
from bridge.audit import AuditFilters


class AuditQuery(BaseModel):
    """Which changes are wanted. A filter that is not known is refused: without it the answer would mean more.

    Attributes:
        action: such as `key.revoked`; `key.` stands for all that begin so.
        subject: an alias, a key's id, ...
        actor: who made the change: `key:` and a key's id, `cli`, `bridge`.
        since: at or after this time, in Unix seconds or ISO 8601.
        cursor: `next_cursor` of the page before.
    """

    model_config = ConfigDict(extra="forbid")

    action: str | None = None
    subject: str | None = None
    actor: str | None = None
    since: Since = None
    cursor: str | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50

    def filters(self) -> AuditFilters:
        """The same as the log knows them."""
        return AuditFilters(self.action, self.subject, self.actor, self.since)

"""The audit log as typed calls."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from integrations.client.models import Answer
from integrations.client.transport import Transport


class AuditEntry(Answer):
    """One change; `before` and `after` are `None` where there was nothing, or is nothing any more."""

    number: int
    at: float
    actor: str = ""
    action: str = ""
    subject: str = ""
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


class AuditPage(Answer):
    """Some changes, newest first."""

    data: tuple[AuditEntry, ...] = ()
    has_more: bool = False
    next_cursor: str | None = None


class AuditCalls:
    """What `BridgeClient.audit` can do; needs a key that administers."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def page(self, **filters: str | int | None) -> AuditPage:
        """Changes, newest first; `filters` are the route's query parameters, `None` is left out."""
        query = urlencode({name: value for name, value in filters.items() if value is not None})
        return AuditPage.model_validate(self._transport.json("GET", f"/chatgpt/audit?{query}"))

"""Deep Research: the journal of what happens after its turn."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from bridge.store.types import UtcTime


class ResearchRow(SQLModel, table=True):
    """One research; its ids are kept as soon as upstream names them, so that it is found again after any crash.

    `plan` is a `core.contracts.research.ResearchPlan` as JSON. `approved_at` is when upstream was told to start,
    `edits` how many changes of the plan were sent, `offset` where its push channel goes on from. `phase` is a word of
    `provider.interface.research.ResearchState`, `began_at` when upstream began, `updated_at` when it last showed
    something new.
    """

    __tablename__ = "researches"

    operation_id: str = Field(primary_key=True)
    message_id: str | None = None
    widget_session_id: str | None = None
    session_id: str | None = None
    offset: str = "0"
    phase: str | None = None
    status: str | None = None
    began_at: datetime | None = Field(default=None, sa_type=UtcTime)
    sources_found: int | None = None
    plan: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    decision: str | None = None
    decision_text: str | None = None
    edits: int = 0
    approved_at: datetime | None = Field(default=None, sa_type=UtcTime)
    sources: list[dict[str, Any]] | None = Field(default=None, sa_type=JSON)
    updated_at: datetime = Field(sa_type=UtcTime)

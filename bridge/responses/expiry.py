"""Responses and conversations whose days are over."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from bridge.responses import conversations
from bridge.responses.conversations import CONVERSATIONS
from bridge.responses.records import RESPONSES


def older(conn: Connection, before: datetime) -> int:
    """How many responses were made, and conversations last used, before a time."""
    responses = select(func.count()).select_from(RESPONSES).where(RESPONSES.c.created_at < before)
    unused = select(func.count()).select_from(CONVERSATIONS).where(CONVERSATIONS.c.used_at < before)
    return int(conn.execute(responses).scalar_one() + conn.execute(unused).scalar_one())


def forget(conn: Connection, before: datetime) -> int:
    """Remove them; returns how many they were."""
    removed: int = conn.execute(delete(RESPONSES).where(RESPONSES.c.created_at < before)).rowcount
    unused = conn.execute(select(CONVERSATIONS.c.id).where(CONVERSATIONS.c.used_at < before)).scalars().all()
    for conversation_id in unused:
        conversations.remove(conn, conversation_id)
    return removed + len(unused)

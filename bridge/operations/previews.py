"""Which previews of a picture an operation's log has told."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, select

from bridge.operations import events
from bridge.operations.events import EVENTS
from bridge.operations.rows import OPERATIONS, TERMINAL

_TYPE = "preview"


def wanted(conn: Connection, operation_id: str, asset_id: str, most: int) -> bool:
    """Whether the log still takes this one: the operation goes on, has not told it, and has told fewer than `most`."""
    state = conn.execute(select(OPERATIONS.c.state).where(OPERATIONS.c.id == operation_id)).scalar_one_or_none()
    if state is None or state in TERMINAL or _count(conn, operation_id) >= most:
        return False
    told = select(EVENTS.c.number).where(EVENTS.c.operation_id == operation_id, EVENTS.c.key == _key(asset_id))
    return conn.execute(told).first() is None


def tell(
    conn: Connection, operation_id: str, fence: int | None, asset_id: str, facts: dict[str, Any], *, most: int
) -> bool:
    """Log a preview as an event with its `index`, counted from 0; `False` where the log does not take it."""
    if not wanted(conn, operation_id, asset_id, most):
        return False
    data = {"index": _count(conn, operation_id), **facts}
    return events.append(conn, operation_id, _key(asset_id), _TYPE, data, fence=fence) is not None


def _key(asset_id: str) -> str:
    return f"{_TYPE}:{asset_id}"


def _count(conn: Connection, operation_id: str) -> int:
    told = (EVENTS.c.operation_id == operation_id, EVENTS.c.type == _TYPE)
    return int(conn.execute(select(func.count()).select_from(EVENTS).where(*told)).scalar_one())

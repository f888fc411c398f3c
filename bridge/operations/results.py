"""Results in words: what upstream has said so far, and the log's pieces of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import Connection, insert, select, update

from bridge.operations import events, journal
from bridge.operations.rows import RESULTS
from bridge.store.engine import Store
from core.clock import utc_now


@dataclass(frozen=True, slots=True)
class Words:
    """An operation's result in words. `complete`: nothing more is to come."""

    text: str = field(default="", repr=False)
    complete: bool = False


class Results:
    """The words of operations while they come in; each call is one transaction of its own."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def read(self, operation_id: str) -> Words:
        """What is kept now."""
        return await self._store.read(partial(read, operation_id=operation_id))

    async def extend(self, operation_id: str, fence: int | None, text: str) -> None:
        """Keep the answer as far as it has come, and log what is new; nothing for an attempt that lost its fence."""
        await self._store.write(lambda conn: extend(conn, operation_id, fence, text))


def read(conn: Connection, operation_id: str) -> Words:
    """What is kept now; empty when upstream has said nothing."""
    row = conn.execute(
        select(RESULTS.c.text, RESULTS.c.complete).where(RESULTS.c.operation_id == operation_id)
    ).one_or_none()
    return Words() if row is None else Words(row.text, row.complete)


def extend(conn: Connection, operation_id: str, fence: int | None, text: str) -> None:
    """Add to an operation's words what `text` has beyond them, as one event `delta` with its offset in characters.

    A text that does not begin with what is kept changes nothing: an attempt that has to begin again, or a reader that
    lags behind, says nothing new until it has come as far; what was rewritten shows in `finish`.
    """
    kept = read(conn, operation_id)
    if kept.complete or len(text) <= len(kept.text) or not text.startswith(kept.text):
        return
    offset = len(kept.text)
    told = {"offset": offset, "text": text[offset:]}
    if _log(conn, operation_id, fence, "delta", offset, told):
        _keep(conn, operation_id, text, complete=False)


def finish(conn: Connection, operation_id: str, fence: int | None, text: str) -> None:
    """Keep the whole text for good; the first one counts.

    An event `replaced` brings all of it where it does not begin with what was logged: upstream rewrote itself.
    """
    kept = read(conn, operation_id)
    if kept.complete:
        return
    if not text.startswith(kept.text):
        logged = _log(conn, operation_id, fence, "replaced", 0, {"text": text})
    else:
        extend(conn, operation_id, fence, text)
        logged = read(conn, operation_id).text == text
    if logged:
        _keep(conn, operation_id, text, complete=True)


def _log(
    conn: Connection, operation_id: str, fence: int | None, kind: str, offset: int, told: dict[str, object]
) -> bool:
    number = fence if fence is not None else journal.read(conn, operation_id).fence
    return events.append(conn, operation_id, f"{kind}:{number}:{offset}", kind, told, fence=fence) is not None


def _keep(conn: Connection, operation_id: str, text: str, *, complete: bool) -> None:
    values = {"text": text, "complete": complete, "updated_at": utc_now()}
    if conn.execute(update(RESULTS).where(RESULTS.c.operation_id == operation_id).values(**values)).rowcount == 0:
        conn.execute(insert(RESULTS).values(operation_id=operation_id, **values))

"""Who answered which conversation, where that must never change: shared by all processes, and kept over restarts."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from bridge.accounts.leases import Transaction
from bridge.store.engine import Store
from bridge.store.types import to_microseconds
from core.clock import utc_now
from core.errors import StoreError
from core.logging import get_logger

_log = get_logger(__name__)

KEPT = timedelta(days=90)
"""How long a conversation that goes on no more is remembered."""

_DAY = timedelta(days=1)


class Conversations:
    """Remembers who answered; nobody waits for that, and a database that cannot take it loses no more than that."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def remember(self, key: str, alias: str) -> None:
        """An account has answered a conversation, which keeps it from now on."""
        try:
            written = self._store.submit(lambda conn: answered(conn, key, alias, utc_now()))
        except StoreError as error:
            _log.warning("conversation_not_kept", account=alias, reason=error.message)
        else:
            written.add_done_callback(_written)


def _written(done: asyncio.Future[None]) -> None:
    error = None if done.cancelled() else done.exception()
    if error is not None:
        _log.warning("conversation_not_kept", reason=str(error))


def account_of(conn: Transaction, key: str | None) -> str | None:
    """Who answered a conversation last; `None` for one that is not known, or that has no name."""
    if key is None:
        return None
    found = conn.exec_driver_sql("SELECT account FROM affinities WHERE key = ?", (key,)).scalar()
    return None if found is None else str(found)


def answered(conn: Transaction, key: str, alias: str, now: datetime) -> None:
    """Remember who answered, and forget conversations that ended long ago."""
    conn.exec_driver_sql(
        "INSERT INTO affinities (key, account, at) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE"
        " SET account = excluded.account, at = excluded.at WHERE account != excluded.account OR at < ?",
        (key, alias, to_microseconds(now), to_microseconds(now - _DAY)),
    )
    conn.exec_driver_sql("DELETE FROM affinities WHERE at < ?", (to_microseconds(now - KEPT),))


def forget(conn: Transaction, alias: str) -> None:
    """An account knows its conversations no more."""
    conn.exec_driver_sql("DELETE FROM affinities WHERE account = ?", (alias,))

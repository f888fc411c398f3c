"""Chats with an idempotency key: each runs in one process at a time, and its outcome is kept for the key's life."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, insert, select, update

from bridge.idempotency import records
from bridge.store.engine import Store
from bridge.store.tables import AnswerRow, ProcessRow
from bridge.vault import Keyring
from bridge.vault.cipher import PayloadCipher
from core.clock import utc_now
from core.errors import IdempotencyConflictError, IdempotencyInProgressError

ANSWERS: Table = AnswerRow.metadata.tables[str(AnswerRow.__tablename__)]
PROCESSES: Table = ProcessRow.metadata.tables[str(ProcessRow.__tablename__)]

_COME_BACK_SECONDS = 2


@dataclass(frozen=True, slots=True)
class KeyScope:
    """One key of one API key on one route."""

    owner: str
    route: str
    key: str


class KeptAnswers:
    """The keys of chats, and what they were answered with; every word of that is encrypted at rest.

    Args:
        process_id: names this process's row in the table of processes, whose end frees what it had reserved.
    """

    def __init__(self, store: Store, keyring: Keyring, *, process_id: str, hours: float) -> None:
        self._store = store
        # With a key of the ring, so that a change of the passphrase leaves what is kept readable.
        self._cipher = PayloadCipher(keyring)
        self._process_id = process_id
        self._life = timedelta(hours=hours)

    async def reserve(self, scope: KeyScope, digest: str) -> str | None:
        """Reserve a key for a chat that this process is about to run.

        Whoever calls this knows that no chat with this key runs here: what this process reserved before is left over.

        Returns:
            The outcome that the key stands for; `None` when the chat is to be run.

        Raises:
            IdempotencyConflictError: the key stands for another request.
            IdempotencyInProgressError: another process runs the chat.
            VaultKeyError: the outcome was encrypted with a key that is not there any more.
        """
        sealed = await self._store.write(
            lambda conn: reserve(conn, scope, digest, process_id=self._process_id, now=utc_now(), life=self._life)
        )
        return None if sealed is None else await asyncio.to_thread(self._cipher.unseal, sealed)

    async def keep(self, scope: KeyScope, outcome: str) -> None:
        """Keep the outcome of the chat that the key was reserved for; it is on the disk when this returns."""
        sealed = await asyncio.to_thread(self._cipher.seal, outcome)
        kept = {"sealed": sealed, "process_id": None, "expires_at": utc_now() + self._life}
        await self._store.write(
            lambda conn: conn.execute(update(ANSWERS).where(self._reserved(scope)).values(**kept)), durable=True
        )

    async def free(self, scope: KeyScope) -> None:
        """Give a reserved key back: the next request with it runs."""
        await self._store.write(lambda conn: conn.execute(delete(ANSWERS).where(self._reserved(scope))))

    async def require_unused(self, scope: KeyScope) -> None:
        """For work that is no chat on a connection: the key must not stand for one.

        Raises:
            IdempotencyConflictError: it does.
        """
        if await self._store.read(lambda conn: _row(conn, scope, utc_now())) is not None:
            raise IdempotencyConflictError("The Idempotency-Key was used without `Prefer: respond-async`.")

    def _reserved(self, scope: KeyScope) -> ColumnElement[bool]:
        return and_(_at(scope), ANSWERS.c.process_id == self._process_id, ANSWERS.c.sealed.is_(None))


def reserve(
    conn: Connection, scope: KeyScope, digest: str, *, process_id: str, now: datetime, life: timedelta
) -> str | None:
    """`KeptAnswers.reserve` within one writing transaction; the outcome is still encrypted."""
    if records.find(conn, scope.owner, scope.route, scope.key, now=now) is not None:
        raise IdempotencyConflictError("The Idempotency-Key was used with `Prefer: respond-async`.")
    row = _row(conn, scope, now)
    if row is not None and (row[1] is not None or _runs_elsewhere(conn, row[2], process_id)):
        if row[0] != digest:
            raise IdempotencyConflictError("The Idempotency-Key was used with another request.")
        if row[1] is None:
            raise IdempotencyInProgressError(
                "The first request with this Idempotency-Key is still running.",
                retry_after_seconds=_COME_BACK_SECONDS,
            )
        return row[1]
    conn.execute(delete(ANSWERS).where(_at(scope) | (ANSWERS.c.expires_at <= now)))
    conn.execute(
        insert(ANSWERS).values(
            owner=scope.owner,
            route=scope.route,
            key=scope.key,
            digest=digest,
            process_id=process_id,
            expires_at=now + life,
        )
    )
    return None


def _at(scope: KeyScope) -> ColumnElement[bool]:
    return and_(ANSWERS.c.owner == scope.owner, ANSWERS.c.route == scope.route, ANSWERS.c.key == scope.key)


def _row(conn: Connection, scope: KeyScope, now: datetime) -> tuple[str, str | None, str | None] | None:
    """Digest, sealed outcome and process of a key whose day is not over."""
    row = conn.execute(
        select(ANSWERS.c.digest, ANSWERS.c.sealed, ANSWERS.c.process_id).where(_at(scope), ANSWERS.c.expires_at > now)
    ).one_or_none()
    return None if row is None else (row.digest, row.sealed, row.process_id)


def _runs_elsewhere(conn: Connection, holder: str | None, here: str) -> bool:
    """Whether another process that is alive holds it; the dead lose their rows to those who renew theirs."""
    if holder == here:
        return False
    return conn.execute(select(PROCESSES.c.id).where(PROCESSES.c.id == holder)).one_or_none() is not None

"""All API keys: made, changed, revoked, and looked up for every request."""

from __future__ import annotations

import asyncio
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, TypeVar

from sqlalchemy import Connection

from bridge import audit
from bridge.keys import rows
from bridge.keys.grant import Grant, grant_of
from bridge.keys.rows import StoredKey, StoredKeys
from bridge.keys.use import KeyUse
from bridge.store.engine import Store
from core import ids
from core.clock import utc_now
from core.contracts.keys import KeyRecord, KeyTerms
from core.errors import AuthenticationError, ExpiredKeyError, NotFoundError, RevokedKeyError

T = TypeVar("T")

_FOREIGN_CHANGE_SECONDS = 0.25
"""How long another process's change of a key may go unseen; this process's own counts at once."""

_KEY_BYTES = 32
_HINT = 12
_PREFIX = "sk-cgb-"
_IN_AUDIT = ("name", "scopes", "models", "accounts", "per_minute", "per_day", "expires_at", "revoked_at")


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A key that was just made; its `value` is shown once and kept nowhere."""

    record: KeyRecord
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Known:
    stored: StoredKey
    grant: Grant


class ApiKeys:
    """The keys as they are now, of which a request's one is found without asking the database.

    Attributes:
        use: what they are used for.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.use = KeyUse(store)
        self._lock = asyncio.Lock()
        self._known: Mapping[bytes, _Known] = {}
        self._grants: Mapping[str, Grant] = {}
        self._revision: int | None = None
        self._version: int | None = None
        self._stale = True
        self._looked = 0.0

    async def admit(self, digest: bytes) -> Grant:
        """What the key allows whose SHA-256 this is.

        Raises:
            AuthenticationError: there is none, or its time is over, or it was revoked; the class says which.
            StoreError: the keys cannot be read.
        """
        if self._stale or time.monotonic() >= self._looked + _FOREIGN_CHANGE_SECONDS:
            await self._refresh()
        known = self._known.get(digest)
        if known is None or not hmac.compare_digest(known.stored.digest, digest):
            raise AuthenticationError("The API key is not one of this bridge's.")
        record = known.stored.record
        if record.revoked_at is not None:
            raise RevokedKeyError(f"The API key {record.name!r} was revoked.")
        if record.expires_at is not None and record.expires_at <= utc_now():
            raise ExpiredKeyError(f"The API key {record.name!r} has expired.")
        return known.grant

    def begin(self, key_id: str, pieces: int = 1) -> None:
        """Count work that a key begins, whose request was admitted; from any thread.

        Raises:
            KeyLimitError: it is too much for this minute or day.
        """
        grant = self._grants.get(key_id)
        if grant is not None:
            self.use.begin(grant, pieces)

    async def create(self, terms: KeyTerms, *, actor: str) -> MadeKey:
        """Make a key; it counts from the next request on, in every process.

        Raises:
            StoreError: it cannot be kept.
        """
        value = f"{_PREFIX}{secrets.token_urlsafe(_KEY_BYTES)}"
        record = KeyRecord(**terms.model_dump(), id=ids.key_id(), hint=value[:_HINT], created_at=utc_now())

        def work(conn: Connection) -> None:
            rows.add(conn, record, sha256(value.encode()).digest())
            audit.record(conn, actor, "key.created", record.id, None, _told(record))

        await self._written(work)
        return MadeKey(record, value)

    async def all(self) -> tuple[KeyRecord, ...]:
        """Every key there ever was, the oldest first."""
        stored = await self._store.read(rows.recall)
        assert stored is not None
        return tuple(self._current(key.record) for key in stored.keys)

    async def get(self, key_id: str) -> KeyRecord:
        """One key.

        Raises:
            NotFoundError: there is none of this id.
        """
        return self._current(_found(await self._store.read(lambda conn: rows.find(conn, key_id))))

    async def change(self, key_id: str, changes: Mapping[str, Any], *, actor: str) -> KeyRecord:
        """Change some of a key's terms, which counts from the next request on, in every process.

        Raises:
            NotFoundError: there is none of this id.
            RevokedKeyError: it was revoked; no change brings it back.
        """

        def work(conn: Connection) -> KeyRecord:
            before = _found(rows.find(conn, key_id))
            if before.revoked_at is not None:
                raise RevokedKeyError(f"The API key {before.name!r} was revoked.")
            return _change(conn, before, changes, actor, "key.changed")

        return self._current(await self._written(work))

    async def revoke(self, key_id: str, *, actor: str) -> KeyRecord:
        """Take a key back at once; what was revoked before stays as it is.

        Raises:
            NotFoundError: there is none of this id.
        """

        def work(conn: Connection) -> KeyRecord:
            before = _found(rows.find(conn, key_id))
            if before.revoked_at is not None:
                return before
            return _change(conn, before, {"revoked_at": utc_now()}, actor, "key.revoked")

        return self._current(await self._written(work))

    async def aclose(self) -> None:
        """Write what was counted and not written yet."""
        await self.use.aclose()

    async def _written(self, work: Callable[[Connection], T]) -> T:
        done = await self._store.write(work, durable=True)
        self._stale = True
        return done

    async def _refresh(self) -> None:
        async with self._lock:
            if not self._stale and time.monotonic() < self._looked + _FOREIGN_CHANGE_SECONDS:
                return
            # First, so that whoever changes a key while this reads is not overlooked.
            self._stale, looked = False, time.monotonic()
            try:
                version = await self._store.changed()
                if version != self._version or self._revision is None:
                    self._take(await self._store.read(lambda conn: rows.recall(conn, known=self._revision)))
                self._version, self._looked = version, looked
            except BaseException:
                self._stale = True
                raise

    def _take(self, stored: StoredKeys | None) -> None:
        if stored is None:
            return
        self._revision = stored.revision
        self._grants = {key.record.id: grant_of(key.record) for key in stored.keys}
        self._known = {key.digest: _Known(key, self._grants[key.record.id]) for key in stored.keys}
        for key in stored.keys:
            self.use.remember(key)

    def _current(self, record: KeyRecord) -> KeyRecord:
        seen = self.use.last(record.id)
        if seen is None or (record.last_used_at is not None and record.last_used_at > seen):
            return record
        return record.model_copy(update={"last_used_at": seen})


def _change(conn: Connection, before: KeyRecord, changes: Mapping[str, Any], actor: str, action: str) -> KeyRecord:
    after = KeyRecord.model_validate({**before.model_dump(), **changes})
    was, became = _told(before), _told(after)
    changed = [name for name in was if was[name] != became[name]]
    if not changed:
        return before
    rows.change(conn, after)
    audit.record(
        conn,
        actor,
        action,
        before.id,
        {name: was[name] for name in changed},
        {name: became[name] for name in changed},
    )
    return after


def _found(record: KeyRecord | None) -> KeyRecord:
    if record is None:
        raise NotFoundError("There is no API key of this id.", param="key_id")
    return record


def _told(record: KeyRecord) -> dict[str, Any]:
    told = record.model_dump(mode="json")
    return {name: told[name] for name in _IN_AUDIT}

"""API keys: what one is, and what it allows."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from core.contracts.base import Contract


class AccessScope(StrEnum):
    """What a key may be used for. None holds another: a key that administers chats only where it says so."""

    CHAT = "chat"
    IMAGES = "images"
    RESEARCH = "research"
    READ = "read"
    ADMIN = "admin"


class KeyTerms(Contract):
    """What whoever makes a key may say of it.

    Attributes:
        models, accounts: the only ones it may name; empty for all of them.
        per_minute, per_day: how much work it may begin, `None` for no limit. A day is one of UTC.
    """

    name: str
    scopes: tuple[AccessScope, ...]
    models: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    per_minute: int | None = None
    per_day: int | None = None
    expires_at: datetime | None = None


class KeyRecord(KeyTerms):
    """A key as it is remembered; the key itself is not.

    Attributes:
        id: also owns what the key makes.
        hint: the key's first characters, by which people know it.
        last_used_at: some seconds late at most.
    """

    id: str
    hint: str
    created_at: datetime
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

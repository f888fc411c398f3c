"""What an account must not be asked for at present, whose turn it is, and whose conversation."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from bridge.store.types import UtcTime


class CooldownRow(SQLModel, table=True):
    """One cooldown: `scope` is `account`, `model:<slug>` or `bucket:<bucket>`.

    `source` says whether upstream told the end or the bridge guessed it, `evidence` what was learnt from. `strikes`
    counts refusals without a success between them. `probe` is the lease that tries the account after the end.
    """

    __tablename__ = "cooldowns"

    account: str = Field(primary_key=True, max_length=64)
    scope: str = Field(primary_key=True)
    reason: str
    source: str
    evidence: str
    since: datetime = Field(sa_type=UtcTime)
    until: datetime = Field(sa_type=UtcTime)
    cap_seconds: int
    strikes: int
    probe: str | None = None


class AffinityRow(SQLModel, table=True):
    """Who answered a conversation whose strategy never changes the account; `key` is its owner and a hash."""

    __tablename__ = "affinities"

    key: str = Field(primary_key=True)
    account: str = Field(max_length=64)
    at: datetime = Field(sa_type=UtcTime, index=True)


class TurnRow(SQLModel, table=True):
    """What each account has to its credit under a strategy that takes turns."""

    __tablename__ = "turns"

    strategy: str = Field(primary_key=True)
    credits: dict[str, float] = Field(sa_type=JSON)

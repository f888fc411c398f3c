"""Counts in memory what a process serves, and tells the database every few seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime

from bridge.store.engine import Store
from bridge.usage.rows import Key, Tally, Transaction, add, counts
from bridge.usage.tokens import Usage
from core.clock import utc_now
from core.contracts.usage import UsageCount
from core.errors import BridgeError
from core.logging import get_logger

_log = get_logger(__name__)

_WRITE_SECONDS = 2.0


class UsageCounters:
    """Requests by key, account, model and kind. A crash loses what was counted in the last two seconds."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._tallies: dict[Key, Tally] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    def count(
        self,
        *,
        owner: str,
        account: str | None,
        model: str,
        kind: str,
        failed: bool = False,
        prompt_tokens: int = 0,
        completion_tokens: int = 0,
    ) -> None:
        """Count one request; look-ups in memory, nothing is waited for."""
        key = Key(day_of(utc_now()), owner, account or "", model, kind)
        self._tally(key, Tally(1, int(failed), prompt_tokens, completion_tokens))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_WRITE_SECONDS, self._begin_write)

    async def report(
        self, *, since: datetime, by: Sequence[str], owner: str | None = None, accounts: Collection[str] = ()
    ) -> tuple[UsageCount, ...]:
        """What was counted since a day, by all processes; those that count now are some seconds behind.

        Args:
            by: the dimensions to tell apart, and to sort by: `day`, `owner`, `account`, `model`, `kind`.
            owner: only this key's; `None` for everybody's.
            accounts: only these; empty for all.

        Raises:
            StoreError: the rows cannot be read.
        """
        await self._write()
        day = day_of(since)
        return await self._store.read(lambda conn: counts(conn, since=day, by=by, owner=owner, accounts=accounts))

    async def aclose(self) -> None:
        """Write what was counted and not written yet."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._writing is not None:
            await self._writing
        await self._write()

    def _tally(self, key: Key, tally: Tally) -> None:
        known = self._tallies.get(key)
        if known is None:
            self._tallies[key] = tally
        else:
            known.add(tally)

    def _begin_write(self) -> None:
        self._timer = None
        self._writing = asyncio.create_task(self._write(), name="usage")

    async def _write(self) -> None:
        tallies, self._tallies = self._tallies, {}
        if not tallies:
            return
        # A caller that is cancelled meanwhile cancels nothing: what was handed in is written.
        try:
            await asyncio.shield(self._store.submit(lambda conn: add(conn, tallies)))
        except BridgeError as error:
            _log.warning("usage_not_written", code=error.code, reason=error.message)
            for key, tally in tallies.items():
                self._tally(key, tally)


def count_ended(
    conn: Transaction,
    *,
    owner: str,
    account: str | None,
    model: str,
    kind: str,
    failed: bool,
    usage: Usage | None = None,
    now: datetime,
) -> None:
    """Count an operation in the transaction that ends it, so that it is counted once whatever dies.

    Args:
        usage: `None` for one that was never sent.
    """
    tokens = Usage(0, 0) if usage is None else usage
    key = Key(day_of(now), owner, account or "", model, kind)
    add(conn, {key: Tally(1, int(failed), tokens.prompt, tokens.completion)})


def day_of(moment: datetime) -> str:
    """The day of UTC that a moment belongs to."""
    return moment.strftime("%Y-%m-%d")

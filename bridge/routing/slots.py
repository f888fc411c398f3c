"""The slots of chats: taken in turn, given back whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from bridge.accounts import leases
from bridge.accounts.account import Account
from bridge.accounts.leases import Transaction
from bridge.accounts.registry import Registry
from bridge.routing.chats import OTHERS_WAIT, Grant, Want, looking, serving
from bridge.routing.grants import grant_next
from bridge.routing.queue import NotYet, Queue
from core.clock import utc_now
from core.errors import BridgeError, StoreError
from core.logging import get_logger

_log = get_logger(__name__)

_LONGEST_PAUSE_SECONDS = 30.0


class Slots:
    """Takes slots for the chats of this process: at once when nobody waits, else through the queue."""

    def __init__(
        self,
        registry: Registry,
        *,
        process_id: str,
        limit: int,
        patience_seconds: float,
        on_granted: Callable[[tuple[str, ...]], None],
    ) -> None:
        """Args:
        on_granted: told of operations that a chat's slot went to.
        """
        self._on_granted = on_granted
        self._registry = registry
        self._store = registry.store
        self._process_id = process_id
        self._queue: Queue[Want, Grant] = Queue(
            limit=limit,
            patience_seconds=patience_seconds,
            serve=self._serve,
            changed=self._store.changed,
            give_back=lambda grant: self.give_back(grant.lease_id),
        )

    async def acquire(self, want: Want) -> Grant:
        """A slot. A cancelled caller leaves none behind.

        Raises:
            BridgeError: nobody can serve the want, or nobody does in time (`Queue.wait`, `serving`).
        """
        if len(self._queue):
            return await self._queue.wait(want, await self._why(want))
        try:
            (outcome,) = await self._serve([want])
        except asyncio.CancelledError:
            # The transaction may still run; the one that gives the slot back is handed in after it.
            self.give_back(want.lease_id)
            raise
        if isinstance(outcome, BridgeError):
            raise outcome
        return await self._queue.wait(want, outcome) if isinstance(outcome, NotYet) else outcome

    def give_back(self, lease_id: str, failures: int = 0) -> None:
        """Give a slot back, without waiting for it; tried again until the database takes it."""
        try:
            released = self._store.submit(partial(_release, lease_id=lease_id, accounts=self._registry.latest))
        except StoreError:
            # The store is closed: this process's row went before, and its leases with it.
            return
        released.add_done_callback(partial(self._given_back, lease_id, failures))

    async def aclose(self) -> None:
        """Send everybody in line away."""
        await self._queue.aclose()

    async def _why(self, want: Want) -> NotYet:
        """Why somebody has to wait whom nobody has looked at yet, because others were there before.

        Raises:
            BridgeError: waiting would not help.
        """
        if not self._queue.full:
            # The line is served in a moment, and then it is known.
            return OTHERS_WAIT
        accounts = await self._registry.snapshot()
        work = looking(want, accounts, revision=self._registry.revision, now=utc_now())
        outcome = await self._store.read(work)
        if isinstance(outcome, BridgeError):
            raise outcome
        return outcome

    async def _serve(self, wants: Sequence[Want]) -> list[Grant | BridgeError | NotYet]:
        accounts = await self._registry.snapshot()
        work = serving(wants, accounts, revision=self._registry.revision, process_id=self._process_id, now=utc_now())
        return await self._store.write(work)

    def _given_back(self, lease_id: str, failures: int, released: asyncio.Future[tuple[str, ...]]) -> None:
        error = released.exception()
        if error is None:
            self._queue.wake()
            self._on_granted(released.result())
            return
        _log.warning("lease_not_released", failures=failures + 1, reason=str(error))
        pause = min(2.0**failures, _LONGEST_PAUSE_SECONDS)
        released.get_loop().call_later(pause, self.give_back, lease_id, failures + 1)


def _release(conn: Transaction, *, lease_id: str, accounts: Sequence[Account]) -> tuple[str, ...]:
    leases.release(conn, lease_id)
    return grant_next(conn, accounts, utc_now())

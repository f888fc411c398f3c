"""How api and activities hold an account: choose, lease, open the session, report the outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bridge.accounts import leases, tickets
from bridge.accounts.conversations import Conversations
from bridge.accounts.leases import Transaction
from bridge.accounts.memory import refreshed
from bridge.accounts.outcomes import Attempt, Outcomes
from bridge.accounts.registry import Registry
from bridge.routing.affinity import Affinity
from bridge.routing.chats import Want, preferred
from bridge.routing.explain import Explanation, explained, left_out
from bridge.routing.grants import grant_next, release_operation
from bridge.routing.holds import ChatHold, Held
from bridge.routing.needs import Needs
from bridge.routing.sessions import Sessions
from bridge.routing.slots import Slots
from bridge.routing.taking import look
from bridge.routing.using import usable, using
from core.clock import utc_now
from core.contracts.operations import SkippedAccount
from core.contracts.routing import Strategy
from core.errors import AccountNotConfiguredError, BridgeError, StoreError
from core.logging import get_logger
from provider.interface.session import Session

__all__ = ["Held", "Pool", "Reservation", "grant_next", "release_operation"]

_log = get_logger(__name__)

OnGranted = Callable[[tuple[str, ...]], Coroutine[Any, Any, None]]
"""Takes the ids of operations that hold an account since now."""

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Reservation:
    """What became of an operation's wish for an account.

    Attributes:
        account: the alias, `None` while the operation waits in line (or is over).
        skipped: why each account was passed over, while waiting.
        granted: other operations that got an account in the same walk; the caller signals them.
    """

    account: str | None
    skipped: tuple[SkippedAccount, ...] = ()
    granted: tuple[str, ...] = ()


class Pool:
    """Every account of the pool, for this process.

    Attributes:
        on_granted: told, in a task of its own, of operations that got an account when a chat ended or an account
            changed; who starts the process sets it, to signal their workflows.
    """

    def __init__(
        self,
        registry: Registry,
        outcomes: Outcomes,
        sessions: Sessions,
        *,
        process_id: str,
        queue_limit: int,
        patience_seconds: float,
        strategy: Strategy = Strategy.AUTO,
    ) -> None:
        """Args:
        queue_limit, patience_seconds: how many chats may wait for a slot, and for how long.
        strategy: for requests that ask for none.
        """
        self._strategy = strategy
        self._registry = registry
        self._outcomes = outcomes
        self._sessions = sessions
        self._affinity = Affinity(Conversations(registry.store))
        self._slots = Slots(
            registry,
            process_id=process_id,
            limit=queue_limit,
            patience_seconds=patience_seconds,
            on_granted=self._tell,
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self.on_granted: OnGranted | None = None

    def chat(
        self, needs: Needs, *, affinity: str | None = None, exclude: Collection[str] = ()
    ) -> AbstractAsyncContextManager[Held]:
        """Hold an account for a chat; entering waits in line when all slots are taken.

        Leaving gives the slot back and remembers the outcome: a `BridgeError` that leaves the block is held against
        the account as far as it says something about it, a normal end counts as a success, a cancellation as neither.

        Args:
            affinity: names the conversation; who answered it before is preferred.
            exclude: accounts that were tried already; of a mapping the values are the codes of their errors, which
                `Held.route` then names.

        Raises:
            AccountNotConfiguredError: there is no account, or none of those named in `needs`.
            UnsupportedModelError: no account's plan offers the model.
            NoEligibleAccountError: none can serve now; `retry_after_seconds` is `None` when somebody has to act.
            AccountsBusyError: the queue is full, or its patience over.
            StoreError: leases cannot be written.
        """
        return ChatHold(
            self._slots,
            self._sessions,
            self._outcomes,
            self._affinity,
            needs=self.resolved(needs),
            key=affinity,
            exclude=exclude,
        )

    async def explain(self, needs: Needs, *, affinity: str | None = None, allowed: Collection[str] = ()) -> Explanation:
        """Where a request would go now, and why not elsewhere; nothing is asked of upstream and nothing is taken.

        Args:
            allowed: the only accounts that the request's API key may use; empty for all.

        Raises:
            StoreError: the accounts cannot be read, or leases not be written.
        """
        accounts, now, wanted = await self._registry.snapshot(), utc_now(), self.resolved(needs)
        apart = left_out(await self._registry.every(), accounts, wanted, allowed)

        def work(conn: Transaction) -> Explanation:
            pool = refreshed(conn, accounts)
            scene = look(conn, pool, [wanted], now)
            prefer = preferred(conn, Want("", wanted, prefer=self._affinity.account(affinity), key=affinity))
            return explained(pool, wanted, scene, prefer=prefer, apart=apart)

        # In the writer's line, as the choice itself is: a slot that is being given back just now must count as free.
        return await self._registry.store.write(work)

    def resolved(self, needs: Needs) -> Needs:
        """The same, with the strategy that counts for it."""
        return needs.under(self._strategy)

    def use(self, alias: str, *, to_the_end: bool = False) -> AbstractAsyncContextManager[Session]:
        """The kept-open session of an account, for an operation that holds it.

        A quarter of a second after the account got into quarantine the session asks nothing more, and the block is cut
        off where it waits.

        Args:
            to_the_end: it is not cut off: what streams already is read to its end.

        Raises:
            AccountNotConfiguredError: there is no such account.
            AccountQuarantinedError: nothing may be sent with it, or nothing more.
            CaptureUnreadableError, CaptureRejectedError: its capture cannot be used.
        """
        return using(self._registry, self._sessions, alias, to_the_end=to_the_end)

    async def require_usable(self, alias: str) -> None:
        """See that an account may be used, right before something is sent with it.

        Raises:
            AccountError: it may not.
        """
        await usable(self._registry, alias)

    async def session(self, alias: str) -> Session:
        """The kept-open session of an account, for a short look at it.

        Raises:
            AccountNotConfiguredError: there is no such account.
            AccountQuarantinedError: nothing may be sent with it.
            CaptureUnreadableError, CaptureRejectedError: its capture cannot be used.
        """
        return await self._sessions.lend(await usable(self._registry, alias))

    async def report(
        self, alias: str, error: BridgeError | None, needs: Needs | None = None, *, began: datetime | None = None
    ) -> None:
        """Remember the outcome of an operation's use of an account; `None` is a success.

        A database that cannot take it loses nothing but the lesson.

        Args:
            needs: what the account was used for; without it a limit of a model or feature teaches nothing.
            began: when the use began; a success ends only those cooldowns that are older, so none without it.
        """
        try:
            account = await self._registry.account(alias)
            wanted = needs or Needs(kind="chat", buckets=())
            attempt = Attempt(began or _LONG_AGO, account.capture_sha256, wanted.slug, wanted.buckets)
            await self._outcomes.report(alias, error, attempt)
        except (AccountNotConfiguredError, StoreError) as problem:
            _log.warning("outcome_not_remembered", account=alias, code=problem.code, reason=problem.message)

    async def reserve(self, operation_id: str, sequence: int, needs: Needs) -> Reservation:
        """Get an operation an account, or a place in line; an operation that holds one already keeps it.

        Raises:
            StoreError: nothing was reserved.
        """
        accounts, now, wanted = await self._registry.snapshot(), utc_now(), self.resolved(needs).model_dump_json()

        def work(conn: Transaction) -> Reservation:
            held = leases.held_by_operation(conn, operation_id)
            if held is not None or tickets.is_over(conn, operation_id):
                return Reservation(held)
            tickets.take_place(conn, operation_id=operation_id, sequence=sequence, needs=wanted, now=now)
            granted = grant_next(conn, accounts, now)
            return Reservation(
                leases.held_by_operation(conn, operation_id),
                tickets.skipped_of(conn, operation_id),
                tuple(other for other in granted if other != operation_id),
            )

        return await self._registry.store.write(work, durable=True)

    async def grant_waiting(self) -> tuple[str, ...]:
        """Clear up after operations that are over and serve the line; cheap when there is nothing to do.

        For whoever knows that something changed, or that time has passed: a new account, the end of a cooldown.

        Returns:
            The operations that hold an account since now; the caller signals them.

        Raises:
            StoreError: nothing was granted.
        """
        if not await self._registry.store.read(lambda conn: tickets.any_waiting(conn) or leases.any_finished(conn)):
            return ()
        accounts, now = await self._registry.snapshot(), utc_now()

        def work(conn: Transaction) -> tuple[str, ...]:
            leases.release_finished(conn)
            return grant_next(conn, accounts, now)

        return await self._registry.store.write(work, durable=True)

    def serve_line(self) -> None:
        """Serve the line soon, because an account changed; `on_granted` hears of it."""
        self._start(self._serve_line())

    async def aclose(self) -> None:
        """Send everybody in line away and close every session."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._slots.aclose()
        await self._sessions.aclose()

    async def _serve_line(self) -> None:
        try:
            self._tell(await self.grant_waiting())
        except StoreError as error:
            # The reconciler serves the line as well.
            _log.warning("line_not_served", code=error.code, reason=error.message)

    def _tell(self, granted: tuple[str, ...]) -> None:
        if granted and self.on_granted is not None:
            self._start(self.on_granted(granted))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="pool")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

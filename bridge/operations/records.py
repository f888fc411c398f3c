"""Operations as they are remembered: admitted, read, listed, cancelled, closed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, or_, select, update

from bridge.accounts.memory import refreshed
from bridge.accounts.registry import Registry
from bridge.operations import admission, events, journal, listing
from bridge.operations.admission import Admission, Admitted, Begin
from bridge.operations.closing import Ending, close
from bridge.operations.listing import Filters, Page
from bridge.operations.rows import OPERATIONS, TERMINAL, group, load
from bridge.routing.needs import Needs
from bridge.routing.refusing import require_possible
from bridge.store.engine import Store
from bridge.usage import tokens
from core.clock import utc_now
from core.contracts.artifacts import Artifact
from core.contracts.failure import Failure
from core.contracts.operations import OperationEvent, OperationKind, OperationRecord, OperationState
from core.contracts.routing import Strategy
from core.contracts.steps import Closed
from core.errors import NotFoundError

OnGranted = Callable[[tuple[str, ...]], Awaitable[None]]


class Operations:
    """The rows of all operations. Every write is durable before the call returns.

    `on_granted` is told which waiting operations an ending served; who starts the process sets it.
    """

    def __init__(
        self,
        store: Store,
        registry: Registry,
        *,
        idempotency_hours: float = 24,
        strategy: Strategy = Strategy.AUTO,
        begin: Begin = lambda _key, _pieces: None,
    ) -> None:
        """Args:
        strategy: for requests that ask for none.
        begin: counts a new operation for its key, or refuses it; called in the writer's thread.
        """
        self._store = store
        self._begin = begin
        self._registry = registry
        self._key_life = timedelta(hours=idempotency_hours)
        self._strategy = strategy
        self.on_granted: OnGranted | None = None

    async def admit(self, request: Admission) -> Admitted:
        """Make the operation of a request, or find the one that answers it already.

        Raises:
            IdempotencyConflictError: the idempotency key stands for another request.
            OperationIdTakenError: the client-chosen id is taken.
            AccountNotConfiguredError, UnsupportedModelError, FeatureSwitchedOffError: nobody could ever serve it.
            KeyLimitError: its key has begun too much already; nothing was stored.
        """
        accounts = await self._registry.snapshot()

        def work(conn: Connection) -> Admitted:
            now = utc_now()

            def settled(needs: Needs) -> Needs:
                wanted = needs.under(self._strategy)
                require_possible(refreshed(conn, accounts), wanted, now)
                return wanted

            return admission.admit(conn, request, settled, self._begin, now=now, key_life=self._key_life)

        return await self._store.write(work, durable=True)

    async def find(self, operation_id: str) -> OperationRecord | None:
        """One operation, whoever owns it."""
        return await self._store.read(lambda conn: load(conn, operation_id))

    async def get(self, operation_id: str, owner: str | None) -> OperationRecord:
        """One operation of an owner; `None` for anybody's.

        Raises:
            NotFoundError: there is none, or it is another owner's.
        """
        record = await self.find(operation_id)
        if record is None or owner not in (None, record.owner):
            raise NotFoundError("There is no operation of this id.", param="operation_id")
        return record

    async def group(self, operation_id: str) -> tuple[OperationRecord, ...]:
        """An operation, and behind it those that it leads; nothing where there is none."""
        return await self._store.read(lambda conn: group(conn, operation_id))

    async def list(
        self,
        owner: str | None,
        *,
        kind: OperationKind | None = None,
        state: OperationState | None = None,
        account: str | None = None,
        since: datetime | None = None,
        words: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page:
        """A page of operations, newest first; `words` is what the prompt says somewhere.

        Args:
            owner: whose; `None` for everybody's.

        Raises:
            InvalidRequestError: `cursor` is none that a page gave out.
        """
        filters = Filters(kind=kind, state=state, account=account, since=since, words=words)
        return await self._store.read(lambda conn: listing.page(conn, owner, filters, cursor=cursor, limit=limit))

    async def mark_disconnected(self, operation_id: str) -> None:
        """The connection that waited for this operation has ended; a retry of the same request may claim it now."""

        def work(conn: Connection) -> None:
            conn.execute(
                update(OPERATIONS)
                .where(OPERATIONS.c.id == operation_id, OPERATIONS.c.detached.is_(False))
                .values(disconnected_at=utc_now(), claimed=False)
            )

        await self._store.write(work, durable=True)

    async def request_cancel(self, operation_id: str, owner: str | None) -> OperationRecord:
        """Ask for an operation and its members to be cancelled: from here on nothing is sent for them; their workflows
        have to be told.

        Nothing changes for one that has ended.

        Raises:
            NotFoundError: there is none, or it is another owner's.
        """
        await self.get(operation_id, owner)

        def work(conn: Connection) -> None:
            own = or_(OPERATIONS.c.id == operation_id, OPERATIONS.c.lead == operation_id)
            running = select(OPERATIONS.c.id).where(own, OPERATIONS.c.state.not_in(TERMINAL))
            for one in conn.execute(running).scalars().all():
                journal.request_cancel(conn, one, utc_now())

        await self._store.write(work, durable=True)
        return await self.get(operation_id, owner)

    async def events(self, operation_id: str, owner: str | None, *, after: int, limit: int) -> EventPage:
        """The events behind number `after`, oldest first.

        Raises:
            NotFoundError: there is no such operation, or it is another owner's.
        """
        found = await self._store.read(lambda conn: _events(conn, operation_id, owner, after, limit))
        if found is None:
            raise NotFoundError("There is no operation of this id.", param="operation_id")
        return found

    async def unfinished(self) -> tuple[Unfinished, ...]:
        """Every operation that has not ended, in the order of admission."""
        return await self._store.read(_unfinished)

    async def close(
        self,
        operation_id: str,
        state: OperationState,
        failure: Failure | None = None,
        *,
        results: Sequence[Artifact] = (),
        text: str | None = None,
    ) -> Closed:
        """End an operation, keep its results, and serve those who wait for what it held: one transaction.

        Results are files, or words. The first close counts: what a later one brings is not kept.
        """
        accounts = await self._registry.snapshot()
        # Its tokens are counted in the transaction, whose thread everybody waits for.
        await tokens.ready()

        def work(conn: Connection) -> Ending:
            return close(
                conn, operation_id, state, failure, results=results, text=text, accounts=accounts, now=utc_now()
            )

        ending = await self._store.write(work, durable=True)
        if ending.granted and self.on_granted is not None:
            await self.on_granted(ending.granted)
        return ending.closed


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some events, oldest first.

    Attributes:
        last_event: number of the newest event there is.
        ended: none follows that one.
    """

    items: tuple[OperationEvent, ...]
    last_event: int
    ended: bool

    @property
    def has_more(self) -> bool:
        """There are events behind those of this page."""
        return bool(self.items) and self.items[-1].number < self.last_event


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What the reconciler needs to know of an operation that has not ended."""

    id: str
    state: OperationState
    account: str | None
    created_at: datetime
    cancel_requested: bool


def _events(conn: Connection, operation_id: str, owner: str | None, after: int, limit: int) -> EventPage | None:
    row = conn.execute(
        select(OPERATIONS.c.last_event, OPERATIONS.c.state, OPERATIONS.c.owner).where(OPERATIONS.c.id == operation_id)
    ).one_or_none()
    if row is None or owner not in (None, row.owner):
        return None
    return EventPage(events.read(conn, operation_id, after, limit), row.last_event, row.state in TERMINAL)


def _unfinished(conn: Connection) -> tuple[Unfinished, ...]:
    rows = conn.execute(
        select(
            OPERATIONS.c.id,
            OPERATIONS.c.state,
            OPERATIONS.c.account,
            OPERATIONS.c.created_at,
            OPERATIONS.c.cancel_requested,
        )
        .where(OPERATIONS.c.state.not_in(TERMINAL))
        .order_by(OPERATIONS.c.sequence)
    ).all()
    return tuple(
        Unfinished(row.id, OperationState(row.state), row.account, row.created_at, row.cancel_requested) for row in rows
    )

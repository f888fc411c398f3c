"""An operation comes to its account: in line, granted at once, or handed on from one that refused it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sqlalchemy import Connection, update

from bridge.accounts.account import Account
from bridge.accounts.registry import Registry
from bridge.operations import journal, states
from bridge.operations.records import OnGranted
from bridge.operations.rows import OPERATIONS, SUBMISSIONS, load
from bridge.operations.turns import account_needs, bucket_of, inputs_of
from bridge.routing.eligibility import skips
from bridge.routing.grants import grant_next, release_operation, release_upload
from bridge.routing.needs import Needs
from bridge.routing.pool import Pool
from bridge.store.engine import Store
from core.clock import utc_now
from core.contracts.operations import OperationRecord, OperationState
from core.contracts.routing import Strategy
from core.contracts.steps import ReserveInput, Standing
from core.errors import NotFoundError


class Reservations:
    """Reserves accounts for operations. `on_granted` is told whom a handed-back account went to."""

    def __init__(
        self,
        store: Store,
        registry: Registry,
        pool: Pool,
        *,
        preflight: Callable[[Needs], Awaitable[None]] | None = None,
    ) -> None:
        """Args:
        preflight: has what is not known of the accounts' quota asked for, before one is chosen.
        """
        self._preflight = preflight
        self._store = store
        self._registry = registry
        self._pool = pool
        self.on_granted: OnGranted | None = None

    async def reserve(self, asked: ReserveInput) -> Standing:
        """Where the operation stands, and an account for it if it needs one and one is free. Safe to repeat.

        An operation that has sent something keeps its account; another one gives it back where it is in `exclude` or
        in quarantine. One that finds none free waits in line in the order of admission.

        Raises:
            NotFoundError: there is no such operation.
        """
        record, book = await self._store.read(lambda conn: _load(conn, asked.operation_id))
        if record.state.terminal or book.sent or record.cancel_requested:
            return _standing(record, book, account=book.account or record.account)
        accounts = await self._registry.snapshot()
        if record.account is not None and (record.account in asked.exclude or _is_kept_away(record.account, accounts)):
            await self._give_back(record, accounts)
            record = record.model_copy(update={"account": None})
        needs = self._pool.resolved(account_needs(record))
        if asked.exclude:
            left = _others(needs, accounts, asked.exclude)
            if not left:
                return _standing(record, book, account=None, exhausted=True)
            needs = needs.model_copy(update={"accounts": left, "tried": asked.causes})
        if self._preflight is not None and record.account is None:
            await self._preflight(needs)
        held = await self._pool.reserve(record.id, sequence=record.sequence, needs=needs)
        await self._tell(held.granted)
        if held.account is not None:
            return _standing(record, book, account=held.account)
        return await self._store.write(lambda conn: _waits(conn, record.id), durable=True)

    async def uploads_done(self, operation_id: str) -> None:
        """Give back the slot for uploading, which an operation holds beside its own. Safe to repeat."""
        accounts = await self._registry.snapshot()

        def work(conn: Connection) -> tuple[str, ...]:
            release_upload(conn, operation_id)
            return grant_next(conn, accounts, utc_now())

        await self._tell(await self._store.write(work, durable=True))

    async def _give_back(self, record: OperationRecord, accounts: tuple[Account, ...]) -> None:
        def work(conn: Connection) -> tuple[str, ...]:
            if journal.read(conn, record.id).sent:
                return ()
            release_operation(conn, record.id)
            conn.execute(update(OPERATIONS).where(OPERATIONS.c.id == record.id).values(account=None, route=""))
            conn.execute(
                update(SUBMISSIONS)
                .where(SUBMISSIONS.c.operation_id == record.id)
                .values(account=None, upstream_failures=0)
            )
            states.advance(conn, record.id, OperationState.WAITING_FOR_ACCOUNT, data={"refused_by": record.account})
            return grant_next(conn, accounts, utc_now())

        granted = await self._store.write(work, durable=True)
        await self._tell(granted)

    async def _tell(self, granted: tuple[str, ...]) -> None:
        if granted and self.on_granted is not None:
            await self.on_granted(granted)


def _load(conn: Connection, operation_id: str) -> tuple[OperationRecord, journal.Journal]:
    record = load(conn, operation_id)
    if record is None:
        raise NotFoundError("There is no operation of this id.", param="operation_id")
    return record, journal.read(conn, operation_id)


def _waits(conn: Connection, operation_id: str) -> Standing:
    record, _ = _load(conn, operation_id)
    if record.account is None:
        skipped = [skip.model_dump(mode="json") for skip in record.skipped]
        states.advance(conn, operation_id, OperationState.WAITING_FOR_ACCOUNT, data={"skipped": skipped})
    record, book = _load(conn, operation_id)
    return _standing(record, book, account=record.account)


def _is_kept_away(alias: str, accounts: tuple[Account, ...]) -> bool:
    return any(account.alias == alias and account.quarantined(utc_now()) is not None for account in accounts)


def _others(needs: Needs, accounts: tuple[Account, ...], exclude: tuple[str, ...]) -> tuple[str, ...]:
    """Who could still serve, if not at once: accounts that only lack a free slot."""
    if needs.strategy is Strategy.STICKY:
        return ()
    order = needs.accounts or tuple(account.alias for account in accounts)
    able = {account.alias for account in accounts if skips(account, needs, utc_now(), {}) is None}
    return tuple(alias for alias in order if alias in able and alias not in exclude)


def _standing(
    record: OperationRecord, book: journal.Journal, *, account: str | None, exhausted: bool = False
) -> Standing:
    return Standing(
        state=record.state,
        account=account,
        bucket=bucket_of(record.kind),
        conversation_id=book.conversation_id,
        sent=book.sent,
        cancel_requested=record.cancel_requested,
        exhausted=exhausted,
        skipped=record.skipped,
        failure=record.failure,
        attempts=record.attempts,
        last_event=record.last_event,
        inputs=len(inputs_of(record)),
    )

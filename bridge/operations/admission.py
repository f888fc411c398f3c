"""Admission: a request becomes an operation, or turns out to be one that is there already."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, and_, false, insert, or_, select, update

from bridge.accounts import tickets
from bridge.files import inputs
from bridge.idempotency import records as keys
from bridge.idempotency.digest import request_digest
from bridge.operations import events
from bridge.operations.rows import OPERATIONS, SUBMISSIONS, group, leads_unfinished
from bridge.operations.turns import account_needs, inputs_of, prompt_of
from bridge.routing.needs import Needs
from core import ids
from core.contracts.operations import OperationKind, OperationRecord, OperationState
from core.errors import IdempotencyConflictError, InternalError, OperationIdTakenError

RECLAIM = timedelta(seconds=150)
"""How long a run whose caller has gone waits for that caller's retry."""

LONGEST_PROMPT = 2000
"""How much of a request's words can be searched."""

_JOINED = (OperationKind.IMAGE, OperationKind.EDIT)
"""Kinds whose equal request joins a run whose caller has gone, whoever sends it."""


Begin: TypeAlias = Callable[[str, int], None]
"""Counts the pieces of work that a key begins, by the key's id, or raises where they are too many."""

Settled: TypeAlias = Callable[[Needs], Needs]
"""The needs of a new operation with what they leave open; raises where nobody could ever serve them."""


@dataclass(frozen=True, slots=True)
class Admission:
    """A fully validated request for long work.

    Attributes:
        owner: id of the API key that asks.
        route: the route's template; scopes `idempotency_key`.
        request: the request by kind, as JSON.
        digest: `bridge.idempotency.digest.request_digest` of route and body.
        model: the public model name, unchanged.
        operation_id: the client's own choice; also an idempotency key.
        retry_count: what a vendor's SDK says of itself; above 0 it may be looking for a run it lost.
        detached: the caller does not wait for the answer.
        cancel_on_disconnect: the operation is cancelled when its caller goes away.
        rerun_of: the operation that this one repeats; such a one never joins another.
        members: the requests of further operations that are made with it and that it answers for.
    """

    kind: OperationKind
    owner: str
    route: str
    request: dict[str, Any]
    digest: str
    model: str
    operation_id: str | None = None
    idempotency_key: str | None = None
    retry_count: int = 0
    detached: bool = False
    cancel_on_disconnect: bool = False
    rerun_of: str | None = None
    members: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Admitted:
    """The operation that answers the request, and behind it its members; `created` when they are new."""

    group: tuple[OperationRecord, ...]
    created: bool

    @property
    def record(self) -> OperationRecord:
        """The one that answers."""
        return self.group[0]


def admit(
    conn: Connection,
    admission: Admission,
    settled: Settled,
    begin: Begin,
    *,
    now: datetime,
    key_life: timedelta,
) -> Admitted:
    """Find or make the operation and its members, within one writing transaction.

    Args:
        begin: is told of new ones; where it raises, nothing is stored.

    Raises:
        IdempotencyConflictError: the key stands for another request.
        OperationIdTakenError: the id is another request's, or another caller's.
        BridgeError: what `settled` raises; nothing is stored then.
    """
    known = _by_key(conn, admission, now) or _by_id(conn, admission) or _lost_run(conn, admission, now)
    if known is not None:
        return Admitted(_loaded(conn, known), created=False)
    operation_id = admission.operation_id or ids.operation_id()
    _make(conn, admission, operation_id, now, settled)
    for number, request in enumerate(admission.members, 1):
        member = _member(admission, request, operation_id, number)
        _make(conn, member, ids.operation_id(), now, settled, lead=operation_id)
    if admission.idempotency_key:
        kept = keys.Kept(admission.digest, operation_id)
        keys.keep(conn, admission.owner, admission.route, admission.idempotency_key, kept, now=now, life=key_life)
    begin(admission.owner, 1 + len(admission.members))
    return Admitted(_loaded(conn, operation_id), created=True)


def _member(admission: Admission, request: dict[str, Any], lead: str, number: int) -> Admission:
    """A member as if it had been asked for by itself. Its digest is that of no request, so that none ever joins it."""
    digest = request_digest(admission.route, {"lead": lead, "member": number})
    return replace(admission, request=request, digest=digest, rerun_of=None)


def _make(
    conn: Connection,
    admission: Admission,
    operation_id: str,
    now: datetime,
    settled: Settled,
    *,
    lead: str | None = None,
) -> None:
    """One operation: its row, its first event, its journal and its place in line."""
    _insert(conn, admission, operation_id, now, lead)
    record = _loaded(conn, operation_id)[0]
    # Only of a new one: an answer that is there already is given whatever has become of the accounts.
    needs = settled(account_needs(record)).model_dump_json()
    inputs.touch(conn, inputs_of(record))
    _keep_prompt(conn, record)
    # In line from here on: workflows begin in any order, and accounts are given in that of admission.
    tickets.take_place(conn, operation_id=operation_id, sequence=record.sequence, needs=needs, now=now)


def _by_key(conn: Connection, admission: Admission, now: datetime) -> str | None:
    if not admission.idempotency_key:
        return None
    kept = keys.find(conn, admission.owner, admission.route, admission.idempotency_key, now=now)
    if kept is None:
        return None
    if kept.digest != admission.digest:
        raise IdempotencyConflictError("The Idempotency-Key was used with another request.")
    return kept.operation_id


def _by_id(conn: Connection, admission: Admission) -> str | None:
    if admission.operation_id is None:
        return None
    row = conn.execute(
        select(OPERATIONS.c.owner, OPERATIONS.c.request_digest).where(OPERATIONS.c.id == admission.operation_id)
    ).one_or_none()
    if row is None:
        if keys.is_retired(conn, admission.operation_id):
            raise OperationIdTakenError("The operation id was used before.", param="chatgpt_operation_id")
        return None
    if row.owner != admission.owner or row.request_digest != admission.digest:
        raise OperationIdTakenError("The operation id is taken.", param="chatgpt_operation_id")
    return admission.operation_id


def _lost_run(conn: Connection, admission: Admission, now: datetime) -> str | None:
    """The oldest run of the same request whose own caller has gone; each is claimed by one retry.

    What says of itself that it is a retry finds a run for a while, also one that has ended. An equal request for a
    picture that does not say so joins a run only while that goes on, because nobody else waits for it; a finished
    picture answers no new request.
    """
    if admission.idempotency_key or admission.operation_id or admission.rerun_of:
        return None
    if admission.retry_count < 1 and admission.kind not in _JOINED:
        return None
    lost: list[ColumnElement[bool]] = []
    if admission.retry_count > 0:
        lost.append(OPERATIONS.c.disconnected_at >= now - RECLAIM)
    if admission.kind in _JOINED:
        lost.append(
            and_(
                OPERATIONS.c.disconnected_at.is_not(None),
                or_(OPERATIONS.c.finished_at.is_(None), leads_unfinished()),
                OPERATIONS.c.cancel_requested.is_(False),
            )
        )
    found: str | None = conn.execute(
        select(OPERATIONS.c.id)
        .where(
            OPERATIONS.c.request_digest == admission.digest,
            OPERATIONS.c.owner == admission.owner,
            OPERATIONS.c.claimed.is_(False),
            or_(false(), *lost),
        )
        .order_by(OPERATIONS.c.sequence)
        .limit(1)
    ).scalar_one_or_none()
    if found is not None:
        conn.execute(update(OPERATIONS).where(OPERATIONS.c.id == found).values(claimed=True))
    return found


def _insert(conn: Connection, admission: Admission, operation_id: str, now: datetime, lead: str | None) -> None:
    conn.execute(
        insert(OPERATIONS).values(
            id=operation_id,
            kind=admission.kind.value,
            state=OperationState.ACCEPTED.value,
            owner=admission.owner,
            request=admission.request,
            request_digest=admission.digest,
            message_id=ids.message_id(),
            model=admission.model,
            created_at=now,
            skipped=[],
            attempts=0,
            last_event=0,
            cancel_requested=False,
            detached=admission.detached,
            cancel_on_disconnect=admission.cancel_on_disconnect,
            claimed=False,
            rerun_of=admission.rerun_of,
            lead=lead,
        )
    )
    conn.execute(insert(SUBMISSIONS).values(operation_id=operation_id, fence=0, upstream_failures=0))
    events.append(conn, operation_id, "accepted:0", "state", {"state": OperationState.ACCEPTED.value})


def _keep_prompt(conn: Connection, record: OperationRecord) -> None:
    words = prompt_of(record)[:LONGEST_PROMPT]
    conn.execute(update(OPERATIONS).where(OPERATIONS.c.id == record.id).values(prompt=words))


def _loaded(conn: Connection, operation_id: str) -> tuple[OperationRecord, ...]:
    found = group(conn, operation_id)
    if not found:
        raise InternalError("An operation that was just found is not there.")
    return found

"""Long work for a client: admit it, start it, then wait for its end or answer at once."""

from __future__ import annotations

import asyncio

from starlette.types import Receive

from api.connection import ClientLeft, Leash, Voice, attended
from api.services import Services
from bridge.operations.admission import Admission
from core.contracts.operations import OperationRecord
from core.errors import NotFoundError, ShuttingDownError
from core.logging import bound, get_logger

_log = get_logger(__name__)


async def launch(services: Services, admission: Admission) -> OperationRecord:
    """Make the operation of a fully validated request and its members, or find the one that answers it already.

    Once it is stored this never fails: a start that is not confirmed is made up for by the reconciler.

    Raises:
        TemporalUnavailableError: Temporal is away, and nothing was stored.
        ShuttingDownError: the server is stopping.
        IdempotencyConflictError, OperationIdTakenError: the key or id stands for another request.
        AccountNotConfiguredError, UnsupportedModelError, FeatureSwitchedOffError: no account could ever do it.
        KeyLimitError: the caller's key has begun too much already.
        StoreError: it cannot be stored.
    """
    services.leashes.require_open()
    services.temporal.require()
    if admission.operation_id:
        services.chats.require_free(admission.operation_id)
    admitted = await services.bridge.operations.admit(admission)
    if admitted.created:
        await asyncio.gather(*(_start(services, record) for record in admitted.group))
    return admitted.record


async def _start(services: Services, record: OperationRecord) -> None:
    with bound(operation_id=record.id):
        if not await services.temporal.start(record):
            _log.warning("operation_start_pending")


async def wait(services: Services, record: OperationRecord, *, receive: Receive, voice: Voice) -> OperationRecord:
    """Wait on its client's connection until an operation and its members have ended.

    When the last connection that waits has gone, the operation goes on by itself and a retry of the same request finds
    it; or it is cancelled, where its request asked for that.

    Raises:
        ClientLeft: the client did.
        ShuttingDownError: the server is stopping; the operation goes on.
        NotFoundError: the operation was removed.
    """
    leash = Leash()
    try:
        with services.leashes.holding(leash), services.waiting.one(record.id):
            return await attended(_finished(services, record), receive=receive, leash=leash, voice=voice)
    except (ClientLeft, ShuttingDownError, asyncio.CancelledError) as reason:
        await _left_alone(services, record, end=record.cancel_on_disconnect and isinstance(reason, ClientLeft))
        raise


async def cancel(services: Services, operation_id: str, owner: str | None) -> None:
    """Have an operation and its members cancelled; nothing is sent upstream for them from here on.

    Args:
        owner: whose it has to be; `None` for anybody's.

    Raises:
        NotFoundError: there is none, or it is another owner's.
    """
    record = await services.bridge.operations.request_cancel(operation_id, owner)
    states = {record.id: record.state} | {member.id: member.state for member in record.members}
    running = [one for one, state in states.items() if not state.terminal]
    await asyncio.gather(*(services.temporal.cancel(one) for one in running))


async def _finished(services: Services, record: OperationRecord) -> OperationRecord:
    for member in record.members:
        await services.bridge.feed.wait_finished(member.id, None)
    found = await services.bridge.feed.wait_finished(record.id, None)
    if found is None:
        raise NotFoundError("The operation was removed.")
    return found


async def _left_alone(services: Services, record: OperationRecord, *, end: bool) -> None:
    if services.waiting.anybody(record.id):
        return
    if end:
        await cancel(services, record.id, record.owner)
    else:
        await services.bridge.operations.mark_disconnected(record.id)

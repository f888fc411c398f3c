"""A response in the background: kept as queued, admitted as an operation, and told from that one's log."""

from __future__ import annotations

import time

from starlette.types import Scope

from api.answers.detached import detached, require_startable
from api.launch import launch
from api.responses import items
from api.responses.wish import Wish
from api.responses.wording import wording_of
from api.services import Services
from bridge.responses.records import KeptResponse
from core import ids
from core.clock import utc_now
from core.contracts.operations import OperationRecord


async def start(services: Services, wish: Wish, scope: Scope) -> tuple[KeptResponse, OperationRecord]:
    """Keep a response that is to come, and start the operation that answers it; or find the one that answers it
    already.

    The response is kept first: an operation that nobody could read as a response must not be paid for.

    Raises:
        TemporalUnavailableError, ShuttingDownError: nothing can be started now, and nothing was kept.
        IdempotencyConflictError, OperationIdTakenError: the key or id stands for another request.
        StoreError, VaultKeyError: it cannot be kept.
    """
    asked = wish.asked
    await require_startable(services, asked)
    kept = _queued(wish, asked.operation_id or ids.response_id())
    known = await services.bridge.responses.find(kept.id, asked.owner)
    if known is None:
        await services.bridge.responses.keep(kept)
    try:
        wanted = await detached(
            services, asked, scope, wire="responses", words=wish.words, private=wish.private, operation_id=kept.id
        )
        record = await launch(services, wanted)
    except BaseException:
        if known is None:
            await services.bridge.responses.remove(kept.id, asked.owner)
        raise
    if record.id != kept.id:
        await services.bridge.responses.remove(kept.id, asked.owner)
        return await services.bridge.responses.find(record.id, asked.owner) or kept, record
    if known is None and wish.request.conversation is not None:
        await services.bridge.conversations.expect(wish.request.conversation, asked.owner, kept.items, kept.id)
    return known or kept, record


def _queued(wish: Wish, response_id: str) -> KeptResponse:
    now = utc_now()
    told = wording_of(wish, response_id=response_id, created=int(time.time())).told
    return KeptResponse(
        id=response_id,
        owner=wish.asked.owner,
        created_at=now,
        body={**told, "background": True, "status": "queued"},
        items=items.named(wish.items, response_id),
        previous_id=wish.request.previous_response_id,
    )

"""A chat in the background: a validated one as an admission, and a finished one as an answer."""

from __future__ import annotations

import hashlib
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Scope

from api.answers.asked import Identity
from api.answers.inputs import kept_messages
from api.answers.recorded import answered_of
from api.chat.completion import completion
from api.chat.service import ROUTE, Wish
from api.images.inputs import require_ready
from api.links import Links
from api.prefer import retry_count
from api.services import Services
from bridge.idempotency.answers import KeyScope
from bridge.operations.admission import Admission
from core.contracts.operations import OperationKind, OperationRecord
from core.contracts.texts import ResponseRequest
from core.errors import InvalidRequestError


async def admission_of(services: Services, wish: Wish, scope: Scope) -> Admission:
    """The admission of a chat that nobody waits for; its files are kept, which comes last.

    It runs in a chat that upstream keeps unless the request itself asks for another: only such a one can be looked up
    after a crash.

    Raises:
        InvalidRequestError: it asks for several answers.
        IdempotencyConflictError: the key stands for a chat on a connection.
        TemporalUnavailableError, ShuttingDownError: nothing can be started now.
        InvalidImageError: a file cannot be kept; `param` names it.
    """
    asked, order = wish.asked, wish.asked.order
    if asked.choices > 1:
        raise InvalidRequestError("A chat in the background has one answer.", param="n")
    require_ready(services)
    digest = await asked.digest()
    if asked.key is not None:
        await services.bridge.answers.require_unused(KeyScope(asked.owner, ROUTE, asked.key))
    wanted = ResponseRequest(
        messages=await kept_messages(services, order),
        asked=wish.words,
        model=asked.model,
        slug=order.model.slug,
        effort=order.model.effort,
        temporary=bool(wish.private),
        accounts=order.accounts,
        strategy=order.strategy,
    )
    return Admission(
        kind=OperationKind.RESPONSE,
        owner=asked.owner,
        route=ROUTE,
        request=wanted.model_dump(mode="json"),
        digest=digest,
        model=asked.model,
        operation_id=asked.operation_id,
        idempotency_key=asked.key,
        retry_count=retry_count(Headers(scope=scope)),
        detached=True,
    )


async def response_answer(services: Services, record: OperationRecord, _links: Links) -> dict[str, Any]:
    """The answer of a completed operation: what the chat would have answered on its connection.

    Raises:
        ToolCallMissingError: a call was required, and none came.
    """
    named = Identity(
        f"chatcmpl_{hashlib.sha256(record.id.encode()).hexdigest()[:32]}",
        int(record.created_at.timestamp()),
        record.id,
    )
    older = bool(record.request.get("asked", {}).get("functions"))
    return completion(await answered_of(services, record), named, model=record.model, older=older)

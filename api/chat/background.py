"""A chat in the background: a validated one as an admission, and a finished one as an answer."""

from __future__ import annotations

import hashlib
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Scope

from api.chat.chunks import completion
from api.chat.service import ROUTE, Wish, digest_of
from api.images.inputs import require_ready
from api.links import Links
from api.prefer import retry_count
from api.services import Services
from bridge.chat.answer import Answer
from bridge.chat.pictures import Picture
from bridge.chat.tokens import estimate
from bridge.chat.transcript import Said
from bridge.files.references import Loaded
from bridge.idempotency.answers import KeyScope
from bridge.operations.admission import Admission
from core.contracts.operations import OperationKind, OperationRecord
from core.contracts.texts import ResponseMessage, ResponseRequest


async def admission_of(services: Services, wish: Wish, scope: Scope) -> Admission:
    """The admission of a chat that nobody waits for; its pictures are kept, which comes last.

    It runs in a chat that upstream keeps unless the request itself asks for another: only such a one can be looked up
    after a crash.

    Raises:
        IdempotencyConflictError: the key stands for a chat on a connection.
        TemporalUnavailableError, ShuttingDownError: nothing can be started now.
        InvalidImageError: a picture cannot be kept; `param` names it.
    """
    require_ready(services)
    digest = await digest_of(wish)
    if wish.key is not None:
        await services.bridge.answers.require_unused(KeyScope(wish.owner, ROUTE, wish.key))
    wanted = ResponseRequest(
        messages=await _messages(services, wish),
        model=wish.model,
        slug=wish.order.model.slug,
        effort=wish.order.model.effort,
        temporary=bool(wish.private),
        accounts=wish.order.accounts,
        strategy=wish.order.strategy,
    )
    return Admission(
        kind=OperationKind.RESPONSE,
        owner=wish.owner,
        route=ROUTE,
        request=wanted.model_dump(mode="json"),
        digest=digest,
        model=wish.model,
        operation_id=wish.operation_id,
        idempotency_key=wish.key,
        retry_count=retry_count(Headers(scope=scope)),
        detached=True,
    )


async def response_answer(_services: Services, record: OperationRecord, _links: Links) -> dict[str, Any]:
    """The answer of a completed operation: what the chat would have answered on its connection."""
    request, text = ResponseRequest.model_validate(record.request), record.text or ""
    asked = [
        Said(said.role, said.text, tuple(Picture(b"", ref.name) for ref in said.inputs)) for said in request.messages
    ]
    return completion(
        Answer(text, "stop", record.account or "", record.conversation_id, record.model),
        estimate(asked, text),
        completion_id=f"chatcmpl_{hashlib.sha256(record.id.encode()).hexdigest()[:32]}",
        created=int(record.created_at.timestamp()),
        model=record.model,
        operation_id=record.id,
    )


async def _messages(services: Services, wish: Wish) -> tuple[ResponseMessage, ...]:
    pictures = [picture for said in wish.order.transcript for picture in said.pictures]
    kept = iter(
        await services.bridge.inputs.store_all([Loaded(one.content, one.name, one.param) for one in pictures])
        if pictures
        else ()
    )
    return tuple(
        ResponseMessage(role=said.role, text=said.text, inputs=tuple(next(kept) for _ in said.pictures))
        for said in wish.order.transcript
    )

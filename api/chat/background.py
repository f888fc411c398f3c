"""A chat in the background: a validated one as an admission, and a finished one as an answer."""

from __future__ import annotations

import hashlib
from typing import Any

from starlette.types import Scope

from api.answers.asked import Identity
from api.answers.detached import detached, require_startable
from api.answers.recorded import answered_of
from api.chat.completion import completion
from api.chat.service import Wish
from api.links import Links
from api.services import Services
from bridge.operations.admission import Admission
from core.contracts.operations import OperationRecord
from core.errors import InvalidRequestError


async def admission_of(services: Services, wish: Wish, scope: Scope) -> Admission:
    """The admission of a chat that nobody waits for.

    Raises:
        InvalidRequestError: it asks for several answers.
        CallerError, TemporalUnavailableError, ShuttingDownError: as `require_startable` and `detached`.
    """
    if wish.asked.choices > 1:
        raise InvalidRequestError("A chat in the background has one answer.", param="n")
    await require_startable(services, wish.asked)
    return await detached(
        services,
        wish.asked,
        scope,
        wire="chat",
        words=wish.words,
        private=wish.private,
        operation_id=wish.asked.operation_id,
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

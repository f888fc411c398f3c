"""Talk that nobody waits for, as an admission."""

from __future__ import annotations

from typing import Any, Literal

from starlette.datastructures import Headers
from starlette.types import Scope

from api.answers.asked import Asked
from api.answers.inputs import kept_messages
from api.images.inputs import require_ready
from api.prefer import retry_count
from api.services import Services
from bridge.chat.models import ModelChoice
from bridge.chat.order import ChatOrder
from bridge.idempotency.answers import KeyScope
from bridge.operations.admission import Admission
from bridge.routing.refusing import require_possible
from core.clock import utc_now
from core.contracts.operations import OperationKind
from core.contracts.texts import ResponseRequest
from core.errors import BridgeError, UnsupportedModelError


async def require_startable(services: Services, asked: Asked) -> None:
    """See that an operation may be made of it, before anything is kept.

    Raises:
        IdempotencyConflictError: the key stands for an answer on a connection.
        TemporalUnavailableError, ShuttingDownError: nothing can be started now.
    """
    require_ready(services)
    if asked.key is not None:
        await services.bridge.answers.require_unused(KeyScope(asked.owner, asked.route, asked.key))


async def detached(
    services: Services,
    asked: Asked,
    scope: Scope,
    *,
    wire: Literal["chat", "responses"],
    words: dict[str, Any],
    private: bool | None,
    operation_id: str | None,
) -> Admission:
    """The admission; files are kept, which comes last.

    It runs in a chat that upstream keeps unless the request itself asks for another: only such a one can be looked up
    after a crash.

    Args:
        words: what its body says of the answer's form.
        private: whether the request asks for a chat that upstream does not keep.

    Raises:
        InvalidImageError: a file cannot be kept; `param` names it.
    """
    order, digest = asked.order, await asked.digest()
    model, fallback = await _offered(services, order)
    wanted = ResponseRequest(
        messages=await kept_messages(services, order),
        wire=wire,
        asked=words,
        model=asked.model,
        fallback=fallback,
        slug=model.slug,
        effort=model.effort,
        temporary=bool(private),
        accounts=order.accounts,
        strategy=order.strategy,
    )
    return Admission(
        kind=OperationKind.RESPONSE,
        owner=asked.owner,
        route=asked.route,
        request=wanted.model_dump(mode="json"),
        digest=digest,
        model=asked.model,
        operation_id=operation_id,
        idempotency_key=asked.key,
        retry_count=retry_count(Headers(scope=scope)),
        detached=True,
    )


async def _offered(services: Services, order: ChatOrder) -> tuple[ModelChoice, str | None]:
    """The model that answers, and its public name where it is the fallback: of limits that pass the end is waited for,
    but a model that nobody offers never comes."""
    needs = order.needs().model_copy(update={"kind": "response"})
    try:
        require_possible(await services.bridge.registry.snapshot(), needs, utc_now())
    except UnsupportedModelError:
        if order.fallback is not None:
            return order.fallback.model, order.fallback.name
    except BridgeError:
        # Said when it is admitted.
        pass
    return order.model, None

"""A validated picture request as an admission."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Receive, Scope

from api.body import read_object
from api.caller import grant_of
from api.images.groups import members_of, require_allowed
from api.images.options import aspect_ratio, digested, require_streamable, wanted
from api.images.schemas import ImageGenerationRequest
from api.overrides import AccountOptions, chosen_accounts, merged
from api.prefer import idempotency_key, responds_async, retry_count
from api.services import Services
from api.validation import validated
from bridge.accounts.account import Account
from bridge.chat.models import AUTO, image_slug
from bridge.idempotency.digest import request_digest
from bridge.operations.admission import Admission
from core.contracts.images import ImageRequest
from core.contracts.operations import OperationKind

ROUTE = "/v1/images/generations"


async def read(services: Services, scope: Scope, receive: Receive) -> tuple[Admission, bool]:
    """Read a request and validate everything there is to validate; nothing is stored yet. The second says whether it
    is to be answered by a stream.

    Raises:
        InvalidRequestError, UnsupportedParameterError: `param` names the field or header.
    """
    body = await read_object(scope, receive)
    admission = admission_of(body, scope, await services.bridge.registry.snapshot())
    require_allowed(grant_of(scope), 1 + len(admission.members))
    return admission, bool(body.get("stream"))


def admission_of(body: dict[str, Any], scope: Scope, pool: Sequence[Account]) -> Admission:
    """The same of a body that was read.

    Args:
        pool: the accounts as they are now.

    Raises:
        InvalidRequestError, UnsupportedParameterError: as `read`.
    """
    request, headers = validated(ImageGenerationRequest, body), Headers(scope=scope)
    detached = responds_async(headers)
    if request.stream:
        require_streamable(request.n or 1, detached=detached)
    options = merged(AccountOptions, request, request.metadata)
    grant = grant_of(scope)
    slug = image_slug(request.model, pool)
    grant.require_model(request.model or AUTO, slug)
    asked = ImageRequest(
        prompt=request.prompt,
        model=request.model or AUTO,
        slug=slug,
        aspect_ratio=aspect_ratio(request.size),
        **wanted(request, request.model),
        accounts=chosen_accounts(options, pool, grant),
        strategy=options["chatgpt_account_strategy"],
        n=request.n or 1,
    )
    kept = asked.model_dump(mode="json")
    return Admission(
        kind=OperationKind.IMAGE,
        owner=grant.owner,
        route=ROUTE,
        request=kept,
        digest=request_digest(ROUTE, digested(asked)),
        model=request.model or AUTO,
        operation_id=options["chatgpt_operation_id"],
        idempotency_key=idempotency_key(headers),
        retry_count=retry_count(headers),
        detached=detached,
        cancel_on_disconnect=request.chatgpt_on_disconnect == "cancel",
        members=members_of(OperationKind.IMAGE, kept),
    )

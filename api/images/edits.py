"""A validated request to change pictures as an admission, and a finished edit as an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Receive, Scope

from api.caller import grant_of
from api.images.answers import image_answer
from api.images.groups import count, members_of
from api.images.inputs import digest_of, read_pictured, require_ready, stored
from api.images.options import aspect_ratio, require_streamable, wanted
from api.images.schemas import EditOptions, ImageEditRequest
from api.links import Links
from api.overrides import chosen_accounts, merged
from api.prefer import idempotency_key, responds_async, retry_count
from api.services import Services
from api.validation import validated
from bridge.chat.models import AUTO, image_slug
from bridge.operations.admission import Admission
from core.contracts.images import EditRequest
from core.contracts.operations import OperationKind, OperationRecord
from core.errors import UnsupportedParameterError

ROUTE = "/v1/images/edits"

_WARNING = "Upstream draws the whole picture anew: parts that were not to change may move or look different."


async def read(services: Services, scope: Scope, receive: Receive) -> tuple[Admission, bool]:
    """Read a request, validate it, and keep its pictures, which comes last: a wrong request stores nothing. The second
    says whether it is to be answered by a stream.

    Raises:
        CallerError: `param` names the field, header or picture.
        TemporalUnavailableError, ShuttingDownError: nothing can be started now.
        ClientLeft: the client did, while its pictures were fetched.
    """
    form, given = await read_pictured(scope, receive)
    headers, request = Headers(scope=scope), _validated(form)
    options = merged(EditOptions, request, request.metadata)
    grant, pool = grant_of(scope), await services.bridge.registry.snapshot()
    slug, accounts = image_slug(request.model, pool), chosen_accounts(options, pool, grant)
    grant.require_model(request.model or AUTO, slug)
    key, detached = idempotency_key(headers), responds_async(headers)
    fields = wanted(request, request.model)
    if request.stream:
        require_streamable(request.n or 1, detached=detached)
    require_ready(services)
    count(services, grant, request.n or 1)
    asked = EditRequest(
        prompt=request.prompt,
        model=request.model or AUTO,
        slug=slug,
        aspect_ratio=options["aspect_ratio"] or aspect_ratio(options["size"]),
        **fields,
        accounts=accounts,
        strategy=options["chatgpt_account_strategy"],
        inputs=await stored(services, given, scope, receive),
        n=request.n or 1,
    )
    body = asked.model_dump(mode="json")
    return Admission(
        kind=OperationKind.EDIT,
        owner=grant.owner,
        route=ROUTE,
        request=body,
        digest=digest_of(ROUTE, asked),
        model=asked.model,
        operation_id=options["chatgpt_operation_id"],
        idempotency_key=key,
        retry_count=retry_count(headers),
        detached=detached,
        cancel_on_disconnect=request.chatgpt_on_disconnect == "cancel",
        members=members_of(body),
    ), bool(request.stream)


async def edit_answer(services: Services, record: OperationRecord, links: Links) -> dict[str, Any]:
    """The answer of a completed edit.

    Raises:
        GoneError, NotFoundError: as `image_answer`.
    """
    return {
        **await image_answer(services, record, links),
        "input_image_count": len(record.request["inputs"]),
        "aspect_ratio": record.request["aspect_ratio"],
        "warnings": [_WARNING],
    }


def _validated(body: Mapping[str, Any]) -> ImageEditRequest:
    request = validated(ImageEditRequest, body)
    if request.mask is not None:
        raise UnsupportedParameterError("Masks are not served; say in words what is to change.", param="mask")
    return request

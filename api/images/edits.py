"""A validated request to change pictures as an admission, and a finished edit as an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Receive, Scope

from api.caller import grant_of
from api.images.answers import image_answer
from api.images.groups import members_of, require_allowed
from api.images.inputs import digest_of, read_pictured, require_few, require_ready, stored
from api.images.options import aspect_ratio, require_streamable, wanted
from api.images.schemas import EditOptions, ImageEditRequest
from api.links import Links
from api.overrides import chosen_accounts, merged
from api.prefer import idempotency_key, responds_async, retry_count
from api.services import Services
from api.validation import validated
from bridge.accounts.account import Account
from bridge.chat.models import AUTO, image_slug
from bridge.files.references import Given
from bridge.keys.grant import Grant
from bridge.operations.admission import Admission
from core.contracts.images import EditRequest
from core.contracts.operations import OperationKind, OperationRecord

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
    admission = await admission_of(services, form, given, scope, receive)
    return admission, bool(form.get("stream"))


async def admission_of(
    services: Services, form: dict[str, Any], given: Sequence[Given], scope: Scope, receive: Receive
) -> Admission:
    """The same of a body that was read, and of what it names as its pictures.

    Raises:
        CallerError, TemporalUnavailableError, ShuttingDownError, ClientLeft: as `read`.
    """
    request = validated(ImageEditRequest, form)
    mask = None if request.mask is None else Given("mask", request.mask)
    require_few(given, mask)
    options = merged(EditOptions, request, request.metadata)
    fields = _fields(request, options, grant_of(scope), await services.bridge.registry.snapshot())
    asked = _Asked(request, options, scope)
    require_ready(services)
    require_allowed(grant_of(scope), request.n or 1)
    refs = await stored(services, given, scope, receive, mask=mask)
    edit = EditRequest(**fields, inputs=refs[: len(given)], mask=refs[-1] if mask else None)
    return asked.admission(edit)


def _fields(
    request: ImageEditRequest, options: dict[str, Any], grant: Grant, pool: Sequence[Account]
) -> dict[str, Any]:
    """An edit, but for its pictures."""
    slug = image_slug(request.model, pool)
    accounts = chosen_accounts(options, pool, grant)
    grant.require_model(request.model or AUTO, slug)
    return {
        "prompt": request.prompt,
        "model": request.model or AUTO,
        "slug": slug,
        "aspect_ratio": options["aspect_ratio"] or aspect_ratio(options["size"]),
        **wanted(request, request.model),
        "accounts": accounts,
        "strategy": options["chatgpt_account_strategy"],
        "n": request.n or 1,
    }


class _Asked:
    """A validated request and its headers: everything of an admission but the edit itself."""

    def __init__(self, request: ImageEditRequest, options: dict[str, Any], scope: Scope) -> None:
        headers = Headers(scope=scope)
        self._request = request
        self._operation_id = options["chatgpt_operation_id"]
        self._owner = grant_of(scope).owner
        self._key = idempotency_key(headers)
        self._retry_count = retry_count(headers)
        self._detached = responds_async(headers)
        if request.stream:
            require_streamable(request.n or 1, detached=self._detached)

    def admission(self, edit: EditRequest) -> Admission:
        body = edit.model_dump(mode="json")
        return Admission(
            kind=OperationKind.EDIT,
            owner=self._owner,
            route=ROUTE,
            request=body,
            digest=digest_of(ROUTE, edit),
            model=edit.model,
            operation_id=self._operation_id,
            idempotency_key=self._key,
            retry_count=self._retry_count,
            detached=self._detached,
            cancel_on_disconnect=self._request.chatgpt_on_disconnect == "cancel",
            members=members_of(OperationKind.EDIT, body),
        )


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

"""A validated picture request as an admission, and a finished operation as an answer."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Receive, Scope

from api.body import read_object
from api.caller import grant_of
from api.images.schemas import ImageGenerationRequest, aspect_ratio, response_format
from api.links import Links
from api.overrides import AccountOptions, chosen_accounts, merged
from api.prefer import idempotency_key, responds_async, retry_count
from api.services import Services
from api.validation import validated
from bridge.accounts.account import Account
from bridge.chat.models import AUTO, image_slug
from bridge.idempotency.digest import request_digest
from bridge.operations.admission import Admission
from core.contracts.artifacts import Artifact
from core.contracts.images import ImageRequest
from core.contracts.operations import OperationKind, OperationRecord
from core.errors import UnsupportedParameterError

ROUTE = "/v1/images/generations"


async def read(services: Services, scope: Scope, receive: Receive) -> Admission:
    """Read a request and validate everything there is to validate; nothing is stored yet.

    Raises:
        InvalidRequestError, UnsupportedParameterError: `param` names the field or header.
    """
    body = await read_object(scope, receive)
    return admission_of(body, scope, await services.bridge.registry.snapshot())


def admission_of(body: dict[str, Any], scope: Scope, pool: Sequence[Account]) -> Admission:
    """The same of a body that was read.

    Args:
        pool: the accounts as they are now.

    Raises:
        InvalidRequestError, UnsupportedParameterError: as `read`.
    """
    request, headers = validated(ImageGenerationRequest, body), Headers(scope=scope)
    if request.stream:
        raise UnsupportedParameterError("Pictures are not streamed.", param="stream")
    options = merged(AccountOptions, request, request.metadata)
    grant = grant_of(scope)
    slug = image_slug(request.model, pool)
    grant.require_model(request.model or AUTO, slug)
    wanted = ImageRequest(
        prompt=request.prompt,
        model=request.model or AUTO,
        slug=slug,
        aspect_ratio=aspect_ratio(request.size),
        response_format=response_format(request.response_format),
        accounts=chosen_accounts(options, pool, grant),
        strategy=options["chatgpt_account_strategy"],
    ).model_dump(mode="json")
    return Admission(
        kind=OperationKind.IMAGE,
        owner=grant.owner,
        route=ROUTE,
        request=wanted,
        digest=request_digest(ROUTE, wanted),
        model=request.model or AUTO,
        operation_id=options["chatgpt_operation_id"],
        idempotency_key=idempotency_key(headers),
        retry_count=retry_count(headers),
        detached=responds_async(headers),
        cancel_on_disconnect=request.chatgpt_on_disconnect == "cancel",
    )


async def image_answer(services: Services, record: OperationRecord, links: Links) -> dict[str, Any]:
    """The answer of a completed operation, in the format that its request asked for.

    Raises:
        GoneError, NotFoundError: the picture is asked for as bytes, and its file is not there any more.
    """
    as_bytes = record.request.get("response_format") == "b64_json"
    pictures = [
        await _picture_bytes(services, artifact, links) if as_bytes else _picture_link(services, artifact, links)
        for artifact in record.artifacts
    ]
    return {
        "created": int((record.finished_at or record.created_at).timestamp()),
        "model": record.model,
        "data": pictures,
        "chatgpt_account": record.account,
        "chatgpt_operation_id": record.id,
    }


def _picture_link(services: Services, artifact: Artifact, links: Links) -> dict[str, Any]:
    url = links.of(artifact)
    return {
        "url": url,
        "download_url": url,
        "file_id": artifact.file_id,
        "filename": artifact.filename,
        "path": str(services.settings.storage.artifacts_dir / artifact.path),
        "content_type": artifact.content_type,
    }


async def _picture_bytes(services: Services, artifact: Artifact, links: Links) -> dict[str, Any]:
    _, path = await services.bridge.artifacts.get(artifact.file_id)
    content = await asyncio.to_thread(path.read_bytes)
    return {
        "b64_json": base64.b64encode(content).decode("ascii"),
        "download_url": links.of(artifact),
        "file_id": artifact.file_id,
        "filename": artifact.filename,
        "path": str(path),
        "content_type": artifact.content_type,
    }

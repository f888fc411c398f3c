"""A validated question about pictures as an admission, and a finished one as an answer."""

from __future__ import annotations

import hashlib
from typing import Any, cast

from starlette.datastructures import Headers
from starlette.types import Receive, Scope

from api.caller import grant_of
from api.chat.chunks import usage_object
from api.images.inputs import digest_of, read_pictured, require_ready, stored
from api.links import Links
from api.overrides import chosen_accounts, merged
from api.prefer import idempotency_key, responds_async, retry_count
from api.privacy import PrivacyOptions, private_of
from api.services import Services
from api.validation import validated
from api.vision.schemas import Mode, VisionBody, instruction
from bridge.chat.attachments import Attachment
from bridge.chat.models import AUTO, chat_model
from bridge.chat.tokens import Usage, estimate
from bridge.chat.transcript import Said
from bridge.operations.admission import Admission
from bridge.usage import tokens
from core.contracts.operations import OperationKind, OperationRecord
from core.contracts.texts import VisionRequest
from core.errors import InvalidRequestError

ROUTE = "/v1/chatgpt/vision"

_LIMITS = "What a model reads or sees in a picture may be wrong; check what matters against the picture."


async def read(services: Services, scope: Scope, receive: Receive) -> tuple[Admission, VisionBody]:
    """Read a request, validate it, and keep its pictures, which comes last: a wrong request stores nothing.

    Raises:
        CallerError: `param` names the field, header or picture.
        TemporalUnavailableError, ShuttingDownError: nothing can be started now.
        ClientLeft: the client did, while its pictures were fetched.
    """
    fields, given = await read_pictured(scope, receive)
    headers, body = Headers(scope=scope), validated(VisionBody, fields)
    options = merged(PrivacyOptions, body, body.metadata)
    key, detached = idempotency_key(headers), responds_async(headers)
    if body.stream and detached:
        raise InvalidRequestError("`stream` and `Prefer: respond-async` exclude each other.", param="stream")
    grant, pool = grant_of(scope), await services.bridge.registry.snapshot()
    model, accounts = chat_model(body.model, body.thinking_effort, pool), chosen_accounts(options, pool, grant)
    grant.require_model(body.model or AUTO, model.slug)
    require_ready(services)
    mode = cast(Mode, body.mode)
    wanted = VisionRequest(
        prompt=instruction(mode, body.prompt),
        mode=mode,
        model=body.model or AUTO,
        slug=model.slug,
        effort=model.effort,
        temporary=bool(private_of(options)),
        inputs=await stored(services, given, scope, receive),
        accounts=accounts,
        strategy=options["chatgpt_account_strategy"],
    )
    return Admission(
        kind=OperationKind.VISION,
        owner=grant.owner,
        route=ROUTE,
        request=wanted.model_dump(mode="json"),
        digest=digest_of(ROUTE, wanted),
        model=wanted.model,
        operation_id=options["chatgpt_operation_id"],
        idempotency_key=key,
        retry_count=retry_count(headers),
        detached=detached,
        cancel_on_disconnect=body.chatgpt_on_disconnect == "cancel",
    ), body


async def vision_answer(_services: Services, record: OperationRecord, _links: Links) -> dict[str, Any]:
    """The answer of a completed operation: a chat's, and the text once more where it is easy to find."""
    text = record.text or ""
    message = {"role": "assistant", "content": text}
    await tokens.ready()
    return {
        "id": completion_id(record),
        "object": "chatgpt.vision",
        "created": created(record),
        "model": record.model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": usage_object(usage(record)),
        "text": text,
        "mode": record.request["mode"],
        "input_image_count": len(record.request["inputs"]),
        "limits_note": _LIMITS,
        "chatgpt_account": record.account,
        "chatgpt_operation_id": record.id,
        "chatgpt_conversation_id": record.conversation_id,
    }


def completion_id(record: OperationRecord) -> str:
    """The same for everybody who is answered by this operation."""
    return f"chatcmpl_{hashlib.sha256(record.id.encode()).hexdigest()[:32]}"


def created(record: OperationRecord) -> int:
    """When the operation was made, in Unix seconds."""
    return int(record.created_at.timestamp())


def usage(record: OperationRecord) -> Usage:
    """Estimated by the rule of chats."""
    request = VisionRequest.model_validate(record.request)
    pictures = tuple(Attachment(b"", ref.name) for ref in request.inputs)
    return estimate((Said("user", request.prompt, pictures),), record.text or "")

"""`POST /v1/images/generations`: an operation, waited for or not."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from api.body import read_object
from api.connection import ClientLeft
from api.errors import ErrorAnswer, answer_to
from api.images.service import ROUTE, image_answer, read_admission
from api.keepalive import LateJson
from api.launch import launch, wait
from api.links import public_base
from api.operations.view import envelope
from api.services import Services
from core.contracts.operations import OperationRecord, OperationState
from core.errors import BridgeError, InternalError, OperationCancelledError
from core.logging import get_logger

_log = get_logger(__name__)


class ImageGenerations:
    """The route as a plain ASGI application, because its answer may begin long before it is there."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        services: Services = scope["state"]["services"]
        body = await read_object(scope, receive)
        admission = await read_admission(services, body, Headers(scope=scope))
        record = await launch(services, admission)
        base = public_base(scope, services.settings.server)
        if admission.detached:
            await _accepted(record, base)(scope, receive, send)
            return
        server = services.settings.server
        late = LateJson(send, patience_seconds=server.sync_patience_seconds, every_seconds=server.ping_seconds)
        try:
            record = await wait(services, record, receive=receive, voice=late)
            await _answer(services, record, base, late)
        except ClientLeft:
            return
        except BridgeError as error:
            await late.fail(_told(answer_to(error), record))
        except Exception:
            if late.ended:
                raise
            _log.exception("image_answer_failed", operation_id=record.id)
            await late.fail(_told(answer_to(InternalError("The bridge failed on this request.")), record))


router = APIRouter(routes=[Route(ROUTE, ImageGenerations(), methods=["POST"])])


async def _answer(services: Services, record: OperationRecord, base: str, late: LateJson) -> None:
    if record.state is OperationState.COMPLETED:
        await late.finish(await image_answer(services, record, base), headers=_names(record))
    else:
        failure = record.failure or OperationCancelledError("The operation was cancelled.")
        await late.fail(_told(answer_to(failure, account=record.account), record))


def _accepted(record: OperationRecord, base: str) -> JSONResponse:
    headers = {
        **_names(record),
        "location": f"/v1/chatgpt/operations/{record.id}",
        "preference-applied": "respond-async",
    }
    return JSONResponse(envelope(record, base), 202, headers)


def _names(record: OperationRecord) -> dict[str, str]:
    headers = {"x-chatgpt-operation-id": record.id}
    if record.account is not None:
        headers["x-chatgpt-account"] = record.account
    return headers


def _told(answer: ErrorAnswer, record: OperationRecord) -> ErrorAnswer:
    """The error with the operation's id, by which it can be read later."""
    answer.headers.update(_names(record))
    answer.body["error"]["chatgpt_operation_id"] = record.id
    return answer

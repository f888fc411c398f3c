"""Routes whose answer is one JSON document that an operation brings: waited for, or not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from api.connection import ClientLeft
from api.errors import ErrorAnswer, answer_to
from api.keepalive import LateJson
from api.launch import launch, wait
from api.links import Links, links_of
from api.operations.view import envelope
from api.services import Services
from bridge.operations.admission import Admission
from core.contracts.failure import Failure
from core.contracts.operations import OperationRecord
from core.errors import BridgeError, InternalError, OperationCancelledError
from core.logging import get_logger

Read: TypeAlias = Callable[[Services, Scope, Receive], Awaitable[Admission]]
"""Reads and validates a request completely; nothing is started yet."""

Document: TypeAlias = Callable[[Services, OperationRecord, Links], Awaitable[Mapping[str, Any]]]
"""What a completed operation is answered with; the last are the download links."""

_log = get_logger(__name__)


class OperationRoute:
    """Such a route as a plain ASGI application, because its answer may begin long before it is there."""

    def __init__(self, read: Read, document: Document) -> None:
        self._read = read
        self._document = document

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        services: Services = scope["state"]["services"]
        try:
            admission = await self._read(services, scope, receive)
        except ClientLeft:
            return
        await answer(services, admission, self._document, scope, receive, send)


async def answer(
    services: Services, admission: Admission, document: Document, scope: Scope, receive: Receive, send: Send
) -> None:
    """Start an admitted request's operation; answer with its document at its end, or with 202 where nobody waits."""
    record = await launch(services, admission)
    links = links_of(scope, services)
    if admission.detached:
        await _accepted(record, links)(scope, receive, send)
        return
    server = services.settings.server
    late = LateJson(send, patience_seconds=server.sync_patience_seconds, every_seconds=server.ping_seconds)
    try:
        record = await wait(services, record, receive=receive, voice=late)
        if record.any_completed:
            await late.finish(await document(services, record, links), headers=names(record))
        else:
            await _fail(services, late, answer_to(reason(record), account=record.account), record)
    except ClientLeft:
        return
    except BridgeError as error:
        await _fail(services, late, answer_to(error), record)
    except Exception:
        if late.ended:
            raise
        _log.exception("operation_answer_failed", operation_id=record.id)
        await _fail(services, late, answer_to(InternalError("The bridge failed on this request.")), record)


async def _fail(services: Services, late: LateJson, error: ErrorAnswer, record: OperationRecord) -> None:
    """Tell an error. After early headers its status is lost and the connection is cut, so the operation is marked as
    one that its client has lost: the retry finds it, and hears the status then."""
    if late.opened:
        await services.bridge.operations.mark_disconnected(record.id)
    await late.fail(told(error, record))


def reason(record: OperationRecord) -> BridgeError | Failure:
    """Why an operation ended without a result."""
    return record.failure or OperationCancelledError("The operation was cancelled.")


def names(record: OperationRecord) -> dict[str, str]:
    """The headers that say which operation answers, whose account served it, and how that was chosen."""
    headers = {"x-chatgpt-operation-id": record.id}
    if record.account is not None:
        headers["x-chatgpt-account"] = record.account
    if record.attempts:
        headers["x-chatgpt-attempts"] = str(record.attempts)
    if record.route:
        headers["x-chatgpt-route"] = record.route
    return headers


def told(answer: ErrorAnswer, record: OperationRecord) -> ErrorAnswer:
    """The error with the operation's id, by which it can be read later."""
    answer.headers.update(names(record))
    answer.body["error"]["chatgpt_operation_id"] = record.id
    return answer


def _accepted(record: OperationRecord, links: Links) -> JSONResponse:
    headers = {
        **names(record),
        "location": f"/v1/chatgpt/operations/{record.id}",
        "preference-applied": "respond-async",
    }
    return JSONResponse(envelope(record, links), 202, headers)

"""Operations of the database and chats of this process: read, followed, cancelled, decided on, repeated, removed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response

from api import launch
from api.errors import answer_to
from api.images.groups import members_of
from api.images.serving import names, reason, told
from api.links import Links
from api.operations.events import EventLog
from api.operations.results import RESULTS
from api.operations.schemas import PlanBody
from api.operations.view import chat_view, envelope, event_view, view
from api.prefer import idempotency_key
from api.services import Services
from bridge.idempotency.digest import request_digest
from bridge.keys.grant import Grant
from bridge.operations.admission import Admission
from bridge.operations.listing import Page
from core import ids
from core.contracts.keys import AccessScope
from core.contracts.operations import OperationKind, OperationRecord, OperationState
from core.errors import InvalidRequestError, OperationNotFinishedError, PlanNotWaitingError

_ALL = "all"
_RERUN = "/v1/chatgpt/operations/{operation_id}/rerun"

_SCOPES: Mapping[OperationKind, AccessScope] = {
    OperationKind.IMAGE: AccessScope.IMAGES,
    OperationKind.EDIT: AccessScope.IMAGES,
    OperationKind.VISION: AccessScope.IMAGES,
    OperationKind.RESEARCH: AccessScope.RESEARCH,
    OperationKind.RESPONSE: AccessScope.CHAT,
}
"""What spends quota once more needs the scope of the first time."""

_WAIT_SECONDS = 3
_LONG_WAIT_SECONDS = 30
"""When to look again for a result; a research takes minutes."""

_CANCEL_SECONDS = 2.5
"""How long a cancel waits to be able to say what upstream answered."""


async def page(
    services: Services,
    owner: str | None,
    *,
    kind: OperationKind | None,
    state: OperationState | None,
    account: str | None,
    since: datetime | None,
    words: str | None,
    cursor: str | None,
    limit: int,
) -> Page:
    """Some operations of an owner, `None` for everybody's, newest first.

    Raises:
        InvalidRequestError: the cursor is none that a page gave out.
    """
    return await services.bridge.operations.list(
        owner,
        kind=kind,
        state=state,
        account=account,
        since=since,
        words=words,
        cursor=cursor,
        limit=limit,
    )


def owner_among(grant: Grant, wanted: str | None) -> str | None:
    """Whose operations a key gets to see that asks for this owner's; `None` for everybody's.

    Raises:
        MissingScopeError: they are not its own, and it does not administer.
    """
    if wanted in (None, grant.owner):
        return grant.owner
    grant.require(AccessScope.ADMIN)
    return None if wanted == _ALL else wanted


def page_view(found: Page, links: Links) -> dict[str, Any]:
    """A page as clients see it."""
    return {
        "object": "list",
        "data": [view(record, links) for record in found.items],
        "has_more": found.next_cursor is not None,
        "next_cursor": found.next_cursor,
    }


async def read(services: Services, grant: Grant, operation_id: str, links: Links) -> dict[str, Any]:
    """One operation; of its row and its workflow's own view the later one.

    Raises:
        NotFoundError: there is none of that id.
    """
    chat = services.chats.get(operation_id, grant.sees)
    if chat is not None:
        return chat_view(chat)
    record = await services.bridge.operations.get(operation_id, grant.sees)
    current, stale = await services.temporal.current(record)
    return envelope(current, links, stale=stale)


async def cancel(services: Services, grant: Grant, operation_id: str, links: Links) -> dict[str, Any]:
    """Ask for a stop, and wait a moment for what comes of it; `effect` says what this call did.

    Raises:
        NotFoundError: there is none of that id.
    """
    chat = services.chats.get(operation_id, grant.sees)
    if chat is not None:
        effect = "already_requested" if chat.cancel_requested else "requested"
        await _log_foreign(services, grant, operation_id, chat.owner, effect)
        chat.cancel()
        return {"status": "ok", "effect": effect, **chat_view(chat)}
    before = await services.bridge.operations.get(operation_id, grant.sees)
    if before.all_ended:
        effect = "already_finished"
    else:
        effect = "already_requested" if before.cancel_requested else "requested"
        await _log_foreign(services, grant, operation_id, before.owner, effect)
        await launch.cancel(services, operation_id, grant.sees)
        await services.bridge.feed.wait_finished(operation_id, _CANCEL_SECONDS)
    return {"status": "ok", "effect": effect, **await read(services, grant, operation_id, links)}


async def result(services: Services, grant: Grant, operation_id: str, links: Links) -> Response:
    """What the operation's own route answers at its end.

    Raises:
        NotFoundError: there is none of that id.
        OperationNotFinishedError: it goes on, or one of its members does.
        GoneError: its file is not there any more.
    """
    record = await _operation(services, grant, operation_id)
    if not record.all_ended:
        wait = _LONG_WAIT_SECONDS if record.kind is OperationKind.RESEARCH else _WAIT_SECONDS
        raise OperationNotFinishedError(_where(record), retry_after_seconds=wait)
    if not record.any_completed:
        return told(answer_to(reason(record), account=record.account), record).response()
    return JSONResponse(await RESULTS[record.kind](services, record, links), headers=names(record))


async def events(
    services: Services, grant: Grant, operation_id: str, *, after: int, limit: int, as_json: bool
) -> Response:
    """The log behind number `after`: a page of it, or a stream that goes on to its end.

    A stream that would have nothing to say any more is answered with 204, by which a browser knows not to come back.

    Raises:
        NotFoundError: there is none of that id.
    """
    page = await services.bridge.operations.events(operation_id, grant.sees, after=after, limit=limit)
    if as_json:
        return JSONResponse(
            {
                "object": "list",
                "data": [event_view(event) for event in page.items],
                "has_more": page.has_more,
                "last_event": page.last_event,
            }
        )
    if page.ended and after >= page.last_event:
        return Response(status_code=204)
    return EventLog(services, operation_id, after)


async def decide(
    services: Services, grant: Grant, operation_id: str, body: PlanBody, headers: Headers, links: Links
) -> Response:
    """Have a research's plan decided on; 202 when upstream is still being told.

    Raises:
        InvalidRequestError: an edit does not say what to change.
        NotFoundError: there is none of that id.
        PlanNotWaitingError: it has no plan that waits.
        TemporalUnavailableError, WorkerUnavailableError: nobody can take the decision now.
    """
    update_id = idempotency_key(headers) or ids.request_id()
    if body.decision == "edit" and not body.text.strip():
        raise InvalidRequestError("An edit says in `text` what to change in the plan.", param="text")
    record = await _operation(services, grant, operation_id)
    grant.require(_SCOPES[record.kind])
    if record.kind is not OperationKind.RESEARCH:
        raise PlanNotWaitingError("Only a research has a plan.")
    done = await services.temporal.decide_plan(operation_id, body.decision, body.text, update_id=update_id)
    shown = {"status": "ok" if done else "accepted", **await read(services, grant, operation_id, links)}
    return JSONResponse(shown, 200 if done else 202)


async def rerun(services: Services, grant: Grant, operation_id: str, headers: Headers, links: Links) -> Response:
    """A new operation with the same request, which nobody waits for.

    Raises:
        NotFoundError: there is none of that id.
        MissingScopeError, KeyLimitError: the key may not begin such work, or not now.
        OperationNotFinishedError: it, or one of its members, goes on.
        TemporalUnavailableError, IdempotencyConflictError: as where it was asked for first.
    """
    key = idempotency_key(headers)
    first = await _operation(services, grant, operation_id)
    grant.require(_SCOPES[first.kind])
    if not first.all_ended:
        raise OperationNotFinishedError("Only an operation that has ended can be run again.")
    again = Admission(
        kind=first.kind,
        owner=grant.owner,
        route=_RERUN,
        request=first.request,
        digest=request_digest(_RERUN, {"rerun_of": first.id}),
        model=first.model,
        idempotency_key=key,
        detached=True,
        rerun_of=first.id,
        members=members_of(first.kind, first.request),
    )
    record = await launch.launch(services, again)
    headers_back = {**names(record), "location": f"/v1/chatgpt/operations/{record.id}"}
    return JSONResponse(envelope(record, links, stale=False), 202, headers_back)


async def remove(services: Services, grant: Grant, operation_id: str, *, files: bool) -> None:
    """Forget an operation that has ended, and its members.

    Raises:
        NotFoundError: there is none of that id.
        OperationNotFinishedError: it goes on, or one of its members does.
    """
    await _operation(services, grant, operation_id)
    await services.bridge.removal.remove(operation_id, grant.sees, files=files, actor=grant.actor)


async def _log_foreign(services: Services, grant: Grant, operation_id: str, owner: str, effect: str) -> None:
    """Have it in the audit log that somebody who administers ends what another key began."""
    if effect == "requested" and owner != grant.owner:
        await services.bridge.audit.add(grant.actor, "operation.cancelled", operation_id, {"owner": owner})


def _where(record: OperationRecord) -> str:
    if not record.state.terminal:
        return f"The operation is {record.state}."
    return "The operation has ended, but not all of its members have."


async def _operation(services: Services, grant: Grant, operation_id: str) -> OperationRecord:
    """An operation as the database has it.

    Raises:
        NotFoundError: there is none of that id.
        OperationNotFinishedError: a chat of that id runs; it leaves nothing behind.
    """
    if services.chats.get(operation_id, grant.sees) is not None:
        raise OperationNotFinishedError("A chat of this id is running; its answer goes to its own connection.")
    return await services.bridge.operations.get(operation_id, grant.sees)

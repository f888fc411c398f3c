"""`POST /v1/responses`: on the connection that asks, in the background, or of the bridge's own; and summaries alone.

Plain ASGI applications: the request's own task writes to the socket, with nothing in between.
"""

from __future__ import annotations

from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from api.answers.answering import answer
from api.answers.asked import ClientAnswer, Identity
from api.answers.local import answer_locally
from api.answers.naming import Naming
from api.body import read_object
from api.responses import background, items
from api.responses.compaction import TRIGGER
from api.responses.following import Following
from api.responses.kept import settled
from api.responses.schemas import CompactBody
from api.responses.service import read_wish
from api.responses.standing import body_of
from api.responses.whole import Compaction
from api.responses.worded import maker_of
from api.responses.wording import wording_of
from api.services import Services
from api.validation import validated


class CreateResponse:
    """A response."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        services: Services = scope["state"]["services"]
        wish = await read_wish(services, await read_object(scope, receive), scope)
        if wish.own_words is not None:
            await answer_locally(
                services, settled(services, wish), maker_of(services, wish, send), wish.own_words, scope, receive
            )
            return
        if not wish.detached:
            await answer(services, settled(services, wish), maker_of(services, wish, send), scope, receive)
            return
        kept, record = await background.start(services, wish, scope)
        if wish.request.stream:
            await Following(services, kept, record, after=-1)(scope, receive, send)
        else:
            body = await body_of(services, kept.body, record)
            await JSONResponse(body, headers={"x-chatgpt-operation-id": record.id})(scope, receive, send)


class CompactResponse:
    """`POST /v1/responses/compact`: the summary alone, for clients that keep their history themselves."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        services: Services = scope["state"]["services"]
        body = await read_object(scope, receive)
        given = [*items.read_items(validated(CompactBody, body).input), {"type": TRIGGER}]
        wish = await read_wish(services, {**body, "input": given, "stream": False, "store": False}, scope)

        def make(named: Identity, naming: Naming) -> ClientAnswer:
            wording = wording_of(wish, response_id=named.completion_id, created=named.created)
            return Compaction(wording, naming, services.settings.server, send)

        await answer(services, settled(services, wish), make, scope, receive)

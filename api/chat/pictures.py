"""A chat that wants its last message drawn: an operation, answered as a chat that says where the picture is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from api.answers.asked import Identity
from api.caller import grant_of
from api.chat.chunks import DONE, Chunks, error_event
from api.chat.completion import completion, of_text
from api.chat.schemas import ChatOptions, ChatRequest
from api.chat.service import ROUTE
from api.connection import ClientLeft
from api.errors import ErrorAnswer
from api.following import LateStream, followed
from api.images import edits, service
from api.images.answers import image_answer
from api.images.groups import require_allowed
from api.images.options import PictureOptions
from api.images.serving import answer
from api.launch import launch
from api.links import Links, links_of
from api.overrides import AccountOptions, merged
from api.prefer import responds_async
from api.services import Services
from api.validation import validated
from api.vision.service import completion_id, created
from bridge.chat import transcript
from bridge.chat.tokens import Usage
from bridge.files.references import Given
from bridge.idempotency.answers import KeyScope
from bridge.operations.admission import Admission
from bridge.operations.turns import messages_of
from bridge.usage import tokens
from core.contracts.keys import AccessScope
from core.contracts.operations import OperationRecord
from core.errors import InvalidRequestError

_OPTIONS = (*PictureOptions.model_fields.keys() - {"response_format", "stream", "partial_images"}, "n")
"""What of a chat's body says how its picture looks."""


async def answer_picture(services: Services, body: dict[str, Any], scope: Scope, receive: Receive, send: Send) -> None:
    """Start the picture, or the change of pictures that the last message brings, and answer at its end.

    Raises:
        CallerError: `param` names the field or header.
        MissingScopeError: the client's key may not draw.
    """
    try:
        admission, request = await _read(services, body, scope, receive)
    except ClientLeft:
        return
    if not request.stream:
        await answer(services, admission, picture_answer, scope, receive, send)
        return
    record = await launch(services, admission)
    with_usage = bool(request.stream_options and request.stream_options.include_usage)
    stream = PictureStream(services, record, links_of(scope, services), send, with_usage=with_usage)
    await followed(services, record, stream, scope, receive)


async def _read(
    services: Services, body: dict[str, Any], scope: Scope, receive: Receive
) -> tuple[Admission, ChatRequest]:
    request, grant = validated(ChatRequest, body), grant_of(scope)
    if request.stream and responds_async(Headers(scope=scope)):
        raise InvalidRequestError("`Prefer: respond-async` and `stream` exclude each other.", param="stream")
    grant.require(AccessScope.IMAGES)
    last = transcript.read(request.messages)[-1]
    if last.role != "user" or not last.text.strip():
        raise InvalidRequestError("A picture is drawn by the words of the last message, the user's.", param="messages")
    options = merged(ChatOptions, request, request.metadata)
    asked = {
        **{name: body[name] for name in _OPTIONS if body.get(name) is not None},
        **{name: options[name] for name in AccountOptions.model_fields if options[name]},
        "prompt": last.text,
        "model": request.model,
        "response_format": "url",
    }
    if last.files:
        given = tuple(Given(file.param, file.source) for file in last.files)
        admission = await edits.admission_of(services, asked, given, scope, receive)
    else:
        admission = service.admission_of(asked, scope, await services.bridge.registry.snapshot())
        require_allowed(grant, 1 + len(admission.members))
    if admission.idempotency_key is not None:
        await services.bridge.answers.require_unused(KeyScope(grant.owner, ROUTE, admission.idempotency_key))
    return replace(admission, route=ROUTE), request


async def picture_answer(services: Services, record: OperationRecord, links: Links) -> dict[str, Any]:
    """The answer of a completed operation as a chat's."""
    pictures = await image_answer(services, record, links)
    text = picture_text(pictures)
    answered = of_text(text, await _usage(record, text), account=record.account or "")
    whole = completion(answered, Identity(completion_id(record), created(record), record.id), model=record.model)
    return {**whole, "chatgpt_image_assets": pictures["data"]}


def picture_text(pictures: Mapping[str, Any]) -> str:
    """What a chat is answered with."""
    made, missing = pictures["data"], pictures.get("chatgpt_failed", ())
    lines = [
        "Here is the picture." if len(made) == 1 else f"Here are {len(made)} pictures.",
        *(f"Picture {failed['index'] + 1} could not be made: {failed['error']['message']}" for failed in missing),
        "",
        "Saved files:",
        *(picture["path"] for picture in made),
        "",
        "Download links:",
        *(picture["download_url"] for picture in made),
    ]
    return "\n".join(lines)


async def _usage(record: OperationRecord, text: str) -> Usage:
    await tokens.ready()
    return tokens.estimate(messages_of(record.kind, record.request), text)


class PictureStream(LateStream):
    """Silence while it is drawn, then everything at once."""

    def __init__(
        self, services: Services, record: OperationRecord, links: Links, send: Send, *, with_usage: bool
    ) -> None:
        super().__init__(record, services.settings.server, send)
        self._services = services
        self._links = links
        self._with_usage = with_usage
        self._chunks = Chunks(
            completion_id=completion_id(record), created=created(record), model=record.model, operation_id=record.id
        )

    async def follow(self, services: Services) -> None:
        """Nothing is told of it before its end."""

    async def finish(self, record: OperationRecord) -> None:
        """Send where the pictures are, and the end."""
        pictures = await image_answer(self._services, record, self._links)
        text = picture_text(pictures)
        used = await _usage(record, text)
        await self.begin()
        last = self._chunks.text(text)
        last += self._chunks.finish(
            of_text(text, used, account=record.account or "").answers[0], chatgpt_image_assets=pictures["data"]
        )
        if self._with_usage:
            last += self._chunks.usage(used)
        await self.events.end(last + DONE)

    def first(self) -> bytes:
        """Who speaks."""
        return self._chunks.role()

    def error(self, answer: ErrorAnswer) -> bytes:
        """An error object."""
        return error_event(answer.in_stream)

"""A chat that asks for Deep Research: an operation, answered as a chat."""

from __future__ import annotations

from typing import Any

from starlette.types import Receive, Scope, Send

from api.chat.service import ROUTE
from api.images.serving import answer
from api.launch import launch
from api.links import links_of
from api.research.service import chat_answer, chat_text, read_chat, usage
from api.services import Services
from api.vision.streamed import stream
from core.contracts.operations import OperationRecord


async def answer_research(services: Services, body: dict[str, Any], scope: Scope, receive: Receive, send: Send) -> None:
    """Start the research and answer with its report; streamed, the report comes in one piece at its end.

    Raises:
        CallerError: `param` names the field or header.
    """
    admission, request = await read_chat(services, body, ROUTE, scope)
    if not request.stream:
        await answer(services, admission, chat_answer, scope, receive, send)
        return
    record = await launch(services, admission)
    links = links_of(scope, services)

    def ending(ended: OperationRecord) -> OperationRecord:
        return ended.model_copy(update={"text": chat_text(services, ended, links)})

    with_usage = bool(request.stream_options and request.stream_options.include_usage)
    await stream(services, record, scope, receive, send, usage=usage if with_usage else None, ending=ending)

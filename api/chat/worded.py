"""The answer in the form that a chat's client asked for."""

from __future__ import annotations

from starlette.types import Send

from api.answers.answering import MakeAnswer
from api.answers.asked import ClientAnswer, Identity
from api.answers.naming import Naming
from api.chat.chunks import Chunks
from api.chat.service import Wish
from api.chat.streamed import StreamedAnswer
from api.chat.whole import WholeChat
from api.chat.wording import Wording
from api.services import Services
from bridge.chat.intents import is_on


def wording_of(wish: Wish) -> Wording:
    """How its client wants a chat answered."""
    request = wish.request
    return Wording(
        model=wish.asked.model,
        stream=bool(request.stream),
        usage=bool(request.stream_options and request.stream_options.include_usage),
        older=bool(request.functions) and not request.tools,
        thoughts=is_on(wish.options["chatgpt_reasoning"]),
        choices=wish.asked.choices,
    )


def maker_of(services: Services, wish: Wish, send: Send) -> MakeAnswer:
    """Makes the answer of a chat for one connection."""
    settings, wording = services.settings.server, wording_of(wish)

    def make(named: Identity, naming: Naming) -> ClientAnswer:
        if not wording.stream:
            return WholeChat(wording, named, naming, settings, send)
        chunks = Chunks(
            completion_id=named.completion_id,
            created=named.created,
            model=wording.model,
            operation_id=named.operation_id,
            older=wording.older,
        )
        return StreamedAnswer(wording, naming, chunks, settings, send)

    return make

"""The response in the form that its client asked for."""

from __future__ import annotations

from starlette.types import Send

from api.answers.answering import MakeAnswer
from api.answers.asked import ClientAnswer, Identity
from api.answers.naming import Naming
from api.responses.streamed import StreamedResponse
from api.responses.whole import WholeResponse
from api.responses.wish import Wish
from api.responses.wording import wording_of
from api.services import Services


def maker_of(services: Services, wish: Wish, send: Send) -> MakeAnswer:
    """Makes the answer of a response for one connection."""
    settings = services.settings.server

    def make(named: Identity, naming: Naming) -> ClientAnswer:
        wording = wording_of(wish, response_id=named.completion_id, created=named.created)
        if wish.request.stream:
            return StreamedResponse(wording, naming, settings, send)
        return WholeResponse(wording, naming, settings, send)

    return make

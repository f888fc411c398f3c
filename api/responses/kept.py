"""What is kept of an answer."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from api.answers.asked import Asked, Identity
from api.responses import items
from api.responses.compaction import sealed
from api.responses.objects import response_of
from api.responses.wish import Wish
from api.responses.wording import wording_of
from api.services import Services
from bridge.chat.answer import Answer
from bridge.chat.choices import Answered
from bridge.responses.places import Place
from bridge.responses.records import KeptResponse
from core.clock import utc_now
from core.errors import BridgeError
from core.logging import get_logger

_log = get_logger(__name__)


def settled(services: Services, wish: Wish) -> Asked:
    """What is run for a response, which has its answer sealed where that is wanted, and kept."""
    return replace(wish.asked, settle=partial(_settle, services, wish))


async def _settle(services: Services, wish: Wish, named: Identity, answered: Answered) -> Answered:
    if wish.compacts:
        answered = await sealed(services, wish.asked.owner, answered)
    await _keep(services, wish, named, answered)
    return answered


async def _keep(services: Services, wish: Wish, named: Identity, answered: Answered) -> None:
    """Keep an answer, and what it adds to its conversation; one that cannot be kept is told all the same."""
    wording = wording_of(wish, response_id=named.completion_id, created=named.created)
    answer, body = answered.answers[0], response_of(wording, answered)
    given = items.named(wish.items, named.completion_id)
    place = _place(answer, wish.told)
    conversation = wish.request.conversation
    try:
        if wish.request.store is not False:
            await services.bridge.responses.keep(
                KeptResponse(
                    id=named.completion_id,
                    owner=wish.asked.owner,
                    created_at=utc_now(),
                    body=body,
                    items=given,
                    previous_id=wish.request.previous_response_id,
                    place=place,
                )
            )
        if conversation is not None:
            said = (*given, *body["output"])
            await services.bridge.conversations.append(conversation, wish.asked.owner, said, place=place)
    except BridgeError as error:
        _log.warning("response_not_kept", code=error.code, reason=error.message)


def _place(answer: Answer, told: str | None) -> Place | None:
    """Where the answer's conversation can be gone on with."""
    if answer.conversation_id is None or answer.message_id is None:
        return None
    return Place(answer.account, answer.conversation_id, answer.message_id, told)

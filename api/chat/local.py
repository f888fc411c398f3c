"""Commands in a chat that the bridge answers itself: nothing is sent upstream and nothing is spent."""

from __future__ import annotations

from starlette.types import Receive, Scope, Send

from api.caller import grant_of
from api.chat.answering import ChatAnswer, answer_for, attend
from api.chat.naming import identity
from api.chat.service import Wish
from api.connection import Leash
from api.services import Services
from api.usage import service as usage
from api.usage.table import table
from bridge.chat.answer import Answer
from core.contracts.keys import AccessScope

LOCAL = "local"
"""What such an answer says in place of an account."""

_USAGE = frozenset(f"{mark}chatgpt:{word}" for mark in ("", "/") for word in ("usage", "limits", "remain", "remaining"))


def asks_usage(wish: Wish) -> bool:
    """Whether the last message is nothing but a command for the table of what is left."""
    last = wish.order.transcript[-1]
    return not last.pictures and last.text.strip().lower() in _USAGE


async def answer_usage(services: Services, wish: Wish, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with that table, in the form that the client asked for.

    Raises:
        MissingScopeError: the client's key may not read it.
    """
    grant_of(scope).require(AccessScope.READ)
    leash = Leash()
    answer = answer_for(services, wish, identity(wish.operation_id), lambda: {"x-chatgpt-account": LOCAL}, send)
    with services.leashes.holding(leash):
        work = _told(services, wish, answer, scope)
        await attend(work, answer, leash=leash, run=None, scope=scope, receive=receive)


async def _told(services: Services, wish: Wish, answer: ChatAnswer, scope: Scope) -> None:
    told = await usage.usage(services, grant_of(scope), refresh=False)
    text = table(told["accounts"])
    await answer.text(text)
    await answer.finish(Answer(text, "stop", LOCAL, None, wish.model))

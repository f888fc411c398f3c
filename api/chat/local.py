"""Commands in a chat that the bridge answers itself: nothing is sent upstream and nothing is spent."""

from __future__ import annotations

from collections.abc import Awaitable

from starlette.types import Receive, Scope, Send

from api.answers.asked import ClientAnswer
from api.answers.attending import attend
from api.answers.naming import identity
from api.caller import grant_of
from api.chat.completion import of_text
from api.chat.service import Wish
from api.chat.worded import maker_of
from api.connection import Leash
from api.services import Services
from api.usage import service as usage
from api.usage.view import table
from bridge.chat.tokens import Usage
from core.contracts.keys import AccessScope

LOCAL = "local"
"""What such an answer says in place of an account."""

_USAGE = frozenset(f"{mark}chatgpt:{word}" for mark in ("", "/") for word in ("usage", "limits", "remain", "remaining"))
_NOTHING = Usage(0, 0)


def asks_usage(wish: Wish) -> bool:
    """Whether the last message is nothing but a command for the table of what is left."""
    last = wish.said[-1]
    return not last.files and last.text.strip().lower() in _USAGE


async def answer_usage(services: Services, wish: Wish, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with that table, in the form that the client asked for.

    Raises:
        MissingScopeError: the client's key may not read it.
    """
    grant_of(scope).require(AccessScope.READ)
    await answer_locally(services, wish, _table(services, scope), scope, receive, send)


async def answer_locally(
    services: Services, wish: Wish, text: Awaitable[str], scope: Scope, receive: Receive, send: Send
) -> None:
    """Answer a chat with words of the bridge's own."""
    answer, leash = maker_of(services, wish, send)(identity(wish.asked), _naming), Leash()
    with services.leashes.holding(leash):
        await attend(_told(text, answer), answer, leash=leash, run=None, scope=scope, receive=receive)


async def _table(services: Services, scope: Scope) -> str:
    told = await usage.usage(services, grant_of(scope), refresh=False)
    return table(told["accounts"])


async def _told(text: Awaitable[str], answer: ClientAnswer) -> None:
    words = await text
    await answer.text(words)
    await answer.finish(of_text(words, _NOTHING, account=LOCAL))


def _naming() -> dict[str, str]:
    return {"x-chatgpt-account": LOCAL}

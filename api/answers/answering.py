"""A chat, answered on the connection that asked for it: run for it alone, or once for its idempotency key."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from starlette.types import Receive, Scope

from api.answers.asked import Asked, ClientAnswer, Identity
from api.answers.attending import attend, in_table, require_free_id
from api.answers.counted import answer_counted
from api.answers.keyed import answer_keyed
from api.answers.naming import Naming, headers_of, identity
from api.connection import Leash
from api.services import Services
from bridge.chat.choices import Choices

MakeAnswer: TypeAlias = Callable[[Identity, Naming], ClientAnswer]
"""Makes what a connection hears, when it is known what the answer is called."""


async def answer(services: Services, asked: Asked, make: MakeAnswer, scope: Scope, receive: Receive) -> None:
    """Run a chat and answer with it.

    Raises:
        BridgeError: nothing was begun.
    """
    if asked.key is not None:
        await answer_keyed(services, asked, asked.key, make, scope, receive)
        return
    await require_free_id(services, asked)
    run, leash = Choices(services.bridge.pool, services.bridge.chat_uploads, asked.order, asked.choices), Leash()
    named = identity(asked)
    heard = make(named, partial(headers_of, run, asked.operation_id))
    with services.leashes.holding(leash), in_table(services, asked, run, leash):
        work = _work(services, asked, run, named, heard)
        await attend(work, heard, leash=leash, run=run, scope=scope, receive=receive)


async def _work(services: Services, asked: Asked, run: Choices, named: Identity, heard: ClientAnswer) -> None:
    await heard.finish(await answer_counted(services, asked, run, named, heard))

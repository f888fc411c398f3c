"""Answers that the bridge has itself: nothing is sent upstream and nothing is spent."""

from __future__ import annotations

from starlette.types import Receive, Scope

from api.answers.answering import MakeAnswer
from api.answers.asked import Asked, ClientAnswer, Identity
from api.answers.attending import attend
from api.answers.commands import OwnWords
from api.answers.naming import identity
from api.connection import Leash
from api.services import Services
from bridge.chat.answer import Answer
from bridge.chat.choices import Answered
from bridge.chat.tokens import Usage

LOCAL = "local"
"""What such an answer says in place of an account."""


async def answer_locally(
    services: Services, asked: Asked, make: MakeAnswer, words: OwnWords, scope: Scope, receive: Receive
) -> None:
    """Answer with words of the bridge's own, in the form that the client asked for."""
    named, leash = identity(asked), Leash()
    heard = make(named, _naming)
    with services.leashes.holding(leash):
        work = _told(asked, named, words, heard)
        await attend(work, heard, leash=leash, run=None, scope=scope, receive=receive)


async def _told(asked: Asked, named: Identity, words: OwnWords, heard: ClientAnswer) -> None:
    answered = Answered((Answer(await words(), "stop", LOCAL, None, None),), Usage(0, 0))
    if asked.settle is not None:
        answered = await asked.settle(named, answered)
    await heard.text(answered.answers[0].text)
    await heard.finish(answered)


def _naming() -> dict[str, str]:
    return {"x-chatgpt-account": LOCAL}

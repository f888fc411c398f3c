"""A chat's run, counted for its key."""

from __future__ import annotations

from api.answers.asked import Asked, Identity
from api.services import Services
from bridge.chat.answer import Listener
from bridge.chat.choices import Answered, Choices
from bridge.chat.tokens import Usage
from core.errors import BridgeError

_NOTHING = Usage(0, 0)


async def answer_counted(
    services: Services, asked: Asked, run: Choices, named: Identity, listener: Listener
) -> Answered:
    """Run a chat, and count it however it ends; one that its client leaves is a request, and no failure.

    An answer that is to be kept is kept before anybody is told of its end.

    Raises:
        KeyLimitError: its key has begun too much already; nothing was begun, and nothing counted.
    """
    services.bridge.keys.begin(asked.owner, asked.choices)
    failed, usage = False, _NOTHING
    try:
        answered = await run.answer(listener)
        usage = answered.usage
        return answered if asked.settle is None else await asked.settle(named, answered)
    except BridgeError:
        failed = True
        raise
    finally:
        services.bridge.usage.count(
            owner=asked.owner,
            account=run.account,
            model=asked.model,
            kind="chat",
            failed=failed,
            prompt_tokens=usage.prompt,
            completion_tokens=usage.completion,
        )

"""A chat's run, counted for its key."""

from __future__ import annotations

from api.chat.service import Wish
from api.services import Services
from bridge.chat.answer import Answer, Listener
from bridge.chat.failover import ChatRun
from bridge.chat.tokens import Usage, estimate
from core.errors import BridgeError

_NOTHING = Usage(0, 0)


async def answer_counted(services: Services, wish: Wish, run: ChatRun, listener: Listener) -> Answer:
    """Run a chat, and count it however it ends; one that its client leaves is a request, and no failure.

    Raises:
        KeyLimitError: its key has begun too much already; nothing was begun, and nothing counted.
    """
    services.bridge.keys.begin(wish.owner)
    failed, usage = False, _NOTHING
    try:
        answer = await run.answer(listener)
        usage = estimate(wish.order.transcript, answer.text)
        return answer
    except BridgeError:
        failed = True
        raise
    finally:
        services.bridge.usage.count(
            owner=wish.owner,
            account=run.account,
            model=wish.model,
            kind="chat",
            failed=failed,
            prompt_tokens=usage.prompt,
            completion_tokens=usage.completion,
        )

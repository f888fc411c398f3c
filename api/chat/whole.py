"""A chat's answer in one piece."""

from __future__ import annotations

from starlette.types import Receive, Scope, Send

from api.chat.chunks import completion
from api.chat.naming import Identity, Naming
from api.chat.service import Wish
from api.errors import ErrorAnswer
from api.keepalive import LateJson
from bridge.chat.answer import Answer
from bridge.chat.tokens import estimate
from core.settings import ServerSettings


class WholeAnswer:
    """Waits for the end of the answer, and speaks to proxies meanwhile."""

    def __init__(self, wish: Wish, naming: Naming, identity: Identity, settings: ServerSettings, send: Send) -> None:
        self._wish = wish
        self._naming = naming
        self._identity = identity
        self._late = LateJson(
            send, patience_seconds=settings.sync_patience_seconds, every_seconds=settings.ping_seconds
        )

    @property
    def begun(self) -> bool:
        """The client has the headers."""
        return self._late.opened

    async def accepted(self, account: str) -> None:
        """Nothing to tell yet."""

    def conversation(self, conversation_id: str) -> None:
        """Nothing to tell yet."""

    async def text(self, piece: str) -> None:
        """Nothing to tell yet."""

    async def finish(self, answer: Answer) -> None:
        """Send it."""
        body = completion(
            answer,
            estimate(self._wish.order.transcript, answer.text),
            completion_id=self._identity.completion_id,
            created=self._identity.created,
            model=self._wish.model,
            operation_id=self._identity.operation_id,
        )
        await self._late.finish(body, headers=self._naming())

    async def fail(self, answer: ErrorAnswer, scope: Scope, receive: Receive) -> None:
        """Send the error."""
        if not self._late.ended:
            await self._late.fail(answer)

    def due(self) -> float:
        """When white space is wanted."""
        return self._late.due()

    async def beat(self) -> None:
        """White space."""
        await self._late.beat()

    def close(self) -> None:
        """Nothing is left behind."""

"""An operation whose result is text, as a stream of chat chunks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from starlette.types import Receive, Scope, Send

from api.chat.chunks import DONE, Chunks, error_event
from api.errors import ErrorAnswer
from api.following import LateStream, followed
from api.services import Services
from api.vision.service import completion_id, created
from bridge.chat.answer import Answer
from bridge.chat.tokens import Usage
from bridge.usage import tokens
from core.contracts.operations import OperationRecord
from core.settings import ServerSettings

Counted: TypeAlias = Callable[[OperationRecord], Usage]


async def stream(
    services: Services,
    record: OperationRecord,
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    usage: Counted | None,
    ending: Callable[[OperationRecord], OperationRecord] = lambda record: record,
) -> None:
    """Follow an operation and send its text as it comes; the end is a finish reason, or an error object.

    Args:
        usage: counts what the operation used, for those who asked for it.
        ending: the finished operation as the stream tells it.
    """
    told_so_far = TextStream(record, services.settings.server, send, usage=usage, ending=ending)
    await followed(services, record, told_so_far, scope, receive)


class TextStream(LateStream):
    """Text, piece by piece."""

    def __init__(
        self,
        record: OperationRecord,
        settings: ServerSettings,
        send: Send,
        *,
        usage: Counted | None,
        ending: Callable[[OperationRecord], OperationRecord],
    ) -> None:
        super().__init__(record, settings, send)
        self._usage = usage
        self._ending = ending
        self._chunks = Chunks(
            completion_id=completion_id(record),
            created=created(record),
            model=record.model,
            operation_id=record.id,
        )
        self._sent = ""

    async def follow(self, services: Services) -> None:
        """Send the operation's text piece by piece until it has ended."""
        async for event in services.bridge.feed.follow(self.record.id):
            if event.type == "delta":
                await self._extend(int(event.data["offset"]), str(event.data["text"]))
            elif event.type == "replaced":
                await self._extend(0, str(event.data["text"]))

    async def finish(self, record: OperationRecord) -> None:
        """Send what is left of the text, the finish reason, the usage if it was asked for, and the end."""
        record = self._ending(record)
        await self._extend(0, record.text or "")
        await self.begin()
        await tokens.ready()
        if record.conversation_id is not None:
            self._chunks.conversation(record.conversation_id)
        answer = Answer(record.text or "", "stop", record.account or "", record.conversation_id, record.model)
        last = self._chunks.finish(answer)
        if self._usage is not None:
            last += self._chunks.usage(self._usage(record))
        await self.events.end(last + DONE)

    def first(self) -> bytes:
        """Who speaks."""
        return self._chunks.role()

    def error(self, answer: ErrorAnswer) -> bytes:
        """An error object."""
        return error_event(answer.in_stream)

    async def _extend(self, offset: int, text: str) -> None:
        """Send what of `text`, which stands at `offset`, was not sent yet. Nothing follows where upstream rewrote what
        was sent, because that cannot be unsaid; the operation has the true text."""
        whole = self._sent[:offset] + text
        new = whole[len(self._sent) :] if whole.startswith(self._sent) else ""
        if new:
            await self.begin()
            self._sent += new
            await self.events.write(self._chunks.text(new))

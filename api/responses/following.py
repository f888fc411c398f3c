"""The stream of a response in the background: its operation's log, told as the events of a response."""

from __future__ import annotations

from contextlib import aclosing

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.answers.recorded import answered_with, form_of
from api.errors import answer_to
from api.images.serving import reason
from api.responses.events import Event, ResponseEvents
from api.responses.failing import failure_code
from api.responses.streamed import encoded
from api.services import Services
from api.sse import EventStream
from api.watching import watched
from bridge.chat.settling import Rehearing
from bridge.responses.records import KeptResponse
from core.contracts.operations import OperationEvent, OperationRecord, OperationState
from core.errors import BridgeError, NotFoundError

_STARTED = frozenset((OperationState.UPLOADING, OperationState.SUBMITTING, OperationState.RUNNING))


class Following(Response):
    """One connection that follows a response, from the event behind a number on. Leaving it changes nothing.

    Args:
        kept: the response as it was admitted.
        after: the number of the last event that the client has, -1 for none.
    """

    media_type = "text/event-stream"

    def __init__(self, services: Services, kept: KeptResponse, record: OperationRecord, *, after: int) -> None:
        super().__init__()
        form = form_of(services, record)
        self._services = services
        self._operation_id = record.id
        self._after = after
        self._events = ResponseEvents(kept.body, form.offer, thoughts=False)
        self._heard = Rehearing(form, seed=record.id)
        self._text = ""
        self._is_started = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        named = {"x-chatgpt-operation-id": self._operation_id}
        await watched(self._services, self._operation_id, self._tell, receive, send, headers=named, broken=True)

    async def _tell(self, stream: EventStream) -> None:
        await self._write(stream, self._events.begin(queued=True))
        async with aclosing(self._services.bridge.feed.follow(self._operation_id)) as log:
            async for event in log:
                await self._write(stream, await self._translated(event))
        await stream.end(encoded(self._new(await self._end())))

    async def _write(self, stream: EventStream, events: list[Event]) -> None:
        new = self._new(events)
        if new:
            await stream.write(encoded(new))

    def _new(self, events: list[Event]) -> list[Event]:
        """Those that the client does not have."""
        return [event for event in events if event["sequence_number"] > self._after]

    async def _translated(self, event: OperationEvent) -> list[Event]:
        if event.type == "state":
            return self._start() if event.data.get("state") in _STARTED else []
        if event.type != "delta":
            return []
        return [*self._start(), *await self._grown(int(event.data["offset"]), str(event.data["text"]))]

    def _start(self) -> list[Event]:
        if self._is_started:
            return []
        self._is_started = True
        return self._events.started()

    async def _grown(self, offset: int, text: str) -> list[Event]:
        """What of `text`, which stands at `offset`, was not told yet; nothing where upstream rewrote what was told."""
        whole = self._text[:offset] + text
        new = whole[len(self._text) :] if whole.startswith(self._text) else ""
        self._text += new
        shown = await self._heard.text(new) if new else ""
        return self._events.text(shown) if shown else []

    async def _end(self) -> list[Event]:
        """The closing events, by how the operation ended.

        Raises:
            NotFoundError: it was removed.
        """
        record = await self._services.bridge.operations.find(self._operation_id)
        if record is None:
            raise NotFoundError("The operation was removed.")
        if record.state is OperationState.CANCELLED:
            return self._events.cancel()
        if record.state is not OperationState.COMPLETED:
            return self._events.fail(*failure_code(answer_to(reason(record))))
        try:
            return [*self._start(), *await self._answered(record)]
        except BridgeError as error:
            return self._events.fail(*failure_code(answer_to(error)))

    async def _answered(self, record: OperationRecord) -> list[Event]:
        text = record.text or ""
        events = await self._grown(0, text)
        rest, done = await self._heard.end(text)
        answered = await answered_with(record, done)
        if rest:
            events += self._events.text(rest)
        for call in done.calls:
            events += self._events.call(call)
        return [*events, *self._events.finish(answered.answers[0], answered.usage)]

"""One turn over all its legs, and how it ends, docs/protocol.md sections 3.7 and 4.2."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Literal

from core.errors import BridgeError, ProtocolError, StreamInterruptedError
from provider.chatgpt_web import errors
from provider.chatgpt_web.assets import final_assets
from provider.chatgpt_web.stream.decoder import TurnDecoder
from provider.chatgpt_web.stream.facts import Handoff, StreamFacts
from provider.chatgpt_web.stream.framing import SseFraming
from provider.chatgpt_web.stream.visible import Message, answer_text, finish_reason
from provider.interface.accounts import Limits
from provider.interface.turns import TurnEvent, TurnFinished


class TurnReader:
    """Decodes one turn. One instance serves all legs: the HTTP stream, its resume, the WebSocket topic, a document.

    Every method that takes input returns the events it completed, in order, and never raises. After each call look at
    `failure` (deliver the events first) and `finished`. The topic and a resumed stream repeat the turn from its start;
    nothing that was shown is shown again.

    How a turn is read:
        1. `feed` every chunk of the HTTP body; `end` when the body ended or broke off.
        2. If `handoff` is set then, `feed_item` every accepted text of the topic, `end_topic` at its `done`.
        3. After an interruption, `resume` and go on with `feed` (a resume from offset 0) or `feed_item`; or give every
           message of the stored turn to `feed_message` and call `conclude`.

    Attributes:
        finished: `TurnFinished` was returned.
        done: `[DONE]` was seen.
    """

    def __init__(
        self,
        *,
        kind: Literal["chat", "image", "research"] = "chat",
        known_ids: Collection[str] = (),
        sent_answers: Iterable[str] = (),
        uploaded: Collection[str] = (),
        on_limits: Callable[[Limits], None] | None = None,
    ) -> None:
        """A reader for one turn.

        Args:
            kind: an `image` turn may end without a word and without a picture, a `research` turn without a word; the
                conversation then tells.
            known_ids: ids of messages that existed before this turn, the sent ones included.
            sent_answers: texts of the assistant turns in the request; upstream may repeat them.
            uploaded: bare file ids of the request's inputs, which are never results.
            on_limits: told of the account's limits, also when they come after the turn's end.
        """
        self.finished = False
        self.done = False
        self._kind = kind
        self._uploaded = frozenset(uploaded)
        self._framing = SseFraming()
        self._decoder = TurnDecoder(
            known_ids=known_ids,
            sent_answers=sent_answers,
            seeks_research=kind == "research",
            seeks_pictures=kind == "image",
            uploaded=uploaded,
            on_limits=on_limits,
        )
        self._on_topic = False
        self._followed: tuple[Handoff, ...] = ()

    @property
    def conversation_id(self) -> str | None:
        """The first conversation id that was named anywhere."""
        return self._decoder.conversation_id

    @property
    def facts(self) -> StreamFacts:
        """What typed events told: title, limits, resume token, ..."""
        return self._decoder.facts

    @property
    def failure(self) -> BridgeError | None:
        """Why the turn cannot go on; `None` while it can."""
        return self._decoder.failure

    @property
    def handoff(self) -> Handoff | None:
        """Where the turn goes on, `None` when it goes on here or has been followed there."""
        if self._on_topic:
            return None
        return next((handoff for handoff in self.facts.handoffs if handoff not in self._followed), None)

    @property
    def complete(self) -> bool:
        """Upstream said that the turn's stream is complete. What may still follow are facts: title, limits."""
        return self.facts.complete

    @property
    def events_seen(self) -> int:
        """Events with data over all legs, `[DONE]` excluded. Keep-alives do not count, so it serves the idle clock."""
        return self._decoder.events_seen

    @property
    def parse_errors(self) -> int:
        """Events whose data was not JSON; they were skipped."""
        return self._decoder.parse_errors

    @property
    def unknown_ops(self) -> int:
        """Deltas that were ignored."""
        return self._decoder.unknown_ops

    @property
    def text(self) -> str:
        """The visible answer as it is now."""
        self._decoder.settle()
        return answer_text(self._decoder.messages.answer.visible_messages)

    @property
    def last_message(self) -> Message | None:
        """The last message that counts, live; `None` when there is none."""
        self._decoder.settle()
        visible = self._decoder.messages.answer.visible_messages
        return visible[-1] if visible else None

    def feed(self, chunk: bytes) -> list[TurnEvent]:
        """Bytes of the HTTP body, cut anywhere."""
        self._read(self._framing, chunk)
        return self._decoder.take_told()

    def end(self) -> list[TurnEvent]:
        """The HTTP body ended. After a hand-over that only ends this leg."""
        self._read(self._framing, None)
        if self.handoff is None:
            if self.complete:
                self._finish()
            else:
                self._interrupt()
        return self._decoder.take_told()

    def feed_item(self, text: str) -> list[TurnEvent]:
        """One `encoded_item` of the turn's topic: whole events, the last blank line perhaps missing."""
        if not self._on_topic:
            self._on_topic = True
            self._restart()
        framing = SseFraming()
        self._read(framing, text.encode("utf-8", "replace"))
        self._read(framing, None)
        if self.complete:
            self._finish()
        return self._decoder.take_told()

    def end_topic(self) -> list[TurnEvent]:
        """The topic said that the turn is done."""
        self._on_topic = True
        return self.conclude()

    def fail(self, error: object) -> list[TurnEvent]:
        """Upstream reported an error outside the event stream, such as a topic's `error` item."""
        self._decoder.fail(errors.from_stream(error, worked=self._decoder.messages.worked))
        return self._decoder.take_told()

    def resume(self) -> None:
        """Begin a read-only repetition of the turn after an interruption or a hand-over to HTTP resume."""
        if isinstance(self.failure, StreamInterruptedError):
            self._decoder.failure = None
        self._followed = self.facts.handoffs
        self._restart()

    def feed_message(self, message: Message) -> list[TurnEvent]:
        """A whole message of the stored conversation."""
        self._decoder.snapshot(message)
        return self._decoder.take_told()

    def conclude(self) -> list[TurnEvent]:
        """No more will come and upstream has completed the turn."""
        self._finish()
        return self._decoder.take_told()

    def _read(self, framing: SseFraming, chunk: bytes | None) -> None:
        try:
            events = framing.end() if chunk is None else framing.feed(chunk)
        except ProtocolError as error:
            self._decoder.fail(error)
            return
        for name, data in events:
            if data == "[DONE]":
                self.done = True
                if self.handoff is None:
                    self._finish()
            else:
                self._decoder.event(name, data)

    def _restart(self) -> None:
        # What was complete was only the leg before: this one repeats the turn and says so itself.
        self.facts.complete = False
        self._framing = SseFraming()
        self._decoder.restart()

    def _interrupt(self) -> None:
        self._decoder.fail(errors.from_transport("stream_cut", context="conversation"))

    def _finish(self) -> None:
        if self.finished or self.failure is not None:
            return
        decoder, answer = self._decoder, self._decoder.messages.answer
        decoder.settle()
        task = decoder.messages.image_task_id
        assets = final_assets([*decoder.inputs, *answer.messages], inputs=self._uploaded)
        if not assets and task is None:
            decoder.show(decoder.messages.unskip_echo())
        decoder.show(answer.finish())
        decoder.tell_research()
        text, last = self.text, self.last_message
        if not text.strip() and not assets and task is None and decoder.research is None:
            self._end_without_answer()
        identity = last.get("id") if last else None
        decoder.tell(
            TurnFinished(
                text=text,
                finish_reason=finish_reason(last),
                assets=assets,
                image_task_id=None if assets else task,
                message_id=identity if isinstance(identity, str) else None,
            )
        )
        self.finished = decoder.closed = self.failure is None

    def _end_without_answer(self) -> None:
        words = self._decoder.messages.system_error
        if words is not None:
            self._decoder.fail(errors.tool_failed(words))
        elif self._followed and not self._on_topic:
            # The resumed stream may be no more than the stub that handed the turn over.
            self._interrupt()
        elif self._kind == "chat":
            self._decoder.fail(errors.empty())

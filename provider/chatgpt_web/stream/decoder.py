"""Events of a stream become events of a turn, docs/protocol.md sections 3.3 to 3.7."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from typing import Any

from pydantic_core import from_json

from core.errors import BridgeError, RateLimitedError
from provider.chatgpt_web import errors
from provider.chatgpt_web.assets import input_ids, preview_assets
from provider.chatgpt_web.limits import read_limits, remaining_of
from provider.chatgpt_web.stream.deltas import DeltaDocuments
from provider.chatgpt_web.stream.facts import StreamFacts
from provider.chatgpt_web.stream.messages import TurnMessages
from provider.chatgpt_web.stream.thoughts import Thoughts
from provider.chatgpt_web.stream.visible import Message, Part
from provider.chatgpt_web.widgets import research_handle
from provider.interface.accounts import Limits
from provider.interface.research import ResearchHandle
from provider.interface.turns import (
    ConversationKnown,
    ImagePending,
    ImagePreview,
    ModelResolved,
    QuotaTold,
    ResearchStarted,
    TextDelta,
    TurnEvent,
)


class TurnDecoder:
    """Sorts what the stream says: text to show, facts to keep, errors that end the turn.

    Attributes:
        conversation_id: the first one named anywhere.
        facts: what typed events told.
        messages: the turn's messages.
        inputs: user messages as upstream stored them.
        failure: why the turn cannot go on; the first error wins.
        closed: nothing more is to be told; facts are still kept.
        events_seen: events with data.
        parse_errors: events whose data was not JSON; they were skipped.
        research: what the turn's research is followed by, `None` while none is known or none is looked for.
    """

    def __init__(
        self,
        *,
        known_ids: Collection[str],
        sent_answers: Iterable[str],
        seeks_research: bool = False,
        seeks_pictures: bool = False,
        uploaded: Collection[str] = (),
        on_limits: Callable[[Limits], None] | None = None,
    ) -> None:
        self.conversation_id: str | None = None
        self.facts = StreamFacts()
        self.messages = TurnMessages(known_ids=known_ids, sent_answers=sent_answers)
        self.inputs: list[Message] = []
        self.failure: BridgeError | None = None
        self.closed = False
        self.events_seen = 0
        self.parse_errors = 0
        self.research: ResearchHandle | None = None
        self._seeks_research = seeks_research
        self._seeks_pictures = seeks_pictures
        self._shown_assets = set(uploaded)
        self._on_limits = on_limits
        self._is_research_told = False
        self._deltas = DeltaDocuments()
        self._thoughts = Thoughts()
        self._ignored_ops = 0
        self._flow: Part | None = None
        self._thinking: Part | None = None
        self._has_thought = False
        self._model: str | None = None
        self._task: str | None = None
        self._told: list[TurnEvent] = []
        self._pieces: list[str] = []

    @property
    def unknown_ops(self) -> int:
        """Deltas that were ignored."""
        return self._ignored_ops + self._deltas.unknown_ops

    def event(self, name: str, data: str) -> None:
        """Take one event of the stream."""
        self.events_seen += 1
        try:
            document = _parse(data)
        except (ValueError, RecursionError):
            self.parse_errors += 1
            return
        if name == "delta_encoding":
            if document != "v1":
                self.fail(errors.malformed("Upstream encodes its stream in an unknown way.", spent=True))
        elif isinstance(document, dict):
            text = document.get("v")
            if type(text) is str and len(document) == 1 and self._deltas.extend(text):
                if self._flow is not None:
                    self.show(self.messages.answer.grow(self._flow, text))
                else:
                    self._has_thought = self._thinking is not None
            else:
                self._tell_thoughts()
                self._document(document)

    def snapshot(self, message: Message) -> None:
        """Take a whole message as it is now."""
        self._update(self.messages.of(message), message, rewritten=True)

    def restart(self) -> None:
        """Another stream of the same turn begins: its documents and cursor are new, the messages are not."""
        self.settle()
        self._ignored_ops += self._deltas.unknown_ops
        self._deltas = DeltaDocuments()
        self._flow = self._thinking = None

    def settle(self) -> None:
        """Bring the messages up to date before somebody reads them."""
        self._deltas.settle()

    def show(self, text: str) -> None:
        """Tell a piece of the answer; pieces that arrive together are told as one."""
        if text and not self.closed and self.failure is None:
            self._pieces.append(text)

    def tell(self, event: TurnEvent) -> None:
        """Tell an event, unless the turn is over."""
        if not self.closed and self.failure is None:
            self._join_pieces()
            self._told.append(event)

    def fail(self, error: BridgeError) -> None:
        """End the turn, unless it is over."""
        if not self.closed and self.failure is None:
            self.failure = error

    def take_told(self) -> list[TurnEvent]:
        """Everything told since the last time."""
        self._tell_thoughts()
        self._join_pieces()
        told = self._told
        if told:
            self._told = []
        return told

    def _join_pieces(self) -> None:
        if self._pieces:
            self._told.append(TextDelta("".join(self._pieces)))
            self._pieces.clear()

    def _document(self, document: dict[str, Any]) -> None:
        has_value = "v" in document
        if isinstance(document.get("type"), str) and not has_value and "p" not in document:
            self._know(document.get("conversation_id"))
            self._typed(document)
        elif isinstance(document.get("message"), dict) and not has_value:
            self._beside(document)
            self.snapshot(document["message"])
        elif has_value or document.get("o") == "remove":
            self._know(document.get("conversation_id"))
            self._delta(document)
        else:
            self._beside(document)

    def _typed(self, event: dict[str, Any]) -> None:
        self.facts.take(event)
        kind = event["type"]
        if kind == "input_message" and isinstance(event.get("input_message"), dict):
            self.inputs.append(event["input_message"])
        elif kind == "moderation" and self.facts.blocked:
            self.fail(errors.blocked())
        elif kind == "error":
            self.fail(errors.from_stream(event, worked=self.messages.worked))
        elif kind == "stream_quota_check" and event.get("detail"):
            self.fail(errors.from_stream(event, worked=self.messages.worked, fallback=RateLimitedError))
        elif kind == "server_ste_metadata":
            self._resolve(self.facts.model_slug)
        elif kind == "conversation_detail_metadata":
            self._limits(event)

    def _limits(self, event: dict[str, Any]) -> None:
        limits = read_limits(event)
        if self._on_limits is not None:
            self._on_limits(limits)
        if remaining := remaining_of(limits):
            self.tell(QuotaTold(remaining))

    def _delta(self, frame: dict[str, Any]) -> None:
        change = self._deltas.apply(frame)
        if change.replaced or change.rewritten or change.otherwise:
            document = self._deltas.document(change.channel)
            if isinstance(document, dict):
                self._beside(document)
            part = self.messages.at(change.channel, document)
        else:
            part = self.messages.bound(change.channel)
        self._flow = part if self._deltas.at_text_end else None
        self._thinking = part if self._deltas.in_thoughts else None
        self._has_thought = self._thinking is not None
        if part is None:
            return
        is_rewritten = change.replaced or change.rewritten
        if change.appended and not is_rewritten:
            self.show(self.messages.answer.grow(part, change.appended))
        if is_rewritten or change.otherwise:
            self._update(part, document["message"], rewritten=is_rewritten)

    def _update(self, part: Part, message: Message, *, rewritten: bool) -> None:
        text = self.messages.update(part, message, rewritten=rewritten)
        self._think(part, message)
        task = self.messages.image_task_id
        if task and task != self._task:
            self._task = task
            self.tell(ImagePending(task))
        if self._seeks_research and not part.ignored:
            self._research(message)
        if self._seeks_pictures:
            self._previews(message)
        self._resolve(self.facts.model_slug or self.messages.model_slug)
        self.show(text)

    def _tell_thoughts(self) -> None:
        """Tell what a thought has grown by; pieces that arrive together are told as one."""
        if self._has_thought and self._thinking is not None:
            self._has_thought = False
            self._deltas.settle()
            self._think(self._thinking, self._thinking.message)

    def _think(self, part: Part, message: Message) -> None:
        if not part.ignored:
            for delta in self._thoughts.update(message):
                self.tell(delta)

    def tell_research(self) -> None:
        """Tell the research that was found, once."""
        if self.research is not None and not self._is_research_told:
            self._is_research_told = True
            self.tell(ResearchStarted(self.research))

    def _research(self, message: Message) -> None:
        """Its ids may come one after the other: it is told once both are there, at the latest when the turn ends."""
        found = research_handle(message, self.conversation_id) if self.conversation_id else None
        if found is not None and not self._is_research_told:
            self.research = found
            if found.widget_session_id and found.session_id:
                self.tell_research()

    def _previews(self, message: Message) -> None:
        known = self._shown_assets | input_ids(self.inputs)
        for asset in preview_assets([message], inputs=known):
            self._shown_assets.add(asset.file_id)
            self.tell(ImagePreview(asset))

    def _beside(self, document: dict[str, Any]) -> None:
        """What stands beside a message: the conversation, and an error."""
        self._know(document.get("conversation_id"))
        if document.get("error"):
            self.fail(errors.from_stream(document, worked=self.messages.worked))

    def _know(self, conversation_id: object) -> None:
        if self.conversation_id is None and isinstance(conversation_id, str) and conversation_id:
            self.conversation_id = conversation_id
            self.tell(ConversationKnown(conversation_id))

    def _resolve(self, slug: str | None) -> None:
        if slug and slug != self._model:
            self._model = slug
            self.tell(ModelResolved(slug))


def _parse(data: str) -> Any:
    try:
        return from_json(data)
    except ValueError:
        # Half a character, whose other half the next event may bring; or no JSON at all.
        return json.loads(data)

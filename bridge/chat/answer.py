"""One turn, run: upstream's events in, the answer out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from bridge.chat.drafting import draft_for
from bridge.chat.drafts import Again, Done, Draft, Ended, FinishReason
from bridge.chat.order import PLAIN, Form
from bridge.chat.tools.offer import ToolCall
from core import ids
from core.errors import BridgeError, EmptyResponseError, ProtocolError
from core.logging import get_logger
from provider.interface.session import Session
from provider.interface.turns import (
    ConversationKnown,
    ModelResolved,
    TextDelta,
    ThoughtDelta,
    TurnFinished,
    TurnMessage,
    TurnRequest,
)

_log = get_logger(__name__)


class Listener(Protocol):
    """Hears answers as they come. Each call is awaited, so that a slow listener slows upstream down.

    `choice` is which of several answers to one request it is, from 0.
    """

    @property
    def begun(self) -> bool:
        """Whether the client has received anything of this answer, so that no other account may begin another."""

    async def accepted(self, account: str) -> None:
        """Upstream has accepted the turn; heard again when the next account has."""

    def conversation(self, conversation_id: str) -> None:
        """Upstream named the conversation of the first choice; comes before any of its text."""

    async def thought(self, piece: str, part: int, choice: int = 0) -> None:
        """The next piece of what the model shows of its thinking, in numbered parts; it comes before the text."""

    async def text(self, piece: str, choice: int = 0) -> None:
        """The next piece of the visible answer."""

    async def call(self, call: ToolCall, choice: int = 0) -> None:
        """The client is to run a tool; calls come when the text is complete."""


@dataclass(slots=True)
class Progress:
    """How far one turn has come.

    Attributes:
        sent: its POST may have left.
        visible: some of its answer was heard.
        conversation_id, model: as upstream named them; `model` is a slug.
    """

    sent: bool = False
    visible: bool = False
    conversation_id: str | None = None
    model: str | None = None

    async def leaves(self) -> None:
        """Called when the POST is about to leave."""
        self.sent = True


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer.

    Attributes:
        text: upstream's own, also where it rewrote what it had said before.
        message_id: of its last message upstream, `None` where it is not known.
        calls: what the client is to run.
        refusal: why there is no answer in the form that was asked for.
        thoughts: what the model showed of its thinking, a text a part.
        asked_again: the model was asked a second time, because its first answer would not do.
        calls_left_out: calls behind the first, where only one is welcome at a time.
        fallback_model: who answered instead of the model that was asked for.
    """

    text: str = field(repr=False)
    finish_reason: FinishReason
    account: str
    conversation_id: str | None
    model: str | None
    message_id: str | None = None
    calls: tuple[ToolCall, ...] = ()
    refusal: str | None = None
    thoughts: tuple[str, ...] = field(default=(), repr=False)
    asked_again: bool = False
    calls_left_out: int = 0
    fallback_model: str | None = None


async def run_turn(
    session: Session, request: TurnRequest, listener: Listener, progress: Progress, form: Form = PLAIN, choice: int = 0
) -> Answer:
    """Send a turn and let the listener hear its answer. Leaving early tells upstream to stop.

    An answer that is not what was asked for is asked for once more, in the same conversation.

    Raises:
        EmptyResponseError: the turn was completed without text.
        ToolCallMissingError: a call was required, and none came.
        BridgeError: what the provider says.
    """
    turn = _Turn(session, listener, progress, choice)
    draft = draft_for(form, partial(listener.text, choice=choice), partial(listener.call, choice=choice))
    finished = await turn.run(request, draft)
    if not finished.text.strip():
        raise EmptyResponseError("Upstream completed the turn without any text.", spent=True)
    ended = await draft.end(finished.text, _reason(finished))
    if isinstance(ended, Done):
        return _answer(session.alias, finished, ended, turn)
    second = await _asked_again(turn, request, finished, ended)
    if second is None:
        done = await draft.settle(finished.text, _reason(finished))
    else:
        finished, done = second, await ended.second.settle(second.text, _reason(second))
    return replace(_answer(session.alias, finished, done, turn), asked_again=second is not None)


class _Turn:
    """The turns of one answer, and what is heard of them beside the text."""

    def __init__(self, session: Session, listener: Listener, progress: Progress, choice: int) -> None:
        self.session = session
        self.progress = progress
        self.thoughts: list[str] = []
        self._listener = listener
        self._choice = choice

    async def run(self, request: TurnRequest, draft: Draft) -> TurnFinished:
        """Send one and let the draft have its text, until it ends or the draft has enough."""
        progress, listener, thoughts = self.progress, self._listener, len(self.thoughts)
        async with self.session.turn(request, on_close="stop", before_send=progress.leaves) as turn:
            await listener.accepted(self.session.alias)
            async for event in turn:
                if isinstance(event, TextDelta):
                    progress.visible = True
                    await draft.text(event.text)
                    if draft.enough:
                        return TurnFinished(draft.heard, "stop")
                elif isinstance(event, TurnFinished):
                    return event
                elif isinstance(event, ThoughtDelta):
                    await self._think(event.text, thoughts + event.part)
                elif isinstance(event, ConversationKnown):
                    progress.conversation_id = event.conversation_id
                    if self._choice == 0:
                        listener.conversation(event.conversation_id)
                elif isinstance(event, ModelResolved):
                    progress.model = event.slug
        raise ProtocolError("The turn ended without saying so.", spent=True)

    async def _think(self, piece: str, part: int) -> None:
        if part == len(self.thoughts):
            self.thoughts.append("")
        self.thoughts[part] += piece
        await self._listener.thought(piece, part, self._choice)


async def _asked_again(turn: _Turn, request: TurnRequest, finished: TurnFinished, again: Again) -> TurnFinished | None:
    """What the model says when it is told what was wrong; `None` when it cannot be told, or does not answer."""
    conversation_id, parent = turn.progress.conversation_id, finished.message_id
    if conversation_id is None or parent is None:
        return None
    follow = replace(
        request,
        messages=(TurnMessage("user", again.instruction),),
        message_id=ids.message_id(),
        conversation_id=conversation_id,
        parent_message_id=parent,
    )
    try:
        return await turn.run(follow, again.second)
    except BridgeError as error:
        # What came first was paid for; the rule for an answer that stays wrong covers it.
        _log.info("chat_not_asked_again", account=turn.session.alias, code=error.code)
        return None


def _reason(finished: TurnFinished) -> Ended:
    return "length" if finished.finish_reason == "length" else "stop"


def _answer(account: str, finished: TurnFinished, done: Done, turn: _Turn) -> Answer:
    return Answer(
        text=done.text,
        finish_reason=done.finish_reason,
        account=account,
        conversation_id=turn.progress.conversation_id,
        model=turn.progress.model,
        message_id=finished.message_id,
        calls=done.calls,
        refusal=done.refusal,
        thoughts=tuple(turn.thoughts),
        calls_left_out=done.left_out,
    )

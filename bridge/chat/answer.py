"""One turn, run: upstream's events in, the answer out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

from core.errors import EmptyResponseError, ProtocolError
from provider.interface.session import Session
from provider.interface.turns import ConversationKnown, ModelResolved, TextDelta, TurnFinished, TurnRequest


class Listener(Protocol):
    """Hears an answer as it comes. Each call is awaited, so that a slow listener slows upstream down."""

    @property
    def begun(self) -> bool:
        """Whether the client has received anything of this answer, so that no other account may begin another."""

    async def accepted(self, account: str) -> None:
        """Upstream has accepted the turn; heard again when the next account has."""

    def conversation(self, conversation_id: str) -> None:
        """Upstream named the conversation; comes before any text."""

    async def text(self, piece: str) -> None:
        """The next piece of the visible answer."""


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
    """A complete answer. `text` is upstream's own, also where it rewrote what it had said before."""

    text: str = field(repr=False)
    finish_reason: Literal["stop", "length"]
    account: str
    conversation_id: str | None
    model: str | None


async def run_turn(session: Session, request: TurnRequest, listener: Listener, progress: Progress) -> Answer:
    """Send a turn and let the listener hear its answer. Leaving early tells upstream to stop.

    Raises:
        EmptyResponseError: the turn was completed without text.
        BridgeError: what the provider says.
    """
    heard: list[str] = []
    async with session.turn(request, on_close="stop", before_send=progress.leaves) as turn:
        await listener.accepted(session.alias)
        async for event in turn:
            if isinstance(event, TextDelta):
                progress.visible = True
                heard.append(event.text)
                await listener.text(event.text)
            elif isinstance(event, TurnFinished):
                await _hear_rest("".join(heard), event.text, listener)
                return _answer(session.alias, event, progress)
            elif isinstance(event, ConversationKnown):
                progress.conversation_id = event.conversation_id
                listener.conversation(event.conversation_id)
            elif isinstance(event, ModelResolved):
                progress.model = event.slug
    raise ProtocolError("The turn ended without saying so.", spent=True)


async def _hear_rest(heard: str, whole: str, listener: Listener) -> None:
    """What the end knows and no piece has brought; an answer that was rewritten cannot be unsaid."""
    if len(whole) > len(heard) and whole.strip() and whole.startswith(heard):
        await listener.text(whole[len(heard) :])


def _answer(account: str, finished: TurnFinished, progress: Progress) -> Answer:
    if not finished.text.strip():
        raise EmptyResponseError("Upstream completed the turn without any text.", spent=True)
    return Answer(
        text=finished.text,
        finish_reason="length" if finished.finish_reason == "length" else "stop",
        account=account,
        conversation_id=progress.conversation_id,
        model=progress.model,
    )

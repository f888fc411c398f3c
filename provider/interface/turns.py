"""A turn: one request to a model and the events it answers with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from provider.interface.research import ResearchHandle

OnClose = Literal["stop", "leave"]
"""What closing an unfinished turn does: tell upstream to stop (chat), or leave it running (operations)."""

BeforeSend = Callable[[], Awaitable[None]]
"""Awaited immediately before the turn's POST leaves; when it raises, nothing is sent."""


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file that lies upstream and can be part of a message. `width` and `height` are pixels, `None` when unknown."""

    file_id: str
    name: str
    mime_type: str
    size_bytes: int
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class TurnMessage:
    """One message of the transcript; `files` come before the text, as upstream wants them."""

    role: Literal["system", "user", "assistant"]
    text: str
    files: tuple[UploadedFile, ...] = ()


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """What to ask.

    Attributes:
        messages: oldest first; the last one is the user's.
        message_id: client-made UUID of the last message; it is what makes a lost submission findable.
        model: upstream slug, or `auto` for upstream's choice; `None` for the one the capture was made with.
        effort: thinking effort, `None` for the account's own choice.
        temporary: ask for a chat upstream does not keep. Ignored for images and research, which need a kept one.
        search: ask upstream to search the web before it answers.
        kind: `image` asks for a picture, `research` starts Deep Research.
        conversation_id: continue this conversation, together with `parent_message_id`.
    """

    messages: tuple[TurnMessage, ...]
    message_id: str
    model: str | None = "auto"
    effort: str | None = None
    temporary: bool = False
    search: bool = False
    kind: Literal["chat", "image", "research"] = "chat"
    conversation_id: str | None = None
    parent_message_id: str | None = None


@dataclass(frozen=True, slots=True)
class ImageAsset:
    """A finished picture upstream. `pointer` is the full asset pointer, `file_id` its bare id."""

    pointer: str
    file_id: str
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class ConversationKnown:
    """Upstream named the turn's conversation. Comes once, before anything visible."""

    conversation_id: str


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the visible answer, in order; pieces only ever add to the text."""

    text: str


@dataclass(frozen=True, slots=True)
class ThoughtDelta:
    """A piece of what the model shows of its thinking, in Markdown; `part` counts its parts from 0 in their order."""

    text: str
    part: int


@dataclass(frozen=True, slots=True)
class ModelResolved:
    """The slug that upstream says is answering."""

    slug: str


@dataclass(frozen=True, slots=True)
class ImagePending:
    """The picture will be made asynchronously; poll the conversation for it."""

    task_id: str


@dataclass(frozen=True, slots=True)
class ImagePreview:
    """The picture as far as it is made; upstream shows some turns several of them, and most turns none."""

    asset: ImageAsset


@dataclass(frozen=True, slots=True)
class TurnFinished:
    """The turn is complete. Always the last event.

    Attributes:
        text: the whole visible answer; where upstream rewrote itself it differs from the summed deltas.
        finish_reason: why the model ended.
        assets: pictures that arrived within the stream, inputs excluded.
        image_task_id: set when the picture is still being made.
        message_id: id of the last visible assistant message, `None` when there is none.
    """

    text: str
    finish_reason: Literal["stop", "length", "cancelled"]
    assets: tuple[ImageAsset, ...] = ()
    image_task_id: str | None = None
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class ResearchStarted:
    """Deep Research has begun beside the conversation. Comes at most once, before `TurnFinished`."""

    handle: ResearchHandle


@dataclass(frozen=True, slots=True)
class QuotaTold:
    """What upstream says is left of each feature, by its canonical name (docs/protocol.md section 9)."""

    remaining: dict[str, float]


TurnEvent = (
    ConversationKnown
    | TextDelta
    | ThoughtDelta
    | ModelResolved
    | ImagePending
    | ImagePreview
    | ResearchStarted
    | QuotaTold
    | TurnFinished
)


class Turn(Protocol):
    """An open turn. Iterating reads upstream only as fast as the reader takes events.

    Iteration raises the typed errors of `core.errors`: after a normal end `TurnFinished` was the last event, so an
    iteration never ends in silence. `spent` of such an error says that upstream had accepted the turn.
    """

    @property
    def conversation_id(self) -> str | None:
        """The upstream conversation, once known."""

    def __aiter__(self) -> AsyncIterator[TurnEvent]: ...


@dataclass(frozen=True, slots=True)
class FoundTurn:
    """A submission that did arrive: its conversation and the client-made message id found in it."""

    conversation_id: str
    message_id: str


@dataclass(frozen=True, slots=True)
class ImageState:
    """What the conversation says about its picture now.

    `pending`: keep polling; `previews` are what upstream shows of it so far. `ready`: `assets` holds the finished
    pictures. `refused`: `text` holds upstream's words, which may be empty when it ended without saying anything.
    """

    status: Literal["pending", "ready", "refused"]
    assets: tuple[ImageAsset, ...] = ()
    text: str = ""
    task_id: str | None = None
    previews: tuple[ImageAsset, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerState:
    """What the conversation holds of the answer to a message now.

    `pending`: keep looking. `ready`: `text` is the whole visible answer. `failed`: upstream ended it with an error or
    without a visible word; `text` is what there is of it.
    """

    status: Literal["pending", "ready", "failed"]
    text: str = ""
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class DownloadedImage:
    """A picture's bytes as upstream sent them, with the type the header named (not yet verified)."""

    content: bytes = field(repr=False)
    content_type: str

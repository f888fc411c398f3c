"""An upstream in memory: it accepts turns, draws one picture and remembers what it was asked."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from PIL import Image

from core.errors import ConversationNotFoundError, OutcomeUnknownError
from provider.interface.accounts import FeatureQuota, Limits
from provider.interface.turns import (
    AnswerState,
    BeforeSend,
    ConversationKnown,
    DownloadedImage,
    FoundTurn,
    ImageAsset,
    ImagePending,
    ImagePreview,
    ImageState,
    OnClose,
    QuotaTold,
    TextDelta,
    TurnEvent,
    TurnFinished,
    TurnRequest,
    UploadedFile,
)
from tests.fakes.provider import FakeProvider, FakeSession

Trouble = list[Exception | None]


def png(colour: str = "teal") -> bytes:
    """A small picture."""
    out = io.BytesIO()
    Image.new("RGB", (16, 12), colour).save(out, "PNG")
    return out.getvalue()


def mask(size: tuple[int, int] = (16, 12), *, changed: bool = True) -> bytes:
    """A mask whose upper left quarter is to be changed, or nothing of it."""
    out = io.BytesIO()
    image = Image.new("RGBA", size, (1, 2, 3, 255))
    if changed:
        image.paste((0, 0, 0, 0), (0, 0, size[0] // 2, size[1] // 2))
    image.save(out, "PNG")
    return out.getvalue()


@dataclass
class Submission:
    """A turn that upstream accepted."""

    message_id: str
    account: str
    prompt: str
    conversation_id: str
    request: TurnRequest


@dataclass
class Upload:
    """An input that upstream stored."""

    account: str
    name: str
    content: bytes
    file_id: str


@dataclass
class FakeUpstream:
    """One world for all accounts. Each list of trouble is used up from its front; `None` in it is a good turn.

    Attributes:
        inline: the picture comes within the stream; otherwise after `pending_polls` looks.
        answer: words instead of a picture.
        refuses_token: every first POST is refused because of its token, and posted again.
        listed: submissions can be found by their message id.
        pieces: what a chat is answered with, piece by piece, the first `said_first` before the gate `in_stream`.
        rewritten: what the whole answer is in the end, where it is not the sum of its pieces.
        pending_answers: how many looks at an answer find only what was said first.
        answer_fails: upstream broke its answer off.
        temporary_lost: nobody can look into a temporary chat.
        previews: how many previews a picture's stream shows before the gate `in_stream`, and a look at it while it is
            pending.
        echoes: a picture that was uploaded shows up among those that are made.
        quota: what upstream says is left of each feature.
        probing: trouble of whoever asks for limits, by account; `probed` are those that did.
        before_send, in_stream, at_poll, at_download, at_upload, at_probe: closed gates hold whoever comes by; open ones
            let pass.
    """

    inline: bool = True
    pending_polls: int = 0
    answer: str = ""
    refuses_token: bool = False
    listed: bool = True
    before: Trouble = field(default_factory=list)
    entering: Trouble = field(default_factory=list)
    streaming: Trouble = field(default_factory=list)
    polling: Trouble = field(default_factory=list)
    downloading: Trouble = field(default_factory=list)
    finding: Trouble = field(default_factory=list)
    stopping: Trouble = field(default_factory=list)
    picture: bytes = field(default_factory=png)
    submissions: list[Submission] = field(default_factory=list)
    stops: list[str] = field(default_factory=list)
    polls: int = 0
    comers: int = 0
    downloaded: list[str] = field(default_factory=list)
    searches: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    pieces: list[str] = field(default_factory=list)
    said_first: int = 0
    rewritten: str | None = None
    pending_answers: int = 0
    answer_fails: bool = False
    temporary_lost: bool = True
    echoes: bool = False
    previews: int = 0
    quota: dict[str, float] = field(default_factory=dict)
    probing: dict[str, Exception] = field(default_factory=dict)
    probed: list[str] = field(default_factory=list)
    uploading: Trouble = field(default_factory=list)
    answering: Trouble = field(default_factory=list)
    uploads: list[Upload] = field(default_factory=list)
    at_upload: asyncio.Event = field(default_factory=asyncio.Event)
    before_send: asyncio.Event = field(default_factory=asyncio.Event)
    in_stream: asyncio.Event = field(default_factory=asyncio.Event)
    at_poll: asyncio.Event = field(default_factory=asyncio.Event)
    at_download: asyncio.Event = field(default_factory=asyncio.Event)
    at_probe: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        for gate in (self.before_send, self.in_stream, self.at_poll, self.at_download, self.at_upload, self.at_probe):
            gate.set()

    async def passes(self, gate: asyncio.Event, trouble: Trouble) -> None:
        """Wait for a gate, then have the trouble that is next in line."""
        self.arrived.set()
        self.comers += 1
        await gate.wait()
        problem = trouble.pop(0) if trouble else None
        if problem is not None:
            raise problem

    def whole(self) -> str:
        """The whole answer of a chat."""
        return "".join(self.pieces) if self.rewritten is None else self.rewritten

    def drawn(self, request: TurnRequest) -> tuple[ImageAsset, ...]:
        """The pictures of a turn, an echo of what was uploaded before the new one."""
        sent = [file.file_id for file in request.messages[-1].files] if self.echoes else []
        return tuple(ImageAsset(f"sediment://{file_id}", file_id) for file_id in (*sent, "file_1"))

    def shown(self) -> tuple[ImageAsset, ...]:
        """The previews."""
        names = [f"file_preview{number}" for number in range(self.previews)]
        return tuple(ImageAsset(f"sediment://{name}", name) for name in names)

    async def held(self) -> None:
        """Wait until somebody has come to a gate."""
        await asyncio.wait_for(self.arrived.wait(), 20)

    def provider(self) -> UpstreamProvider:
        """A provider whose sessions speak to this world."""
        return UpstreamProvider(self)


class _Turn:
    def __init__(self, world: FakeUpstream, submission: Submission) -> None:
        self._world = world
        self._submission = submission

    @property
    def conversation_id(self) -> str | None:
        return self._submission.conversation_id

    def _first(self) -> Iterator[TurnEvent]:
        world = self._world
        yield ConversationKnown(self._submission.conversation_id)
        if world.quota:
            yield QuotaTold(world.quota)
        if self._submission.request.kind == "chat":
            for piece in world.pieces[: world.said_first]:
                yield TextDelta(piece)
        for asset in world.shown():
            yield ImagePreview(asset)

    async def __aiter__(self) -> AsyncIterator[TurnEvent]:
        world, conversation = self._world, self._submission.conversation_id
        for event in self._first():
            yield event
        holding = asyncio.create_task(world.passes(world.in_stream, world.streaming))
        try:
            while not holding.done():
                await asyncio.wait({holding}, timeout=0.05)
                if conversation in world.stops:
                    yield TurnFinished(text="", finish_reason="cancelled")
                    return
            holding.result()
        finally:
            holding.cancel()
        if self._submission.request.kind == "chat":
            for piece in world.pieces[world.said_first :]:
                yield TextDelta(piece)
            yield TurnFinished(text=world.whole(), finish_reason="stop")
        elif world.answer and world.inline:
            yield TurnFinished(text=world.answer, finish_reason="stop")
        elif world.inline:
            yield TurnFinished(text="", finish_reason="stop", assets=world.drawn(self._submission.request))
        else:
            yield ImagePending("task_1")
            yield TurnFinished(text="Processing image", finish_reason="stop", image_task_id="task_1")


class UpstreamSession(FakeSession):
    """A session of one account with a `FakeUpstream`."""

    def __init__(self, alias: str, text: str, world: FakeUpstream) -> None:
        super().__init__(alias, text, None)
        self._world = world

    @asynccontextmanager
    async def turn(
        self, request: TurnRequest, *, on_close: OnClose, before_send: BeforeSend | None = None
    ) -> AsyncIterator[_Turn]:
        assert on_close == "leave"
        world = self._world
        await world.passes(world.before_send, world.before)
        assert before_send is not None
        await before_send()
        if world.refuses_token:
            await before_send()
        problem = world.entering.pop(0) if world.entering else None
        if problem is not None and not isinstance(problem, OutcomeUnknownError):
            raise problem
        number = len(world.submissions) + 1
        text = request.messages[-1].text
        submission = Submission(request.message_id, self.alias, text, f"conversation-{number}", request)
        world.submissions.append(submission)
        if problem is not None:
            raise problem
        yield _Turn(world, submission)

    async def stop(self, conversation_id: str) -> dict[str, Any]:
        world = self._world
        problem = world.stopping.pop(0) if world.stopping else None
        if problem is not None:
            raise problem
        world.stops.append(conversation_id)
        return {"status": "ok", "last_message_id": None}

    async def find_message(self, message_id: str, *, sent_at: datetime) -> FoundTurn | None:
        world = self._world
        world.searches += 1
        problem = world.finding.pop(0) if world.finding else None
        if problem is not None:
            raise problem
        if world.listed:
            for submission in world.submissions:
                if submission.message_id == message_id and submission.account == self.alias:
                    return FoundTurn(submission.conversation_id, message_id)
        return None

    async def image_state(
        self, conversation_id: str, *, message_id: str, uploaded: frozenset[str] = frozenset()
    ) -> ImageState:
        world = self._world
        world.polls += 1
        await world.passes(world.at_poll, world.polling)
        if conversation_id not in {submission.conversation_id for submission in world.submissions}:
            raise ConversationNotFoundError("no such conversation")
        if world.pending_polls > 0:
            world.pending_polls -= 1
            return ImageState("pending", task_id="task_1", previews=world.shown())
        if world.answer:
            return ImageState("refused", text=world.answer)
        made = next(sent for sent in world.submissions if sent.conversation_id == conversation_id)
        assets = tuple(asset for asset in world.drawn(made.request) if asset.file_id not in uploaded)
        return ImageState("ready", assets=assets)

    async def answer_state(self, conversation_id: str, *, message_id: str) -> AnswerState:
        world = self._world
        world.polls += 1
        await world.passes(world.at_poll, world.answering)
        sent = next((sent for sent in world.submissions if sent.conversation_id == conversation_id), None)
        if sent is None or (sent.request.temporary and world.temporary_lost):
            raise ConversationNotFoundError("no such conversation")
        if world.pending_answers > 0:
            world.pending_answers -= 1
            return AnswerState("pending", text="".join(world.pieces[: world.said_first]))
        if world.answer_fails:
            return AnswerState("failed", text="".join(world.pieces[: world.said_first]))
        return AnswerState("ready", text=world.whole(), message_id="answer-1")

    async def upload(self, content: bytes, *, name: str, mime_type: str) -> UploadedFile:
        world = self._world
        await world.passes(world.at_upload, world.uploading)
        stored = Upload(self.alias, name, content, f"file_in{len(world.uploads) + 1}")
        world.uploads.append(stored)
        return UploadedFile(stored.file_id, name, mime_type, len(content))

    async def limits(self) -> Limits:
        world = self._world
        world.probed.append(self.alias)
        await world.passes(world.at_probe, [])
        if self.alias in world.probing:
            raise world.probing[self.alias]
        return Limits({name: FeatureQuota(name, "available", left) for name, left in world.quota.items()})

    async def download_image(self, asset: ImageAsset, *, conversation_id: str) -> DownloadedImage:
        world = self._world
        await world.passes(world.at_download, world.downloading)
        world.downloaded.append(asset.file_id)
        return DownloadedImage(world.picture, "image/png")


class UpstreamProvider(FakeProvider):
    """Opens sessions with one `FakeUpstream`."""

    def __init__(self, world: FakeUpstream) -> None:
        super().__init__()
        self._world = world

    def open(self, alias: str, capture_text: str) -> UpstreamSession:
        session = UpstreamSession(alias, capture_text, self._world)
        self.sessions.append(session)
        return session

"""An upstream of chats in memory: each account plays what a test wrote for it, and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bridge.routing.needs import Needs
from bridge.routing.pool import Held
from core.errors import NoEligibleAccountError, UpstreamError
from provider.interface.accounts import Limits
from provider.interface.quota import QuotaWatcher
from provider.interface.turns import (
    BeforeSend,
    ConversationKnown,
    OnClose,
    TextDelta,
    TurnEvent,
    TurnFinished,
    TurnRequest,
    UploadedFile,
)
from tests.fakes.provider import FakeProvider, FakeSession

Step = TurnEvent | Exception | asyncio.Event | float
"""An event, an error, a gate to wait at, or seconds to wait."""


def says(*pieces: str, reason: str = "stop") -> list[Step]:
    """The steps of a good answer."""
    text = "".join(pieces)
    finished = TurnFinished(text, "length" if reason == "length" else "stop", message_id="answer-1")
    return [ConversationKnown("conversation-1"), *(TextDelta(piece) for piece in pieces), finished]


@dataclass
class ChatWorld:
    """One world for all accounts.

    Attributes:
        before: by account, errors that come before the turn's POST, used up from the front.
        refusals: by account, errors that answer the POST, used up from the front.
        uploading: by account, errors that answer an upload, used up from the front.
        script: what every accepted turn plays.
        scripts: what coming turns play instead, used up from the front.
        accepting: a closed gate holds turns that were sent and not accepted yet.
        asked: account and request of every turn that was sent.
        stopped: accounts whose turns were left unfinished.
        limits: by account, what it says when it is asked for its limits; one that says nothing refuses.
        probed: who was asked for limits.
        quota: told of what the accounts say.
    """

    before: dict[str, list[Exception]] = field(default_factory=dict)
    refusals: dict[str, list[Exception]] = field(default_factory=dict)
    uploading: dict[str, list[Exception]] = field(default_factory=dict)
    script: list[Step] = field(default_factory=lambda: says("Hello", " there"))
    scripts: list[list[Step]] = field(default_factory=list)
    accepting: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[tuple[str, TurnRequest]] = field(default_factory=list)
    uploaded: list[tuple[str, str, str]] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    limits: dict[str, Limits | Exception] = field(default_factory=dict)
    probed: list[str] = field(default_factory=list)
    quota: QuotaWatcher | None = None

    def __post_init__(self) -> None:
        self.accepting.set()

    @property
    def accounts(self) -> list[str]:
        """Who was asked, in order."""
        return [alias for alias, _ in self.asked]


class _Turn:
    def __init__(self, script: list[Step]) -> None:
        self._script = script
        self.finished = False
        self.conversation_id: str | None = None

    async def __aiter__(self) -> AsyncIterator[TurnEvent]:
        for step in self._script:
            if isinstance(step, Exception):
                self.finished = True
                raise step
            if isinstance(step, asyncio.Event):
                await step.wait()
            elif isinstance(step, float | int):
                await asyncio.sleep(step)
            else:
                self.finished = isinstance(step, TurnFinished)
                yield step


class ChatSession(FakeSession):
    """A session of one account in a `ChatWorld`."""

    def __init__(self, alias: str, world: ChatWorld, text: str = "") -> None:
        super().__init__(alias, text, None)
        self._world = world

    @asynccontextmanager
    async def turn(
        self, request: TurnRequest, *, on_close: OnClose, before_send: BeforeSend | None = None
    ) -> AsyncIterator[_Turn]:
        assert on_close == "stop"
        _raise_next(self._world.before, self.alias)
        if before_send is not None:
            await before_send()
        self._world.asked.append((self.alias, request))
        turn = _Turn(self._world.scripts.pop(0) if self._world.scripts else self._world.script)
        try:
            await self._world.accepting.wait()
            if self._world.refusals.get(self.alias):
                turn.finished = True
                _raise_next(self._world.refusals, self.alias)
            yield turn
        finally:
            if not turn.finished:
                self._world.stopped.append(self.alias)

    async def limits(self) -> Limits:
        self._world.probed.append(self.alias)
        found = self._world.limits.get(self.alias, UpstreamError("no limits"))
        if isinstance(found, Exception):
            raise found
        if self._world.quota is not None:
            self._world.quota.told(self.alias, found, source="probe")
        return found

    async def upload(self, content: bytes, *, name: str, mime_type: str) -> UploadedFile:
        _raise_next(self._world.uploading, self.alias)
        self._world.uploaded.append((self.alias, name, mime_type))
        return UploadedFile(f"file-{self.alias}-{len(self._world.uploaded)}", name, mime_type, len(content))


class ChatProvider(FakeProvider):
    """Opens sessions in one `ChatWorld`."""

    def __init__(self, world: ChatWorld) -> None:
        super().__init__()
        self._world = world

    def open(self, alias: str, capture_text: str) -> ChatSession:
        session = ChatSession(alias, self._world, capture_text)
        self.sessions.append(session)
        return session


@dataclass
class FakeAccounts:
    """A pool of two accounts whose slots are always free. `refuses`: models that none of them may serve."""

    world: ChatWorld
    aliases: tuple[str, ...] = ("one", "two")
    needs: list[Needs] = field(default_factory=list)
    affinities: list[str | None] = field(default_factory=list)
    left: list[BaseException | None] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)

    @asynccontextmanager
    async def chat(
        self, needs: Needs, *, affinity: str | None = None, exclude: Collection[str] = ()
    ) -> AsyncIterator[Held]:
        self.needs.append(needs)
        self.affinities.append(affinity)
        free = [alias for alias in self.aliases if alias not in exclude and needs.slug not in self.refuses]
        if not free:
            raise NoEligibleAccountError("all tried")
        try:
            yield Held(free[0], ChatSession(free[0], self.world))
        except BaseException as error:
            self.left.append(error)
            raise
        self.left.append(None)


def _raise_next(errors: dict[str, list[Exception]], alias: str) -> None:
    waiting = errors.get(alias)
    if waiting:
        raise waiting.pop(0)

"""Chats with an idempotency key: each runs once, for all connections that joined it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias
from weakref import WeakValueDictionary

from api.answers.asked import Identity
from api.answers.outcome import Outcome
from api.connection import Leash
from bridge.chat.answer import Listener
from bridge.chat.choices import Answered, Choices
from bridge.chat.tools.offer import ToolCall
from bridge.idempotency.answers import KeyScope

GRACE_SECONDS = 0.75
"""How long a run waits for another connection once the last one has gone: a client whose connection broke comes back
sooner than that, and upstream has to hear of the end within two seconds."""

Told: TypeAlias = Callable[[Listener], Awaitable[None]]
"""One piece of a chat, told to one listener."""


Ending: TypeAlias = Callable[[Answered | Exception], Awaitable[Outcome]]
"""Settles what becomes of a run's key, and says what the connections are told; never fails."""


class NobodyLeft(Exception):
    """Every connection that waited for the run has gone."""


class SharedChat:
    """One run. It listens to upstream and tells what it hears to whoever has joined, from the beginning.

    Attributes:
        identity: what all connections see of it.
        digest: what tells its request from others with the same key.
        leash: ends it from outside.
        deserted: it is being stopped, because nobody is there to hear it.
    """

    def __init__(self, run: Choices, identity: Identity, digest: str) -> None:
        self.run = run
        self.identity = identity
        self.digest = digest
        self.leash = Leash()
        self._heard: list[Told] = []
        self._spoken = False
        self._news = asyncio.Event()
        self._listeners: set[Listener] = set()
        self._outcome: Outcome | None = None
        self._alone: asyncio.TimerHandle | None = None
        self.deserted = False

    @property
    def begun(self) -> bool:
        """Whether any client has received anything of this answer."""
        return self._spoken or any(listener.begun for listener in self._listeners)

    async def accepted(self, account: str) -> None:
        """Upstream has accepted the turn."""
        self._tell(lambda listener: listener.accepted(account))

    def conversation(self, conversation_id: str) -> None:
        """Upstream named the conversation."""

        async def told(listener: Listener) -> None:
            listener.conversation(conversation_id)

        self._tell(told)

    async def thought(self, piece: str, part: int, choice: int = 0) -> None:
        """The next piece of what the model shows of its thinking."""
        self._tell(lambda listener: listener.thought(piece, part, choice))

    async def text(self, piece: str, choice: int = 0) -> None:
        """The next piece of an answer."""
        self._spoken = True
        self._tell(lambda listener: listener.text(piece, choice))

    async def call(self, call: ToolCall, choice: int = 0) -> None:
        """The client is to run a tool."""
        self._spoken = True
        self._tell(lambda listener: listener.call(call, choice))

    def end(self, outcome: Outcome) -> None:
        """Nothing more comes."""
        self._outcome = outcome
        self._wake()

    @contextmanager
    def joined(self, listener: Listener) -> Iterator[None]:
        """Count a connection while the block runs; some time after the last one has left, the run is ended."""
        self._listeners.add(listener)
        if self._alone is not None:
            self._alone.cancel()
        try:
            yield
        finally:
            self._listeners.discard(listener)
            if not self._listeners and self._outcome is None:
                self._alone = asyncio.get_running_loop().call_later(GRACE_SECONDS, self._desert)

    async def follow(self, listener: Listener) -> Outcome:
        """Tell a listener everything from the beginning, then what comes, until the end."""
        told = 0
        while True:
            news = self._news
            while told < len(self._heard):
                await self._heard[told](listener)
                told += 1
            if self._outcome is not None and told == len(self._heard):
                return self._outcome
            await news.wait()

    def _desert(self) -> None:
        if self._outcome is None and not self._listeners:
            self.deserted = True
            self.leash.pull(NobodyLeft())

    def _tell(self, told: Told) -> None:
        self._heard.append(told)
        self._wake()

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()


class SharedChats:
    """The runs of this process, by key."""

    def __init__(self) -> None:
        self._running: dict[KeyScope, tuple[SharedChat, asyncio.Task[None]]] = {}
        self._doors: WeakValueDictionary[KeyScope, asyncio.Lock] = WeakValueDictionary()

    def door(self, scope: KeyScope) -> asyncio.Lock:
        """Held while somebody finds out what a key stands for, so that two who bring it at once start one run."""
        return self._doors.setdefault(scope, asyncio.Lock())

    async def find(self, scope: KeyScope) -> SharedChat | None:
        """The run of this key. One that is being stopped because everybody left is waited for, and no run any more."""
        while (entry := self._running.get(scope)) is not None:
            chat, task = entry
            if not chat.deserted:
                return chat
            await asyncio.wait([task])
        return None

    def start(self, scope: KeyScope, chat: SharedChat, work: Awaitable[Answered], ending: Ending) -> None:
        """Run a chat on its leash; it goes on when the connection that brought it leaves while another one is there."""
        task = asyncio.create_task(self._run(scope, chat, work, ending), name="shared-chat")
        self._running[scope] = chat, task

    async def drained(self) -> None:
        """Wait until every run has ended, and upstream was told of those that were stopped."""
        while self._running:
            await asyncio.wait([task for _, task in self._running.values()])

    async def _run(self, scope: KeyScope, chat: SharedChat, work: Awaitable[Answered], ending: Ending) -> None:
        try:
            ended: Answered | Exception = await chat.leash.hold(work)
        except Exception as error:
            ended = error
        try:
            chat.end(await ending(ended))
        finally:
            del self._running[scope]

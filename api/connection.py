"""One request and its connection: who may end the work, and how its end is noticed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from starlette.types import Receive

from core.errors import ShuttingDownError

ResultT = TypeVar("ResultT")


class ClientLeft(Exception):
    """The client has closed its connection; nobody is there to be answered."""


class Voice(Protocol):
    """What an answer says while its work takes long. Times are those of the event loop's clock."""

    def due(self) -> float:
        """When `beat` wants to be called next."""

    async def beat(self) -> None:
        """Say something, if it is time to."""


class Leash:
    """Ends one piece of work from outside: its client left, somebody cancelled it, or the server stops."""

    def __init__(self) -> None:
        self._cause: Exception | None = None
        self._scope: asyncio.Timeout | None = None

    def pull(self, cause: Exception) -> None:
        """End the work; the first cause counts."""
        if self._cause is not None:
            return
        self._cause = cause
        if self._scope is not None:
            self._scope.reschedule(asyncio.get_running_loop().time())

    async def hold(self, work: Awaitable[ResultT]) -> ResultT:
        """Do the work.

        Raises:
            Exception: the cause, when the leash was pulled; else whatever the work raises.
        """
        try:
            async with asyncio.timeout(None) as scope:
                self._scope = scope
                if self._cause is not None:
                    scope.reschedule(asyncio.get_running_loop().time())
                return await work
        except TimeoutError:
            if self._cause is None:
                raise
            raise self._cause from None
        finally:
            self._scope = None


class Leashes:
    """Everything this server works on for a waiting client.

    Attributes:
        stopping: no new work is taken.
    """

    def __init__(self) -> None:
        self.stopping = False
        self._held: set[Leash] = set()

    def require_open(self) -> None:
        """For whatever begins new work.

        Raises:
            ShuttingDownError: the server is stopping.
        """
        if self.stopping:
            raise ShuttingDownError("The server is stopping.")

    @contextmanager
    def holding(self, leash: Leash) -> Iterator[Leash]:
        """Have the leash among them while the block runs.

        Raises:
            ShuttingDownError: the server is stopping.
        """
        self.require_open()
        self._held.add(leash)
        try:
            yield leash
        finally:
            self._held.discard(leash)

    def pull_all(self) -> None:
        """End everything, because the server stops."""
        for leash in list(self._held):
            leash.pull(ShuttingDownError("The server is stopping."))


async def attended(work: Awaitable[ResultT], *, receive: Receive, leash: Leash, voice: Voice) -> ResultT:
    """Do the work on the leash, while its connection is watched and its answer keeps speaking.

    Raises:
        ClientLeft: the client did; the work has been cancelled.
        Exception: another cause of the leash, or whatever the work raises.
    """
    watcher = asyncio.create_task(_watch(receive, leash, voice), name="connection-watch")
    try:
        return await leash.hold(work)
    finally:
        watcher.cancel()


async def _watch(receive: Receive, leash: Leash, voice: Voice) -> None:
    try:
        while True:
            try:
                async with asyncio.timeout_at(voice.due()):
                    message = await receive()
            except TimeoutError:
                await voice.beat()
            else:
                if message["type"] == "http.disconnect":
                    leash.pull(ClientLeft())
                    return
    except Exception as error:
        # Without a watch the work would outlive its client.
        leash.pull(error)

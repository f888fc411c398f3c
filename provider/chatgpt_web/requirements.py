"""Requirement tokens, their proofs, and the stash that keeps them ready (docs/protocol.md sections 2.6 and 7)."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from core.errors import BridgeError
from provider.chatgpt_web import errors, proof
from provider.chatgpt_web.connection import Connection

MOST_KEPT = 2
REFILL_SECONDS = 60.0
_MARGIN_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Ready:
    """What one turn carries.

    Attributes:
        headers: requirements token, proof and captured tokens.
        expires_at: loop time after which it is not used any more.
        proven: a proof was computed for it.
        stashed: it was fetched before the turn that uses it.
    """

    headers: dict[str, str] = field(repr=False)
    expires_at: float
    proven: bool
    stashed: bool = False


class Requirements:
    """Hands out single-use tokens: from the stash, where one lies ready, else fetched now.

    The stash is refilled after a turn was accepted and for a minute from then, never by itself: an account that nobody
    uses or that upstream refuses is left alone.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._stash: deque[Ready] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._paused = False
        self._closed = False
        self._timer: asyncio.TimerHandle | None = None
        self._last_turn = float("-inf")

    async def take(self, *, fresh: bool = False) -> Ready:
        """What the next turn carries; `fresh` leaves the stash alone and forgets it.

        Raises:
            BrowserCheckRequiredError: upstream wants what the capture cannot give.
            BridgeError: the call failed.
        """
        now = asyncio.get_running_loop().time()
        if fresh:
            self._stash.clear()
        while self._stash:
            ready = self._stash.popleft()
            if ready.expires_at > now:
                return ready
        return await self._fetch(stashed=False)

    def accepted(self) -> None:
        """Upstream has accepted a turn: keep tokens ready for the next ones."""
        self._paused = False
        self._last_turn = asyncio.get_running_loop().time()
        self._refill()

    def pause(self) -> None:
        """Fetch nothing ahead until upstream has accepted another turn: it refuses the account, or that is paused."""
        self._paused = True
        self._stash.clear()
        for task in self._tasks:
            task.cancel()

    async def aclose(self) -> None:
        """Stop refilling, and computing."""
        self.pause()
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _fetch(self, *, stashed: bool) -> Ready:
        document = await self._connection.call(
            "POST",
            "/backend-api/sentinel/chat-requirements",
            context="requirements",
            body={"p": None},
            headers={"x-conduit-token": "no-token"},
        )
        if not isinstance(document, dict):
            raise errors.malformed("Upstream's requirements are no object.")
        needed = proof.examine(document, self._connection.captured)
        expires_at = asyncio.get_running_loop().time() + max(1.0, needed.expires_seconds - _MARGIN_SECONDS)
        headers = {"openai-sentinel-chat-requirements-token": needed.token, **needed.headers}
        if needed.challenge is not None:
            headers["openai-sentinel-proof-token"] = await _solved(needed.challenge)
        return Ready(headers, expires_at, needed.challenge is not None, stashed)

    def _refill(self) -> None:
        """Fetch what the stash lacks, while the last turn is not long ago, and look again when a token has expired."""
        loop = asyncio.get_running_loop()
        if self._closed or self._paused or loop.time() - self._last_turn > REFILL_SECONDS:
            return
        for _ in range(MOST_KEPT - len(self._stash) - len(self._tasks)):
            self._start(self._stash_one())

    async def _stash_one(self) -> None:
        try:
            ready = await self._fetch(stashed=True)
        except BridgeError:
            # The next turn asks by itself and tells its caller; asking again now would only hammer.
            return
        if not self._paused and len(self._stash) < MOST_KEPT:
            self._stash.append(ready)
            self._watch(ready)

    def _watch(self, ready: Ready) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(ready.expires_at, self._expired)

    def _expired(self) -> None:
        now = asyncio.get_running_loop().time()
        self._stash = deque(ready for ready in self._stash if ready.expires_at > now)
        self._refill()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work, name="requirements")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _solved(challenge: proof.Challenge) -> str:
    """The proof, from a worker thread that ends its search when nobody waits for it any more."""
    abandoned = threading.Event()
    try:
        return await asyncio.to_thread(proof.solve, challenge, stopped=abandoned.is_set)
    finally:
        abandoned.set()

"""One attempt to follow a research, from wherever the journal left it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from activities.upstream import Upstream
from bridge.operations.journal import Journal
from bridge.operations.researches import Notes, Researches
from bridge.operations.submissions import Submissions
from bridge.operations.turns import request_of
from core.clock import utc_now
from core.contracts.operations import OperationRecord
from core.contracts.research import ResearchRequest
from core.contracts.steps import Watched, WatchInput
from core.errors import (
    ConversationNotFoundError,
    OperationTimeoutError,
    OutcomeUnknownError,
    ResearchFailedError,
)
from provider.interface.research import ResearchHandle, ResearchState, ResearchUpdate
from provider.interface.session import Session

_LOOK_SECONDS = 2.0
_SETTLED = timedelta(seconds=10)
"""How long an answer in words stands alone before no research is expected beside it any more."""

_STOPPED = frozenset({"cancelled", "canceled", "stopped"})
"""Upstream's words for a research that somebody ended."""


class Watch:
    """Follows the research until it is in another phase than the workflow knows, or out of time."""

    def __init__(
        self,
        given: WatchInput,
        record: OperationRecord,
        book: Journal,
        notes: Notes,
        *,
        submissions: Submissions,
        researches: Researches,
        upstream: Upstream,
    ) -> None:
        self._given = given
        self._record = record
        self._book = book
        self._notes = notes
        self._submissions = submissions
        self._researches = researches
        self._upstream = upstream
        self._clock: asyncio.Timeout | None = None
        # While the account's capture was waited for, upstream may have shown what nobody looked at.
        self._news_at = utc_now() if notes.updated_at is None or record.skipped else notes.updated_at
        self._ended: Watched | None = None

    async def run(self) -> Watched:
        """Follow it; returns at the next boundary.

        Raises:
            OperationTimeoutError: it was out of time, and upstream had nothing new when asked once more.
            ResearchFailedError: upstream ended it without a report, or never showed it.
            BridgeError: upstream cannot be asked.
        """
        await self.look()
        known = self._ended or self._boundary()
        if known is not None:
            return known
        if self._book.account is None or not self._book.sent:
            raise OperationTimeoutError("The time for this operation was over before it could be sent.")
        async with self._upstream.waiting(self._record, self._book.account, self._given.deadline) as session:
            handle = self._book.research or await self._found(session)
            if handle is None:
                return self._ended or self._boundary() or self._watched("over")
            return await self._followed(session, handle)

    async def look(self) -> None:
        """At each heartbeat: leave where the operation has ended or is to be stopped."""
        record, book, notes = await self._researches.open(self._record.id)
        if record.state.terminal:
            self._ended = self._watched("over", notes)
        elif book.cancel_requested_at is not None:
            self._ended = self._watched("stopped", notes)
        if self._ended is not None and self._clock is not None:
            self._clock.reschedule(asyncio.get_running_loop().time())

    # --- Where it is

    def _boundary(self) -> Watched | None:
        """What the workflow does not know yet, `None` while that is nothing.

        Raises:
            ResearchFailedError: it ended without a report.
        """
        notes, given = self._notes, self._given
        if notes.phase == "failed" and notes.status in _STOPPED:
            return self._watched("cancelled")
        if notes.phase == "failed":
            raise ResearchFailedError(f"Upstream ended the research as `{notes.status[:100]}`.", spent=True)
        if notes.phase == "completed":
            return self._watched("completed")
        if notes.phase == "running" and given.phase != "running":
            return self._watched("running")
        waits = notes.phase == "waiting_plan" and (given.phase == "launching" or notes.mark != given.plan)
        return self._watched("waiting_plan") if waits else None

    def _watched(self, phase: str, notes: Notes | None = None) -> Watched:
        notes = notes or self._notes
        request = request_of(self._record)
        waits = phase == "waiting_plan"
        return Watched.model_validate(
            {
                "phase": phase,
                "plan": notes.plan if waits else None,
                "mark": notes.mark if waits else None,
                "asks": isinstance(request, ResearchRequest) and request.plan == "ask",
                "edits": notes.edits,
                "last_event": notes.last_event,
            }
        )

    # --- Which research it is

    async def _found(self, session: Session) -> ResearchHandle | None:
        """The research, looked for in the conversation; `None` once the answer in words is kept instead of one.

        Raises:
            ResearchFailedError: upstream shows neither.
        """
        settled: datetime | None = None
        while self._ended is None:
            asked = utc_now()
            try:
                conversation = self._book.conversation_id or await self._conversation(session)
                answer = await session.answer_state(conversation, message_id=self._record.message_id)
                handle = await session.find_research(conversation, message_id=self._record.message_id)
            except ConversationNotFoundError:
                if asked >= self._given.launch_until:
                    raise
            else:
                if handle is not None:
                    await self._submissions.learn(self._record.id, None, research=handle)
                    return handle
                if answer.status == "ready" and answer.text.strip():
                    settled = settled or min(asked + _SETTLED, self._given.launch_until)
                    if asked >= settled:
                        self._notes = await self._researches.answered(self._record.id, answer.text.strip())
                        return None
                if asked >= self._given.launch_until:
                    raise ResearchFailedError("Upstream took the request and shows no research of it.", spent=True)
            await asyncio.sleep(_pause(asked, settled or self._given.launch_until))
            await self.look()
        return None

    async def _conversation(self, session: Session) -> str:
        sent_at = self._book.sent_at
        assert sent_at is not None
        found = await session.find_message(self._record.message_id, sent_at=sent_at)
        if found is None:
            raise OutcomeUnknownError("The request was sent and has not been listed upstream yet.", spent=True)
        await self._submissions.learn(self._record.id, None, conversation_id=found.conversation_id)
        self._book = await self._submissions.read(self._record.id)
        return found.conversation_id

    # --- How far it is

    async def _followed(self, session: Session, handle: ResearchHandle) -> Watched:
        while True:
            try:
                async with asyncio.timeout(self._left()) as self._clock:
                    async with _closing(session.watch_research(handle, offset=self._notes.offset)) as updates:
                        async for update in updates:
                            reached = await self._keep(update.state, update.offset)
                            if reached is not None:
                                return reached
                    # A watch never ends by itself; one that does is begun again.
                    await asyncio.sleep(_LOOK_SECONDS)
            except TimeoutError:
                self._clock = None
                if self._ended is not None:
                    return self._ended
                reached = await self._last_look(session, handle)
                if reached is not None:
                    return reached
            finally:
                self._clock = None

    async def _keep(self, state: ResearchState, offset: str | None) -> Watched | None:
        before = self._notes
        steady = state.phase == before.phase == "running"
        self._notes = await self._researches.observe(self._record.id, state, offset, durable=not steady)
        if self._book.upstream_failures:
            await self._submissions.forget_failures(self._record.id)
            self._book = await self._submissions.read(self._record.id)
        if state.phase == "completed" and not state.report.strip():
            raise ResearchFailedError("Upstream completed the research without a report.", spent=True)
        if self._notes.updated_at != before.updated_at:
            self._news_at = utc_now()
            if self._clock is not None:
                self._clock.reschedule(asyncio.get_running_loop().time() + self._left())
        return self._boundary()

    async def _last_look(self, session: Session, handle: ResearchHandle) -> Watched | None:
        """Out of time: ask once more; news that came late are as good as any, but nothing outlives the deadline.

        Raises:
            OperationTimeoutError: there is nothing new, or the time is over for good.
        """
        silent_since = self._news_at
        reached = await self._keep(await session.research_state(handle), None)
        if reached is not None:
            return reached
        if utc_now() < self._given.deadline and self._news_at != silent_since:
            return None
        over = "waited too long" if self._given.phase == "waiting_plan" else "was not finished"
        raise OperationTimeoutError(
            f"The research {over} when its time was over; upstream calls it `{self._notes.status[:100]}`.", spent=True
        )

    def _left(self) -> float:
        """Seconds until the deadline, or until a research that runs has been silent for too long."""
        ends = self._given.deadline
        if self._notes.phase != "waiting_plan":
            ends = min(ends, self._news_at + self._given.silence)
        return max((ends - utc_now()).total_seconds(), 0)


def _pause(now: datetime, until: datetime) -> float:
    """Short enough not to sleep past a moment that matters, and never nothing."""
    return min(_LOOK_SECONDS, max((until - now).total_seconds(), 0.05))


@asynccontextmanager
async def _closing(updates: AsyncIterator[ResearchUpdate]) -> AsyncIterator[AsyncIterator[ResearchUpdate]]:
    """Close what upstream was followed by, at once and not when it is collected."""
    try:
        yield updates
    finally:
        close = getattr(updates, "aclose", None)
        if close is not None:
            await close()

"""One attempt to have an operation's turn upstream, exactly once."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from activities.errors import final, retried
from activities.stopping import stop_upstream
from activities.upstream import Upstream
from bridge.operations.journal import Journal
from bridge.operations.submissions import Submissions
from bridge.operations.turns import turn_request
from core.clock import utc_now
from core.contracts.images import ImageRef
from core.contracts.operations import OperationRecord
from core.contracts.steps import SubmitInput, Submitted
from core.errors import (
    AccountError,
    BridgeError,
    ConversationNotFoundError,
    OperationTimeoutError,
    OutcomeUnknownError,
    SupersededError,
    UpstreamError,
    UpstreamRefusalError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from provider.interface.session import Session
from provider.interface.turns import ConversationKnown, ImagePending, Turn, TurnFinished

SEND_BOUND = timedelta(seconds=5)
"""What connecting and writing the body may take. The grace of a lost submission begins when it has passed."""

LISTED_LATE = timedelta(seconds=60)
"""Upstream may deny for this long that a new conversation exists (docs/protocol.md section 8)."""

_LOOK_SECONDS = 2.0
_AFTER_STOP = timedelta(seconds=3)
_REFUSALS = (UpstreamRefusalError, AccountError, UpstreamUnavailableError)


class Attempt:
    """Holds the fence it was given; when a later attempt takes it, this one sends and writes nothing more."""

    def __init__(
        self,
        given: SubmitInput,
        record: OperationRecord,
        book: Journal,
        submissions: Submissions,
        upstream: Upstream,
    ) -> None:
        self._given = given
        self._record = record
        self._book = book
        self._submissions = submissions
        self._upstream = upstream
        self._fence = book.fence
        self._began = utc_now()
        self._claimed = False
        self._clock: asyncio.Timeout | None = None

    @property
    def _account(self) -> str:
        if self._book.account is None:
            raise SupersededError("The operation holds no account any more.")
        return self._book.account

    async def run(self) -> Submitted:
        """Find the submission upstream, or send it.

        Raises:
            BridgeError: final ones, after what they teach was written down.
            ApplicationError: failures of upstream that the journal has counted.
        """
        if self._book.conversation_id is None and self._book.sent_at is not None:
            await self._reconcile(self._book.sent_at)
        if self._book.conversation_id is not None or self._book.cancel_requested_at is not None:
            return await self._settled()
        if utc_now() >= self._given.deadline:
            raise OperationTimeoutError("The time for this operation was over before it could be sent.")
        if self._book.upstream_failures >= self._given.max_upstream_failures:
            raise final(UpstreamError("Upstream failed too often before it accepted anything."))
        return await self._send()

    async def look(self) -> None:
        """At each heartbeat: leave the stream when another attempt has taken over, or a stop was acknowledged."""
        book = await self._submissions.read(self._record.id)
        stopped = book.stopped_at is not None and utc_now() - book.stopped_at > _AFTER_STOP
        if self._clock is not None and (book.fence != self._fence or stopped):
            self._clock.reschedule(asyncio.get_running_loop().time())

    async def _settled(self, assets: tuple[ImageRef, ...] = (), refusal: str = "") -> Submitted:
        """Nothing is left to send: upstream has it, or it was cancelled before."""
        book = self._book
        if book.cancel_requested_at is not None:
            try:
                book = await stop_upstream(self._upstream, self._submissions, book)
            except BridgeError as error:
                raise await self._upstream.again(book.operation_id, error, self._given.max_upstream_failures) from error
            return Submitted(
                status="cancelled",
                conversation_id=book.conversation_id,
                attempts=self._fence,
                last_event=book.last_event,
            )
        return Submitted(
            status="refused" if refusal else "accepted",
            text=refusal[:2000],
            conversation_id=book.conversation_id,
            assets=assets,
            attempts=self._fence,
            last_event=book.last_event,
        )

    # --- Did it arrive?

    async def _reconcile(self, sent_at: datetime) -> None:
        """Find the submission upstream, or prove that it is not there."""
        try:
            session = await self._upstream.session(self._account)
            await self._search(session, sent_at)
        except SupersededError:
            raise
        except BridgeError as error:
            await self._upstream.learn(self._record, self._account, error)
            unknown = OutcomeUnknownError(
                f"The request was sent, and whether it arrived cannot be found out: {error.message}",
                upstream_status=error.upstream_status,
                spent=True,
            )
            if isinstance(error, AccountError):
                raise final(unknown) from error
            raise await self._upstream.again(self._record.id, unknown, self._given.max_upstream_failures) from error

    async def _search(self, session: Session, sent_at: datetime) -> None:
        proven = sent_at + SEND_BOUND + self._given.grace
        while True:
            asked = utc_now()
            try:
                found = await session.find_message(self._record.message_id, sent_at=sent_at)
            except ConversationNotFoundError:
                if asked >= sent_at + LISTED_LATE:
                    raise
                await asyncio.sleep(_LOOK_SECONDS)
                continue
            if found is not None:
                await self._learn(conversation_id=found.conversation_id)
                return
            if asked >= proven:
                await self._clear()
                return
            await asyncio.sleep(min(_LOOK_SECONDS, (proven - asked).total_seconds()))

    async def _learn(self, *, conversation_id: str | None = None, image_task_id: str | None = None) -> None:
        book = await self._submissions.learn(
            self._record.id, self._fence, conversation_id=conversation_id, image_task_id=image_task_id
        )
        if book is None:
            raise SupersededError("A later attempt has taken over.")
        self._book = book

    async def _clear(self) -> None:
        if not await self._submissions.clear_sent(self._record.id, self._fence):
            raise SupersededError("A later attempt has taken over.")
        self._book = await self._submissions.read(self._record.id)

    # --- Send it

    async def _send(self) -> Submitted:
        try:
            session = await self._upstream.session(self._account)
            async with asyncio.timeout((self._given.deadline - utc_now()).total_seconds()) as self._clock:
                async with session.turn(
                    turn_request(self._record), on_close="leave", before_send=self._before_send
                ) as turn:
                    return await self._follow(turn)
        except TimeoutError:
            return await self._left()
        except SupersededError as error:
            return await self._not_sent(error)
        except BridgeError as error:
            return await self._broken(error)
        finally:
            self._clock = None

    async def _before_send(self) -> None:
        """The last thing before the POST: claim it in the journal, and be quick about it."""
        if self._claimed:
            # The session posts a second time only after a refusal that proves that the first one was not accepted.
            await self._clear()
        now = utc_now()
        if not await self._submissions.mark_sent(self._record.id, self._fence, now):
            raise SupersededError("The right to send was lost.")
        self._claimed = True
        if utc_now() - now >= SEND_BOUND:
            # This process was stopped for a while, so a later attempt may have looked upstream already.
            raise SupersededError("The right to send has expired.")

    async def _follow(self, turn: Turn) -> Submitted:
        finished: TurnFinished | None = None
        async for event in turn:
            if isinstance(event, ConversationKnown):
                await self._learn(conversation_id=event.conversation_id)
            elif isinstance(event, ImagePending):
                await self._learn(image_task_id=event.task_id)
            elif isinstance(event, TurnFinished):
                finished = event
            if self._book.cancel_requested_at is not None and self._book.conversation_id is not None:
                return await self._settled()
        await self._upstream.answered(self._record, self._account, self._began)
        if finished is None or finished.finish_reason == "cancelled":
            await self._reload()
        return await self._settled(_pictures(finished), _refusal(finished))

    async def _reload(self) -> None:
        """Read the journal again; nobody but the holder of the fence may go on.

        Raises:
            SupersededError: a later attempt holds it.
        """
        self._book = await self._submissions.read(self._record.id)
        if self._book.fence != self._fence:
            raise SupersededError("A later attempt has taken over.")

    async def _left(self) -> Submitted:
        """The stream was left open: the time was over, a stop was acknowledged, or a later attempt took over."""
        await self._reload()
        unknown = self._book.sent_at is not None and self._book.conversation_id is None
        if unknown and self._book.cancel_requested_at is not None:
            raise retried(UpstreamTimeoutError("Upstream has not named the conversation that is to be stopped."))
        return await self._settled()

    async def _not_sent(self, error: SupersededError) -> Submitted:
        """The claim was refused, or came too late to be used: this attempt has sent nothing."""
        await self._reload()
        if self._book.conversation_id is None and self._book.sent_at is not None:
            await self._clear()
        if self._book.conversation_id is None and self._book.cancel_requested_at is None:
            raise retried(error) from error
        return await self._settled()

    async def _broken(self, error: BridgeError) -> Submitted:
        """A turn that failed: what is proven, what is known, and what has to be looked up by the next attempt."""
        await self._upstream.learn(self._record, self._account, error)
        await self._reload()
        limit = self._given.max_upstream_failures
        if self._book.conversation_id is not None:
            if isinstance(error, (UpstreamRefusalError, AccountError)) and self._book.cancel_requested_at is None:
                raise final(error) from error
            return await self._settled()
        if self._book.sent_at is not None and not (isinstance(error, _REFUSALS) and not error.spent):
            await self._submissions.count_failure(self._record.id)
            raise retried(error) from error
        if self._book.sent_at is not None:
            await self._clear()
        if self._book.cancel_requested_at is not None:
            return await self._settled()
        if error.other_account or not error.retryable:
            raise final(error) from error
        raise await self._upstream.again(self._record.id, error, limit) from error


def _pictures(finished: TurnFinished | None) -> tuple[ImageRef, ...]:
    """The pictures of a finished stream; none when they are still being made."""
    if finished is None:
        return ()
    return tuple(
        ImageRef(pointer=asset.pointer, file_id=asset.file_id, width=asset.width, height=asset.height)
        for asset in finished.assets
    )


def _refusal(finished: TurnFinished | None) -> str:
    """Upstream's words where it answered with nothing else; empty where a picture is there or can still come."""
    if finished is None or finished.assets or finished.image_task_id is not None or finished.finish_reason != "stop":
        return ""
    return finished.text.strip()

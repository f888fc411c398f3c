"""One attempt to have an operation's turn upstream, exactly once."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from activities.deltas import Deltas, broken_off
from activities.errors import final, retried
from activities.outcome import pictures, refusal
from activities.previews import PreviewKeeper, Showing
from activities.stopping import stop_upstream
from activities.upstream import Upstream
from bridge.operations.journal import Journal
from bridge.operations.records import Operations
from bridge.operations.results import Results
from bridge.operations.submissions import Submissions
from bridge.operations.turns import is_temporary, turn_request
from core.clock import utc_now
from core.contracts.images import ImageRef
from core.contracts.operations import OperationKind, OperationRecord, OperationState
from core.contracts.steps import Closed, SubmitInput, Submitted
from core.errors import (
    AccountError,
    AccountQuarantinedError,
    BridgeError,
    ConversationNotFoundError,
    EmptyResponseError,
    OperationTimeoutError,
    OutcomeUnknownError,
    SupersededError,
    UpstreamError,
    UpstreamRefusalError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from provider.interface.research import ResearchHandle
from provider.interface.session import Session
from provider.interface.turns import (
    ConversationKnown,
    ImageAsset,
    ImagePending,
    ImagePreview,
    QuotaTold,
    ResearchStarted,
    TextDelta,
    Turn,
    TurnEvent,
    TurnFinished,
)

SEND_BOUND = timedelta(seconds=5)
"""What connecting and writing the body may take. The grace of a lost submission begins when it has passed."""

LISTED_LATE = timedelta(seconds=60)
"""Upstream may deny for this long that a new conversation exists (docs/protocol.md section 8)."""

_LOOK_SECONDS = 2.0
_AFTER_STOP = timedelta(seconds=3)
_REFUSALS = (UpstreamRefusalError, AccountError, UpstreamUnavailableError)
_IN_WORDS = (OperationKind.VISION, OperationKind.RESPONSE)
"""The kinds whose result is what upstream says."""


class Attempt:
    """Holds the fence it was given; when a later attempt takes it, this one sends and writes nothing more."""

    def __init__(
        self,
        given: SubmitInput,
        record: OperationRecord,
        book: Journal,
        submissions: Submissions,
        upstream: Upstream,
        operations: Operations,
        results: Results,
        previews: PreviewKeeper,
    ) -> None:
        self._given = given
        self._record = record
        self._book = book
        self._submissions = submissions
        self._upstream = upstream
        self._operations = operations
        self._results = results
        self._previews = previews
        self._fence = book.fence
        self._began = utc_now()
        self._claimed = False
        self._uploaded: tuple[str, ...] = ()
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
        record = self._record
        if record.state.terminal:
            return self._closed(Closed(state=record.state, failure=record.failure, last_event=record.last_event))
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

    async def _settled(self, assets: tuple[ImageRef, ...] = (), refused: str = "") -> Submitted:
        """Nothing is left to send: upstream has it, or it was cancelled before."""
        book = self._book
        if book.cancel_requested_at is not None:
            try:
                book = self._book = await stop_upstream(self._upstream, self._submissions, book)
            except AccountQuarantinedError:
                book = self._book = await self._submissions.read(book.operation_id)
            except BridgeError as error:
                raise await self._upstream.again(book.operation_id, error, self._given.max_upstream_failures) from error
            return Submitted(
                status="cancelled",
                conversation_id=book.conversation_id,
                attempts=self._fence,
                last_event=book.last_event,
            )
        return Submitted(
            status="refused" if refused else "accepted",
            text=refused[:2000],
            conversation_id=book.conversation_id,
            assets=assets,
            attempts=self._fence,
            last_event=book.last_event,
        )

    def _closed(self, closed: Closed) -> Submitted:
        return Submitted(
            status="answered",
            conversation_id=self._book.conversation_id,
            attempts=self._fence,
            last_event=closed.last_event,
            closed=closed,
        )

    # --- Did it arrive?

    async def _reconcile(self, sent_at: datetime) -> None:
        """Find the submission upstream, or prove that it is not there."""
        if is_temporary(self._record):
            raise final(OutcomeUnknownError("A temporary chat was sent, and it cannot be looked up.", spent=True))
        try:
            async with self._upstream.waiting(self._record, self._account, self._given.deadline) as session:
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

    async def _learn(
        self,
        *,
        conversation_id: str | None = None,
        image_task_id: str | None = None,
        research: ResearchHandle | None = None,
    ) -> None:
        book = await self._submissions.learn(
            self._record.id,
            self._fence,
            conversation_id=conversation_id,
            image_task_id=image_task_id,
            research=research,
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
            async with self._upstream.use(self._account, to_the_end=True) as session:
                return await self._post(session)
        except TimeoutError:
            return await self._left()
        except SupersededError as error:
            return await self._not_sent(error)
        except BridgeError as error:
            return await self._broken(error)
        finally:
            self._clock = None

    async def _post(self, session: Session) -> Submitted:
        self._uploaded = await self._submissions.uploads(self._record.id, self._account)
        request = turn_request(self._record, self._uploaded)
        async with asyncio.timeout((self._given.deadline - utc_now()).total_seconds()) as self._clock:
            async with session.turn(request, on_close="leave", before_send=self._before_send) as turn:
                return await self._follow(turn, session)

    async def _before_send(self) -> None:
        """The last thing before the POST: claim it in the journal, and be quick about it."""
        if self._claimed:
            # The session posts a second time only after a refusal that proves that the first one was not accepted.
            await self._clear()
        await self._upstream.require_usable(self._account)
        now = utc_now()
        if not await self._submissions.mark_sent(self._record.id, self._fence, now):
            raise SupersededError("The right to send was lost.")
        self._claimed = True
        if utc_now() - now >= SEND_BOUND:
            # This process was stopped for a while, so a later attempt may have looked upstream already.
            raise SupersededError("The right to send has expired.")

    async def _follow(self, turn: Turn, session: Session) -> Submitted:
        finished: TurnFinished | None = None
        async with (
            Deltas(self._results, self._record.id, self._fence) as deltas,
            Showing(lambda asset: self._show(session, asset)) as showing,
        ):
            async for event in turn:
                if isinstance(event, TurnFinished):
                    finished = event
                elif isinstance(event, TextDelta):
                    if self._record.kind in _IN_WORDS:
                        deltas.add(event.text)
                elif isinstance(event, ImagePreview):
                    showing.add(event.asset)
                else:
                    await self._hear(event)
                if self._book.cancel_requested_at is not None and self._book.conversation_id is not None:
                    settled = await self._settled()
                    # A research that is about to be named would go on beside a conversation that is stopped.
                    if self._record.kind is not OperationKind.RESEARCH or self._book.research is not None:
                        return settled
        await self._upstream.answered(self._record, self._account, self._began)
        if finished is None or finished.finish_reason == "cancelled":
            await self._reload()
            return await self._settled()
        return await self._finished(finished)

    async def _show(self, session: Session, asset: ImageAsset) -> None:
        if self._book.conversation_id is not None:
            await self._previews.keep(
                self._record, session, (asset,), conversation_id=self._book.conversation_id, fence=self._fence
            )

    async def _hear(self, event: TurnEvent) -> None:
        if isinstance(event, ConversationKnown):
            await self._learn(conversation_id=event.conversation_id)
        elif isinstance(event, ImagePending):
            await self._learn(image_task_id=event.task_id)
        elif isinstance(event, ResearchStarted):
            await self._learn(research=event.handle)
        elif isinstance(event, QuotaTold):
            await self._submissions.tell_quota(self._record.id, event.remaining)

    async def _finished(self, finished: TurnFinished) -> Submitted:
        """A stream that came to its end: what it holds for an operation of this kind."""
        if self._record.kind in _IN_WORDS:
            return await self._answered(finished.text)
        if self._record.kind is OperationKind.RESEARCH:
            # It goes on beside its conversation; whoever follows it sees what the stream said as well.
            return await self._settled()
        made = pictures(finished, self._uploaded)
        return await self._settled(made, refusal(finished, made))

    async def _answered(self, text: str) -> Submitted:
        """Words are the result: text, terminal record, last event and release are one transaction."""
        await self._reload()
        if self._book.cancel_requested_at is not None:
            return await self._settled()
        if not text.strip():
            raise final(broken_off(text))
        return self._closed(await self._operations.close(self._record.id, OperationState.COMPLETED, text=text))

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
            ends = isinstance(error, (UpstreamRefusalError, AccountError)) or (
                isinstance(error, EmptyResponseError) and self._record.kind in _IN_WORDS
            )
            # What upstream has begun it goes on with while its account must not be used.
            ends = ends and not isinstance(error, AccountQuarantinedError)
            if ends and self._book.cancel_requested_at is None:
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

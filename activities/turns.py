"""Sending an operation's turn once, and stopping it."""

from __future__ import annotations

from temporalio import activity

from activities.errors import retried, translated
from activities.heartbeat import beating
from activities.previews import PreviewKeeper
from activities.stopping import not_stopped, stop_upstream
from activities.submission import Attempt
from activities.upstream import Upstream
from bridge.operations.journal import Journal
from bridge.operations.records import Operations
from bridge.operations.results import Results
from bridge.operations.submissions import Submissions
from core.contracts.steps import StopInput, Stopped, SubmitInput, Submitted
from core.errors import AccountQuarantinedError, BridgeError


class TurnActivities:
    """Submits and stops turns by the rules of docs/architecture.md, "Once and only once"."""

    def __init__(
        self,
        submissions: Submissions,
        upstream: Upstream,
        operations: Operations,
        results: Results,
        previews: PreviewKeeper,
    ) -> None:
        self._submissions = submissions
        self._upstream = upstream
        self._operations = operations
        self._results = results
        self._previews = previews

    @activity.defn
    async def submit_turn(self, given: SubmitInput) -> Submitted:
        """Send the operation's turn, unless upstream has it; returns once the stream has ended.

        Idempotent by the operation's client-made message id: whatever its attempt number, it asks upstream before it
        sends where the journal says that something left. Cancelling it (a worker that shuts down does) leaves
        upstream at work; only `stop_turn` stops it. An answer in words is written down while it comes, and its end
        completes the operation.
        """
        with translated():
            cancelled = await self._held_back(given)
            if cancelled is not None:
                return cancelled
            record, book = await self._submissions.take_fence(given.operation_id)
            attempt = Attempt(
                given,
                record,
                book,
                self._submissions,
                self._upstream,
                self._operations,
                self._results,
                self._previews,
            )
            async with beating(attempt.look):
                return await attempt.run()

    async def _held_back(self, given: SubmitInput) -> Submitted | None:
        """Before a submission that was lost is looked for: where the account must not be used, it waits; one that is
        to be cancelled ends. `None`: go on.

        Raises:
            ApplicationError: tried again until the account may be used, or the time is over.
        """
        record, book = await self._submissions.open(given.operation_id)
        lost = book.sent_at is not None and book.conversation_id is None
        if record.state.terminal or not lost or book.account is None:
            return None
        try:
            await self._upstream.require_usable(book.account)
        except AccountQuarantinedError as refusal:
            if book.cancel_requested_at is None:
                raise await self._upstream.waits(record, refusal, given.deadline) from refusal
            book = await not_stopped(self._submissions, book, refusal)
            return Submitted(status="cancelled", attempts=book.fence, last_event=book.last_event)
        return None

    @activity.defn
    async def stop_turn(self, given: StopInput) -> Stopped:
        """Mark the cancel, so that nothing is sent any more, and stop upstream with the ids that are known.

        Safe to repeat. An upstream that does not answer is asked again until it has failed as often as the policy
        allows, and one that must not be asked is not; then the operation ends all the same, and its record says what
        the stop met.
        """
        with translated():
            book = await self._submissions.request_cancel(given.operation_id)
            async with beating():
                book = await self._stop(book, given)
            return Stopped(sent=book.sent, last_event=book.last_event)

    async def _stop(self, book: Journal, given: StopInput) -> Journal:
        try:
            return await stop_upstream(self._upstream, self._submissions, book)
        except AccountQuarantinedError:
            return await self._submissions.read(book.operation_id)
        except BridgeError as error:
            failures = await self._submissions.count_failure(book.operation_id)
            if error.retryable and failures < given.max_upstream_failures:
                raise retried(error) from error
            return await self._submissions.read(book.operation_id)

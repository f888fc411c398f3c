"""Answers in words, looked for where their stream was lost."""

from __future__ import annotations

from temporalio import activity

from activities.deltas import broken_off
from activities.errors import final, translated
from activities.heartbeat import beating
from activities.submission import LISTED_LATE
from activities.upstream import Upstream
from bridge.operations.journal import Journal
from bridge.operations.records import Operations
from bridge.operations.results import Results
from bridge.operations.submissions import Submissions
from bridge.operations.turns import is_temporary
from core.clock import utc_now
from core.contracts.operations import OperationRecord, OperationState
from core.contracts.steps import Answered, Closed, PollInput
from core.errors import (
    BridgeError,
    ConversationNotFoundError,
    OperationTimeoutError,
    OutcomeUnknownError,
)
from provider.interface.turns import AnswerState


class ResponseActivities:
    """Reads upstream's answers; costs no quota."""

    def __init__(self, operations: Operations, submissions: Submissions, results: Results, upstream: Upstream) -> None:
        self._operations = operations
        self._submissions = submissions
        self._results = results
        self._upstream = upstream

    @activity.defn
    async def poll_answer(self, given: PollInput) -> Answered:
        """What the operation's conversation holds of its answer; completes the operation with an answer that is ready.

        Safe to repeat: text, terminal record, last event and release are one transaction, and the first close counts.
        """
        with translated():
            record, book = await self._submissions.open(given.operation_id)
            if record.state.terminal:
                return _closed(Closed(state=record.state, failure=record.failure, last_event=record.last_event))
            async with beating():
                state = await self._state(record, book, given)
                return await self._taken(record, state)

    async def _state(self, record: OperationRecord, book: Journal, given: PollInput) -> AnswerState:
        if book.account is None or book.conversation_id is None:
            raise OperationTimeoutError("The time for this operation was over before upstream named a conversation.")
        try:
            async with self._upstream.waiting(record, book.account, given.deadline) as session:
                state = await session.answer_state(book.conversation_id, message_id=record.message_id)
        except ConversationNotFoundError as error:
            if is_temporary(record):
                raise final(
                    OutcomeUnknownError(
                        "The stream of a temporary chat was lost, and it cannot be looked up.", spent=True
                    )
                ) from error
            if book.sent_at is not None and utc_now() - book.sent_at < LISTED_LATE:
                return AnswerState("pending")
            raise final(error) from error
        except BridgeError as error:
            await self._upstream.learn(record, book.account, error)
            if error.retryable:
                raise await self._upstream.again(record.id, error, given.max_upstream_failures) from error
            raise
        if book.upstream_failures:
            await self._submissions.forget_failures(record.id)
        return state

    async def _taken(self, record: OperationRecord, state: AnswerState) -> Answered:
        if state.status == "failed":
            raise final(broken_off(state.text))
        if state.status == "ready":
            if not state.text.strip():
                raise final(broken_off(""))
            return _closed(await self._operations.close(record.id, OperationState.COMPLETED, text=state.text))
        await self._results.extend(record.id, None, state.text)
        return Answered(last_event=(await self._submissions.read(record.id)).last_event)


def _closed(closed: Closed) -> Answered:
    return Answered(closed=closed, last_event=closed.last_event)

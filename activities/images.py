"""Looking for a picture that is being made."""

from __future__ import annotations

from temporalio import activity

from activities.errors import final, translated
from activities.heartbeat import beating
from activities.previews import PreviewKeeper
from activities.submission import LISTED_LATE
from activities.upstream import Upstream
from bridge.operations.journal import Journal
from bridge.operations.submissions import Submissions
from core.clock import utc_now
from core.contracts.images import ImageRef
from core.contracts.operations import OperationRecord
from core.contracts.steps import Polled, PollInput
from core.errors import (
    BridgeError,
    ConversationNotFoundError,
    OperationTimeoutError,
    OutcomeUnknownError,
)
from provider.interface.session import Session


class ImageActivities:
    """Reads upstream's conversations; costs no quota."""

    def __init__(self, submissions: Submissions, upstream: Upstream, previews: PreviewKeeper) -> None:
        self._submissions = submissions
        self._upstream = upstream
        self._previews = previews

    @activity.defn
    async def poll_image(self, given: PollInput) -> Polled:
        """What the operation's conversation holds now. Reads only, so it may be repeated at will.

        Where the journal knows no conversation yet, it is looked for by the message id.
        """
        with translated():
            record, book = await self._submissions.open(given.operation_id)
            async with beating():
                return await self._poll(record, book, given)

    async def _poll(self, record: OperationRecord, book: Journal, given: PollInput) -> Polled:
        if book.account is None or not book.sent:
            raise OperationTimeoutError("The time for this operation was over before it could be sent.")
        try:
            async with self._upstream.waiting(record, book.account, given.deadline) as session:
                conversation = book.conversation_id or await self._found(session, record, book)
                uploaded = frozenset(await self._submissions.uploads(record.id, book.account))
                state = await session.image_state(conversation, message_id=record.message_id, uploaded=uploaded)
                await self._previews.keep(record, session, state.previews, conversation_id=conversation)
        except ConversationNotFoundError as error:
            if book.sent_at is not None and utc_now() - book.sent_at < LISTED_LATE:
                return Polled(status="pending", last_event=book.last_event)
            raise final(error) from error
        except BridgeError as error:
            await self._upstream.learn(record, book.account, error)
            if error.retryable:
                raise await self._upstream.again(book.operation_id, error, given.max_upstream_failures) from error
            raise
        if book.upstream_failures:
            await self._submissions.forget_failures(book.operation_id)
        assets = tuple(
            ImageRef(pointer=asset.pointer, file_id=asset.file_id, width=asset.width, height=asset.height)
            for asset in state.assets
        )
        return Polled(status=state.status, assets=assets, text=state.text[:2000], last_event=book.last_event)

    async def _found(self, session: Session, record: OperationRecord, book: Journal) -> str:
        if book.sent_at is None:
            raise OperationTimeoutError("The time for this operation was over before it could be sent.")
        found = await session.find_message(record.message_id, sent_at=book.sent_at)
        if found is None:
            raise OutcomeUnknownError("The request was sent and has not been listed upstream yet.", spent=True)
        await self._submissions.learn(record.id, None, conversation_id=found.conversation_id)
        return found.conversation_id

"""The one way an operation's work upstream is stopped."""

from __future__ import annotations

from activities.upstream import Upstream
from bridge.operations.journal import Journal
from bridge.operations.submissions import Submissions
from core.errors import BridgeError


async def stop_upstream(upstream: Upstream, submissions: Submissions, book: Journal) -> Journal:
    """Stop what the journal knows, and keep what upstream said; returns the journal afterwards.

    Nothing is asked of upstream where it acknowledged a stop before, or where no id is known yet.

    Raises:
        BridgeError: upstream could not be asked; its words are kept as the last cancel's error.
    """
    if book.stopped_at is not None:
        return book
    if book.account is None:
        return await submissions.record_stop(book.operation_id, result={"pending": "provider_not_selected"})
    if book.conversation_id is None:
        return await submissions.record_stop(book.operation_id, result={"pending": "conversation_id_not_available"})
    try:
        session = await upstream.session(book.account)
        answer = await session.stop(book.conversation_id)
    except BridgeError as error:
        await submissions.record_stop(book.operation_id, result={}, error=f"{error.code}: {error.message}")
        raise
    return await submissions.record_stop(book.operation_id, result={"conversation": answer})

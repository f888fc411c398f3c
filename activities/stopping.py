"""The one way an operation's work upstream is stopped."""

from __future__ import annotations

import asyncio
from typing import Any

from activities.upstream import Upstream
from bridge.operations.journal import Journal
from bridge.operations.submissions import Submissions
from core.contracts.operations import OperationKind
from core.errors import BridgeError, ConversationNotFoundError
from provider.interface.research import ResearchHandle
from provider.interface.session import Session

_NO_CONVERSATION = {"pending": "conversation_id_not_available"}
_LOOKS = 3
_LOOK_SECONDS = 1.0


async def stop_upstream(upstream: Upstream, submissions: Submissions, book: Journal) -> Journal:
    """Stop what the journal knows, and keep what upstream said; returns the journal afterwards.

    Nothing is asked of upstream where it acknowledged a stop before, or where no id is known yet.

    Raises:
        AccountQuarantinedError: nothing may be sent with the account, so that upstream works on.
        BridgeError: upstream could not be asked; its words are kept as the last cancel's error.
    """
    if book.stopped_at is not None:
        return book
    if book.account is None:
        return await submissions.record_stop(book.operation_id, result={"pending": "provider_not_selected"})
    if book.conversation_id is None:
        return await submissions.record_stop(book.operation_id, result=_NO_CONVERSATION)
    told: dict[str, Any] = {}
    try:
        async with upstream.use(book.account) as session:
            await _stop(session, submissions, book, book.conversation_id, told)
    except BridgeError as error:
        await submissions.record_stop(book.operation_id, result=told, error=_words(error))
        raise
    return await submissions.record_stop(book.operation_id, result=told)


async def not_stopped(submissions: Submissions, book: Journal, error: BridgeError) -> Journal:
    """Keep that a submission without a known conversation could not be stopped; returns the journal afterwards."""
    return await submissions.record_stop(book.operation_id, result=_NO_CONVERSATION, error=_words(error))


def _words(error: BridgeError) -> str:
    return f"{error.code}: {error.message}"


async def _stop(
    session: Session, submissions: Submissions, book: Journal, conversation_id: str, told: dict[str, Any]
) -> None:
    """Stop the research and its conversation; `told` is filled with what upstream says."""
    try:
        # First the research, which goes on beside its conversation; its trouble does not save the conversation.
        if book.research is not None:
            told["deep_research"] = await session.stop_research(book.research)
    finally:
        told["conversation"] = await session.stop(conversation_id)
    if book.research is None and book.kind == OperationKind.RESEARCH:
        handle = await _begun(session, submissions, book.operation_id, conversation_id)
        if handle is None:
            told["deep_research_pending"] = "widget_session_id_not_available"
        else:
            told["deep_research"] = await session.stop_research(handle)


async def _begun(
    session: Session, submissions: Submissions, operation_id: str, conversation_id: str
) -> ResearchHandle | None:
    """A research that began before its turn was stopped, and that nobody has seen yet; it would go on by itself."""
    record, _ = await submissions.open(operation_id)
    for look in range(_LOOKS):
        if look:
            await asyncio.sleep(_LOOK_SECONDS)
        try:
            handle = await session.find_research(conversation_id, message_id=record.message_id)
        except ConversationNotFoundError:
            continue
        if handle is not None:
            await submissions.learn(operation_id, None, research=handle)
            return handle
    return None

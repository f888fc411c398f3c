"""The answer of a chat that ran in the background, from what its operation left behind."""

from __future__ import annotations

from api.answers.forming import FORMS
from api.services import Services
from bridge.chat.answer import Answer
from bridge.chat.choices import Answered
from bridge.chat.drafts import Done
from bridge.chat.order import Form
from bridge.chat.settling import Rehearing
from bridge.chat.tools.offer import PromptMode
from bridge.operations.turns import messages_of
from bridge.usage import tokens
from core.contracts.operations import OperationRecord
from core.contracts.texts import ResponseRequest


def form_of(services: Services, record: OperationRecord) -> Form:
    """The form that an operation's answer is to have."""
    request = ResponseRequest.model_validate(record.request)
    return FORMS[request.wire](request.asked, PromptMode(services.settings.chat.agent_mode))


async def answered_of(services: Services, record: OperationRecord) -> Answered:
    """What a completed operation answers.

    Raises:
        ToolCallMissingError: a call was required, and none came.
    """
    text = record.text or ""
    heard = Rehearing(form_of(services, record), seed=record.id)
    await heard.text(text)
    _, done = await heard.end(text)
    return await answered_with(record, done)


async def answered_with(record: OperationRecord, done: Done) -> Answered:
    """What an operation answers whose text came to this."""
    answer = Answer(
        text=done.text,
        finish_reason=done.finish_reason,
        account=record.account or "",
        conversation_id=record.conversation_id,
        model=record.model,
        calls=done.calls,
        refusal=done.refusal,
        fallback_model=record.request.get("fallback"),
    )
    await tokens.ready()
    used = tokens.estimate(messages_of(record.kind, record.request), record.text or "")
    return Answered((answer,), used)

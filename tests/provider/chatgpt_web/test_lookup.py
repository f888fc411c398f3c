"""Whether a submission arrived, where the answer is not plain."""

from __future__ import annotations

import pytest

from core import ids
from core.clock import utc_now
from core.errors import ConversationNotFoundError, OutcomeUnknownError, ProtocolError
from provider.chatgpt_web.adapter import WebSession
from provider.simulator import Simulator
from tests.provider.chatgpt_web.conftest import asked, events_of

ONE = "/backend-api/conversation/*"


async def test_a_conversation_that_cannot_be_read_is_no_proof_of_absence(
    simulator: Simulator, session: WebSession
) -> None:
    sent_at = utc_now()
    await events_of(session, asked("another one"))
    simulator.add_rule(path=ONE, refusal="conversation_inaccessible")

    with pytest.raises(ConversationNotFoundError):
        await session.find_message(ids.message_id(), sent_at=sent_at)
    assert await session.find_message(ids.message_id(), sent_at=sent_at) is None


async def test_a_conversation_in_an_unknown_shape_hides_no_other(simulator: Simulator, session: WebSession) -> None:
    sent_at, request = utc_now(), asked("did it arrive?")
    await events_of(session, request)
    await events_of(session, asked("a later one"))
    pages = '{"messages":[],"page_info":{}}'
    headers = {"content-type": "application/json"}
    simulator.add_rule(path=ONE, status=200, headers=headers, body=pages)

    found = await session.find_message(request.message_id, sent_at=sent_at)
    simulator.add_rule(path=ONE, status=200, headers=headers, body=pages)

    assert found is not None
    with pytest.raises(ProtocolError):
        await session.find_message(ids.message_id(), sent_at=sent_at)


async def test_a_list_without_end_proves_nothing(
    simulator: Simulator, session: WebSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provider.chatgpt_web.lookup._PAGE", 1)
    monkeypatch.setattr("provider.chatgpt_web.lookup._MOST_PAGES", 2)
    sent_at = utc_now()
    for number in range(3):
        await events_of(session, asked(f"turn {number}"))

    with pytest.raises(OutcomeUnknownError):
        await session.find_message(ids.message_id(), sent_at=sent_at)

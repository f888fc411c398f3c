"""Whether a submission arrived, where the answer is not plain."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from core import ids
from core.clock import utc_now
from core.errors import OutcomeUnknownError, UpstreamError
from provider.chatgpt_web.adapter import WebSession
from provider.simulator import Simulator
from tests.provider.chatgpt_web.conftest import asked, events_of

ONE = "/backend-api/conversation/*"
LIST = "/backend-api/conversations"
JSON = {"content-type": "application/json"}


async def test_a_conversation_that_cannot_be_read_is_no_proof_of_absence(
    simulator: Simulator, session: WebSession
) -> None:
    sent_at = utc_now()
    await events_of(session, asked("another one"))
    simulator.add_rule(path=ONE, refusal="conversation_inaccessible")

    with pytest.raises(OutcomeUnknownError) as caught:
        await session.find_message(ids.message_id(), sent_at=sent_at)
    assert caught.value.spent
    assert await session.find_message(ids.message_id(), sent_at=sent_at) is None


async def test_a_conversation_in_an_unknown_shape_hides_no_other(simulator: Simulator, session: WebSession) -> None:
    sent_at, request = utc_now(), asked("did it arrive?")
    await events_of(session, request)
    await events_of(session, asked("a later one"))
    pages = '{"messages":[],"page_info":{}}'
    simulator.add_rule(path=ONE, status=200, headers=JSON, body=pages)

    found = await session.find_message(request.message_id, sent_at=sent_at)
    simulator.add_rule(path=ONE, status=200, headers=JSON, body=pages)

    assert found is not None
    with pytest.raises(OutcomeUnknownError):
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


async def test_upstream_that_cannot_be_asked_is_told_as_it_is(simulator: Simulator, session: WebSession) -> None:
    await events_of(session, asked("another one"))
    simulator.add_rule(path=ONE, refusal="server_error")

    with pytest.raises(UpstreamError) as caught:
        await session.find_message(ids.message_id(), sent_at=utc_now())

    assert caught.value.retryable


async def test_a_clock_of_ours_that_runs_ahead_hides_no_submission(
    session: WebSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = timedelta(minutes=10)
    monkeypatch.setattr("provider.chatgpt_web.lookup.utc_now", lambda: utc_now() + ahead)
    sent_at, request = utc_now() + ahead, asked("did it arrive?")
    await events_of(session, request)

    assert await session.find_message(request.message_id, sent_at=sent_at) is not None


async def test_a_conversation_that_moves_up_between_two_pages_is_found(
    simulator: Simulator, session: WebSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provider.chatgpt_web.lookup._PAGE", 1)
    sent_at, request, other = utc_now(), asked("did it arrive?"), asked("another one")
    await events_of(session, request)
    async with session.turn(other, on_close="stop") as turn:
        async for _ in turn:
            pass
    listed = {"id": turn.conversation_id, "update_time": utc_now().isoformat()}
    for items in ([listed], []):
        simulator.add_rule(path=LIST, status=200, headers=JSON, body=json.dumps({"items": items}))

    assert await session.find_message(request.message_id, sent_at=sent_at) is not None


async def test_conversations_of_long_ago_are_not_read(simulator: Simulator, session: WebSession) -> None:
    await events_of(session, asked("long ago"))
    simulator.ledger.reset()

    assert await session.find_message(ids.message_id(), sent_at=utc_now() + timedelta(minutes=5)) is None

    assert [call.route for call in simulator.ledger.requests if call.method == "GET"] == [LIST]

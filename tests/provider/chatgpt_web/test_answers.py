"""How far a stored answer is, and how long one that is dead stays pending."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from core.clock import utc_now
from core.errors import AuthInvalidError
from provider.chatgpt_web.adapter import WebSession
from provider.chatgpt_web.connection import Connection
from provider.chatgpt_web.conversation import Conversation
from provider.chatgpt_web.lookup import Answers
from provider.interface.turns import AnswerState, TurnFinished
from provider.simulator import Simulator
from tests.provider.chatgpt_web.conftest import asked, events_of
from tests.provider.chatgpt_web.connector import Connector
from tests.provider.chatgpt_web.test_conversation import document, said

SCALE = 0.002  # A minute is 0.12 s, ten seconds are 0.02 s.


def tree(*messages: dict[str, Any], created: float = 1_700_000_000.0, async_status: object = None) -> dict[str, Any]:
    return document(said("u", "user", "why?", create_time=created), *messages, async_status=async_status)


def state_of(*messages: dict[str, Any], async_status: object = None) -> AnswerState:
    return Conversation(tree(*messages, async_status=async_status)).answer_state("u")


def test_a_finished_answer_is_ready() -> None:
    first, last = said("a", "assistant", "Because"), said("b", "assistant", "of it.", end_turn=True)

    assert state_of(first, last) == AnswerState("ready", "Because\n\nof it.", "b")


def test_an_answer_that_ended_without_a_word_has_failed() -> None:
    assert state_of(said("a", "assistant", "", end_turn=True)).status == "failed"
    broken = said("e", "assistant", "", end_turn=True)
    broken["content"] = {"content_type": "system_error", "text": "Error: no"}
    assert state_of(broken) == AnswerState("failed", "Error: no", None)
    assert state_of(broken, async_status=3).status == "pending"


def test_what_may_still_come_is_pending() -> None:
    assert state_of() == AnswerState("pending")
    assert state_of(said("a", "assistant", "Bec", status="in_progress")) == AnswerState("pending", "Bec", "a")
    assert Conversation(tree()).answer_state("never sent") == AnswerState("pending")


async def looks(answers: Answers, count: int = 3) -> list[str]:
    found: list[str] = []
    for _ in range(count):
        found.append((await answers.state("c", "u")).status)
        await asyncio.sleep(0.03)
    return found


@pytest.mark.parametrize(
    ("messages", "end"),
    [
        ([], "failed"),
        ([said("a", "assistant", "Bec", status="in_progress")], "failed"),
        ([said("a", "assistant", "Because.")], "ready"),
    ],
)
async def test_an_answer_that_upstream_gave_up_is_pending_no_more(
    connector: Connector, connection: Connection, messages: list[dict[str, Any]], end: str
) -> None:
    connector.document, connector.status = tree(*messages), "COMPLETE"

    assert await looks(Answers(connection, scale=SCALE)) == ["pending", end, end]


@pytest.mark.parametrize("status", ["IS_STREAMING", None])
async def test_an_answer_that_may_still_be_written_stays_pending(
    connector: Connector, connection: Connection, status: str | None
) -> None:
    connector.document, connector.status = tree(), status

    assert await looks(Answers(connection, scale=SCALE)) == ["pending"] * 3


async def test_work_that_the_document_announces_is_not_asked_about(
    connector: Connector, connection: Connection
) -> None:
    connector.document, connector.status = tree(async_status=3), "COMPLETE"

    assert await looks(Answers(connection, scale=SCALE)) == ["pending"] * 3
    assert connector.calls == []


async def test_a_young_answer_is_not_given_up(connector: Connector, connection: Connection) -> None:
    connector.document, connector.status = tree(created=time.time() + 5), "COMPLETE"

    assert await looks(Answers(connection, scale=SCALE)) == ["pending"] * 3


async def test_a_document_that_lags_is_waited_for(connector: Connector, connection: Connection) -> None:
    connector.document, connector.status = tree(), "COMPLETE"
    answers = Answers(connection, scale=SCALE)
    assert (await answers.state("c", "u")).status == "pending"

    connector.document = tree(said("a", "assistant", "Because.", end_turn=True))

    assert await answers.state("c", "u") == AnswerState("ready", "Because.", "a")


async def test_an_answer_is_read_from_the_stored_conversation(simulator: Simulator, session: WebSession) -> None:
    request = asked("why is the sky blue?")
    events = await events_of(session, request)
    found = await session.find_message(request.message_id, sent_at=utc_now())
    assert found is not None
    end = events[-1]
    assert isinstance(end, TurnFinished)

    state = await eventually_ready(session, found.conversation_id, request.message_id)

    assert state == AnswerState("ready", end.text, end.message_id)
    simulator.add_rule(path="/backend-api/conversation/*", refusal="unauthorized")
    with pytest.raises(AuthInvalidError):
        await session.answer_state(found.conversation_id, message_id=request.message_id)


async def eventually_ready(session: WebSession, conversation_id: str, message_id: str) -> AnswerState:
    for _ in range(100):
        state = await session.answer_state(conversation_id, message_id=message_id)
        if state.status != "pending":
            return state
        await asyncio.sleep(0.02)
    raise AssertionError("still pending")

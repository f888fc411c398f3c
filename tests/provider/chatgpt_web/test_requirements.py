"""Tokens kept ready: when they are fetched, when they are not."""

from __future__ import annotations

import asyncio

import pytest

from core.errors import BrowserCheckRequiredError, RateLimitedError
from provider.chatgpt_web.adapter import ChatGPTWeb, WebSession
from provider.chatgpt_web.requirements import MOST_KEPT
from provider.simulator import Simulator
from tests.provider.chatgpt_web.conftest import finished

TURN = "/backend-api/f/conversation"
REQUIREMENTS = "POST /backend-api/sentinel/chat-requirements"


def fetched(simulator: Simulator) -> int:
    return simulator.ledger.by_route[REQUIREMENTS]


async def fetches(simulator: Simulator, count: int) -> None:
    """Wait until so many tokens were asked for, and see that it stays at that."""
    for _ in range(200):
        if fetched(simulator) >= count:
            break
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert fetched(simulator) == count


async def test_nothing_is_fetched_before_the_first_turn(simulator: Simulator, session: WebSession) -> None:
    await session.verify()
    await asyncio.sleep(0.05)

    assert fetched(simulator) == 0


async def test_a_turn_leaves_two_tokens_ready_and_no_more(simulator: Simulator, session: WebSession) -> None:
    await finished(session, "first")
    await fetches(simulator, 1 + MOST_KEPT)

    await finished(session, "second")
    await fetches(simulator, 2 + MOST_KEPT)


async def test_a_token_is_used_once(simulator: Simulator, session: WebSession) -> None:
    await finished(session, "first")
    await fetches(simulator, 1 + MOST_KEPT)

    await asyncio.gather(*(finished(session, f"turn {number}") for number in range(4)))

    assert simulator.ledger.counts["submissions"] == 5


async def test_a_refused_account_is_left_alone(simulator: Simulator, session: WebSession) -> None:
    await finished(session, "first")
    await fetches(simulator, 1 + MOST_KEPT)
    simulator.add_rule(path=TURN, refusal="rate_limited")

    with pytest.raises(RateLimitedError):
        await finished(session, "second")

    await fetches(simulator, 1 + MOST_KEPT)


async def test_what_was_ready_before_a_refusal_is_not_used_after_it(simulator: Simulator, session: WebSession) -> None:
    await finished(session, "first")
    await fetches(simulator, 1 + MOST_KEPT)
    simulator.add_rule(path=TURN, refusal="rate_limited")
    with pytest.raises(RateLimitedError):
        await finished(session, "second")

    await finished(session, "third")

    await fetches(simulator, 2 + 2 * MOST_KEPT)


async def test_an_expired_token_is_not_used_before_anybody_has_noticed(
    simulator: Simulator, session: WebSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provider.chatgpt_web.requirements._MARGIN_SECONDS", 539.7)
    monkeypatch.setattr("provider.chatgpt_web.requirements.Requirements._watch", lambda *_: None)
    await finished(session, "first")
    await fetches(simulator, 1 + MOST_KEPT)

    await asyncio.sleep(1.1)
    await finished(session, "second")

    await fetches(simulator, 2 + 2 * MOST_KEPT)


async def test_pausing_forgets_what_is_ready_until_a_turn_is_accepted(
    simulator: Simulator, session: WebSession
) -> None:
    await finished(session, "first")
    await fetches(simulator, 1 + MOST_KEPT)

    session.pause()
    await fetches(simulator, 1 + MOST_KEPT)
    await finished(session, "second")

    await fetches(simulator, 2 + 2 * MOST_KEPT)


async def test_pausing_ends_what_is_being_fetched(simulator: Simulator, session: WebSession) -> None:
    simulator.add_rule(path="*/chat-requirements", skip=1, times=0, delay_seconds=0.3)
    await finished(session, "first")
    for _ in range(200):
        if fetched(simulator) == 1 + MOST_KEPT:
            break
        await asyncio.sleep(0.01)

    session.pause()
    await asyncio.sleep(0.4)

    ahead = [call for call in simulator.ledger.requests if call.route.endswith("chat-requirements")][1:]
    assert [call.aborted for call in ahead] == [True] * MOST_KEPT


async def test_a_minute_after_the_last_turn_nothing_is_fetched(
    simulator: Simulator, session: WebSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provider.chatgpt_web.requirements._MARGIN_SECONDS", 539.7)
    await finished(session, "first")
    await asyncio.sleep(0.5)
    monkeypatch.setattr("provider.chatgpt_web.requirements.REFILL_SECONDS", 0.0)
    before = fetched(simulator)

    await asyncio.sleep(1.2)

    assert fetched(simulator) == before


async def test_an_expired_token_is_not_used(
    simulator: Simulator, session: WebSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provider.chatgpt_web.requirements._MARGIN_SECONDS", 539.7)
    monkeypatch.setattr("provider.chatgpt_web.requirements.REFILL_SECONDS", 0.5)
    await finished(session, "first")
    await fetches(simulator, 1 + MOST_KEPT)

    await asyncio.sleep(1.1)
    await finished(session, "second")

    await fetches(simulator, 2 + 2 * MOST_KEPT)


async def test_a_proof_that_takes_too_long_does_not_hold_up_closing(
    simulator: Simulator, provider: ChatGPTWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = asyncio.Event()
    loop = asyncio.get_running_loop()
    ended: list[bool] = []

    def endless(_challenge: object, *, stopped: object) -> str:
        assert callable(stopped)
        loop.call_soon_threadsafe(started.set)
        while not stopped():
            pass
        ended.append(True)
        raise BrowserCheckRequiredError("stopped", reason="proof_unsolved")

    monkeypatch.setattr("provider.chatgpt_web.proof.solve", endless)
    session = provider.open("plus", simulator.captures()["plus"])
    turn = asyncio.create_task(finished(session, "hello"))
    await asyncio.wait_for(started.wait(), 5)

    turn.cancel()
    await asyncio.gather(turn, return_exceptions=True)
    await session.aclose()
    for _ in range(100):
        if ended:
            break
        await asyncio.sleep(0.01)

    assert ended == [True]
    assert simulator.ledger.counts["submissions"] == 0

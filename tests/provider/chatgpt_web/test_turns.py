"""Turns over real sockets: what is sent, what comes, what is stopped."""

from __future__ import annotations

import asyncio
import time

import pytest

from core.errors import (
    BridgeError,
    BrowserCheckRequiredError,
    EmptyResponseError,
    OutcomeUnknownError,
    RateLimitedError,
    StreamInterruptedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from provider.chatgpt_web.adapter import ChatGPTWeb, WebSession
from provider.interface.turns import ConversationKnown, ImagePending, TextDelta, TurnFinished
from provider.simulator import Simulator
from tests.provider.chatgpt_web.conftest import asked, events_of, finished

TURN = "/backend-api/f/conversation"


def routes(simulator: Simulator) -> list[str]:
    return [call.route.rpartition("/")[2] for call in simulator.ledger.requests]


async def settled(simulator: Simulator, count: int) -> None:
    """Wait until upstream was asked so many things."""
    for _ in range(200):
        if simulator.ledger.counts["requests"] >= count:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(routes(simulator))


async def stopped(simulator: Simulator, seconds: float = 2.0) -> None:
    began = time.monotonic()
    while not simulator.ledger.stops:
        assert time.monotonic() - began < seconds, "upstream was never told to stop"
        await asyncio.sleep(0.01)


SHAPES = ["", "bytewise", "crlf", "legacy", "keepalives", "thinking", "no_done", "handoff", "handoff,duplicates", "cut"]


@pytest.mark.parametrize("shape", SHAPES)
async def test_the_same_answer_arrives_in_every_shape(session: WebSession, shape: str) -> None:
    plain = (await finished(session, "Tell me about herons")).text

    events = await events_of(session, asked(f"[sim:{shape}] Tell me about herons" if shape else "Tell me about herons"))

    end = events[-1]
    assert isinstance(end, TurnFinished)
    assert end.text == plain
    assert end.finish_reason == "stop"
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == plain
    assert sum(isinstance(event, ConversationKnown) for event in events) == 1


async def test_deltas_come_while_upstream_still_writes(session: WebSession) -> None:
    async with session.turn(asked("[sim:pace=40,deltas=10] slowly"), on_close="stop") as turn:
        arrivals = [time.monotonic() async for event in turn if isinstance(event, TextDelta)]

    assert arrivals[-1] - arrivals[0] > 0.2


async def test_deltas_of_a_topic_come_while_upstream_still_writes(session: WebSession) -> None:
    async with session.turn(asked("[sim:handoff,pace=40,deltas=10] slowly"), on_close="stop") as turn:
        arrivals = [time.monotonic() async for event in turn if isinstance(event, TextDelta)]

    assert arrivals[-1] - arrivals[0] > 0.2


async def test_a_topic_that_drops_is_followed_on(session: WebSession) -> None:
    plain = (await finished(session, "Tell me about herons")).text

    assert (await finished(session, "[sim:handoff,ws_drop=3] Tell me about herons")).text == plain
    assert (await finished(session, "[sim:handoff,ws_drop=3,lose_offset] Tell me about herons")).text == plain


async def test_a_warm_turn_waits_for_one_round_trip_only(simulator: Simulator, session: WebSession) -> None:
    await finished(session, "first")
    await settled(simulator, 5)
    simulator.ledger.reset()
    simulator.set(rtt_ms=150)

    began = time.monotonic()
    async with session.turn(asked("warm"), on_close="stop") as turn:
        async for event in turn:
            if isinstance(event, TextDelta):
                break
    took = time.monotonic() - began

    assert took < 0.28
    assert simulator.ledger.submissions[0].prepare_state == "sent"
    assert simulator.ledger.submissions[0].conduit is False


async def test_prepare_is_waited_for_when_the_setting_says_so(simulator: Simulator) -> None:
    strict = ChatGPTWeb(simulator.url, prepare="wait").open("plus", simulator.captures()["plus"])
    await finished(strict, "strict")
    await strict.aclose()

    asked_for = routes(simulator)
    assert asked_for.index("prepare") < asked_for.index("conversation")
    assert simulator.ledger.submissions[0].conduit is True


async def test_a_stale_token_is_replaced_once(simulator: Simulator, session: WebSession) -> None:
    await finished(session, "first")
    await settled(simulator, 5)
    sends = []
    simulator.add_rule(path=TURN, status=403, body='{"detail":{"code":"requirements_token_invalid"}}')

    async def before_send() -> None:
        sends.append(1)

    async with session.turn(asked("second"), on_close="stop", before_send=before_send) as turn:
        events = [event async for event in turn]

    assert isinstance(events[-1], TurnFinished)
    assert len(sends) == 2
    assert simulator.ledger.counts["submissions"] == 2


async def test_nothing_is_sent_when_the_last_look_says_no(simulator: Simulator, session: WebSession) -> None:
    async def before_send() -> None:
        raise RateLimitedError("not now")

    with pytest.raises(RateLimitedError):
        async with session.turn(asked("hello"), on_close="leave", before_send=before_send):
            pass

    assert "conversation" not in routes(simulator)


async def test_a_post_that_comes_too_late_is_not_written(
    simulator: Simulator, session: WebSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provider.chatgpt_web.turns.SEND_SECONDS", 0.05)

    async def before_send() -> None:
        await asyncio.sleep(0.1)

    with pytest.raises(UpstreamUnavailableError):
        async with session.turn(asked("hello"), on_close="leave", before_send=before_send):
            pass

    assert simulator.ledger.counts["submissions"] == 0


async def test_a_browser_check_ends_every_call_of_the_turn(simulator: Simulator, session: WebSession) -> None:
    simulator.add_rule(path="*/chat-requirements", refusal="challenge", times=0)

    with pytest.raises(BrowserCheckRequiredError):
        await finished(session, "hello")
    await asyncio.sleep(0.1)

    assert routes(simulator) == ["chat-requirements"]


FAILURES: list[tuple[str, type[BridgeError], bool]] = [
    ("fault=rate_limited", RateLimitedError, False),
    ("fault=challenge", BrowserCheckRequiredError, False),
    ("fault=empty", EmptyResponseError, True),
    ("drop", OutcomeUnknownError, True),
    ("reset=0", StreamInterruptedError, True),
    ("keepalive_only", UpstreamTimeoutError, True),
    ("hang", OutcomeUnknownError, True),
]


@pytest.mark.parametrize(("scenario", "error", "spent"), FAILURES)
async def test_failures_are_typed(session: WebSession, scenario: str, error: type[BridgeError], spent: bool) -> None:
    with pytest.raises(error) as caught:
        await finished(session, f"[sim:{scenario}] hello")

    assert caught.value.spent is spent


async def test_upstream_that_is_away_got_nothing(simulator: Simulator, session: WebSession) -> None:
    await session.verify()
    await simulator.aclose()

    with pytest.raises(UpstreamUnavailableError) as caught:
        await finished(session, "hello")

    assert not caught.value.spent


async def test_a_cut_temporary_chat_is_interrupted(session: WebSession) -> None:
    with pytest.raises(StreamInterruptedError):
        await events_of(session, asked("[sim:cut] hello", temporary=True))


async def test_leaving_in_the_middle_stops_upstream(simulator: Simulator, session: WebSession) -> None:
    async with session.turn(asked("[sim:pace=100,deltas=50] long"), on_close="stop") as turn:
        async for event in turn:
            if isinstance(event, TextDelta):
                break

    await stopped(simulator)


async def test_leaving_before_the_first_byte_stops_upstream(simulator: Simulator, session: WebSession) -> None:
    async def enter() -> None:
        async with session.turn(asked("[sim:first_byte=0.5,pace=100,deltas=50] long"), on_close="stop"):
            pass

    entering = asyncio.create_task(enter())
    await asyncio.sleep(0.2)
    entering.cancel()
    await asyncio.gather(entering, return_exceptions=True)

    await stopped(simulator)


async def test_an_operation_that_leaves_stops_nothing(simulator: Simulator, session: WebSession) -> None:
    async with session.turn(asked("[sim:pace=100,deltas=50] long"), on_close="leave") as turn:
        async for event in turn:
            if isinstance(event, ConversationKnown):
                break
    await asyncio.sleep(0.2)

    assert not simulator.ledger.stops


async def test_a_finished_turn_is_not_stopped(simulator: Simulator, session: WebSession) -> None:
    await finished(session, "hello")

    assert not simulator.ledger.stops


async def test_an_asynchronous_picture_is_announced(session: WebSession) -> None:
    events = await events_of(session, asked("a heron", image=True))

    end = events[-1]
    assert any(isinstance(event, ImagePending) for event in events)
    assert isinstance(end, TurnFinished)
    assert end.image_task_id is not None
    assert end.assets == ()

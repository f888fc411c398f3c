"""Turns over real sockets: what is sent, what comes, what is stopped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from core.errors import (
    BridgeError,
    BrowserCheckRequiredError,
    EmptyResponseError,
    OutcomeUnknownError,
    ProtocolError,
    RateLimitedError,
    StreamInterruptedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from provider.chatgpt_web.adapter import ChatGPTWeb, WebSession
from provider.interface.turns import ConversationKnown, ImagePending, ImagePreview, TextDelta, TurnEvent, TurnFinished
from provider.simulator import Simulator
from tests.provider.chatgpt_web.conftest import asked, events_of, finished

VECTORS = Path(__file__).parents[2] / "vectors"
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
    before = routes(simulator)[: routes(simulator).index("conversation")]
    assert before in ([], ["prepare"])
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


async def test_a_redirect_is_not_followed(simulator: Simulator, session: WebSession) -> None:
    simulator.add_rule(path=TURN, status=307, headers={"location": f"{simulator.url}/elsewhere"}, times=0)

    with pytest.raises(ProtocolError):
        await finished(session, "hello")

    assert "elsewhere" not in routes(simulator)


async def test_a_browser_check_of_the_turn_ends_every_call(simulator: Simulator, session: WebSession) -> None:
    await finished(session, "first")
    await settled(simulator, 5)
    simulator.ledger.reset()
    simulator.add_rule(path=TURN, refusal="challenge", times=0)
    simulator.add_rule(path="*/prepare", delay_seconds=0.3)

    with pytest.raises(BrowserCheckRequiredError):
        await finished(session, "second")
    await asyncio.sleep(0.4)

    assert sorted(routes(simulator)) == ["conversation", "prepare"]
    assert [call.aborted for call in simulator.ledger.requests if call.route.endswith("prepare")] == [True]


@asynccontextmanager
async def bare_upstream(
    simulator: Simulator, answer: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> AsyncIterator[WebSession]:
    """A session of an upstream that asks for no proof and answers turns in its own way."""

    async def requirements(_: web.Request) -> web.Response:
        return web.json_response({"token": "gAAAAABbare", "expire_after": 540})

    async def anything(_: web.Request) -> web.Response:
        return web.json_response({})

    app = web.Application(client_max_size=2**26)
    app.router.add_post("/backend-api/sentinel/chat-requirements", requirements)
    app.router.add_post(TURN, answer)
    app.router.add_route("*", "/{path:.*}", anything)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    url = f"http://{host}:{port}"
    session = ChatGPTWeb(url, idle_seconds=20).open("plus", simulator.captures()["plus"].replace(simulator.url, url))
    try:
        yield session
    finally:
        await session.aclose()
        await runner.cleanup()


async def test_a_turn_that_is_complete_ends_without_its_end_marker(simulator: Simulator) -> None:
    stream = (VECTORS / "sse-basic.txt").read_bytes().partition(b"data: [DONE]")[0]

    async def never_ending(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await response.write(stream)
        for _ in range(100):
            await asyncio.sleep(0.1)
            await response.write(b": keep-alive\n\n")
        return response

    async with bare_upstream(simulator, never_ending) as session:
        began = time.monotonic()
        end = await finished(session, "hello")
        took = time.monotonic() - began

    assert end.finish_reason == "stop"
    assert 0.9 < took < 3


async def test_a_body_that_upstream_does_not_take_is_given_up(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provider.chatgpt_web.turns.SEND_SECONDS", 1.0)

    async def deaf(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(10)
        raise AssertionError("nobody waits so long")

    async with bare_upstream(simulator, deaf) as session:
        began = time.monotonic()
        with pytest.raises(OutcomeUnknownError) as caught:
            await finished(session, "x" * 30_000_000)
        took = time.monotonic() - began

    assert caught.value.spent
    assert took < 4


async def test_a_document_instead_of_a_stream_is_an_error(simulator: Simulator) -> None:
    async def document(_: web.Request) -> web.StreamResponse:
        return web.json_response({"detail": {"code": "rate_limit_exceeded", "message": "later"}})

    async with bare_upstream(simulator, document) as session:
        with pytest.raises(RateLimitedError):
            await finished(session, "hello")


async def test_a_reader_that_takes_its_time_is_not_upstreams_silence(session: WebSession) -> None:
    async with session.turn(asked("[sim:deltas=10,pace=20] hello"), on_close="stop") as turn:
        events: list[TurnEvent] = []
        async for event in turn:
            if isinstance(event, TextDelta) and not any(isinstance(seen, TextDelta) for seen in events):
                await asyncio.sleep(1.3)
            events.append(event)

    assert isinstance(events[-1], TurnFinished)


async def test_a_connection_is_used_again_although_its_reader_left_at_the_end(simulator: Simulator) -> None:
    stream = (VECTORS / "sse-basic.txt").read_bytes()
    peers: set[object] = set()

    async def late_end(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        peers.add(request.transport.get_extra_info("peername"))
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await response.write(stream)
        await asyncio.sleep(0.02)
        return response

    async with bare_upstream(simulator, late_end) as session:
        for number in range(12):
            async with session.turn(asked(f"turn {number}"), on_close="stop") as turn:
                async for event in turn:
                    if isinstance(event, TurnFinished):
                        break
            await asyncio.sleep(0.05)

    assert len(peers) < 6


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


async def test_closing_the_session_waits_for_a_stop_under_way(simulator: Simulator, provider: ChatGPTWeb) -> None:
    session = provider.open("plus", simulator.captures()["plus"])

    async def enter() -> None:
        async with session.turn(asked("[sim:first_byte=0.5,pace=100,deltas=50] long"), on_close="stop"):
            pass

    entering = asyncio.create_task(enter())
    await asyncio.sleep(0.2)
    entering.cancel()
    await asyncio.gather(entering, return_exceptions=True)
    await session.aclose()

    assert len(simulator.ledger.stops) == 1


async def test_closing_the_session_waits_for_no_more_than_that(simulator: Simulator, provider: ChatGPTWeb) -> None:
    session = provider.open("plus", simulator.captures()["plus"])
    entering = asyncio.create_task(events_of(session, asked("[sim:hang] long")))
    await asyncio.sleep(0.2)
    entering.cancel()
    await asyncio.gather(entering, return_exceptions=True)
    began = time.monotonic()

    await session.aclose()

    assert time.monotonic() - began < 2.5


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


async def test_previews_are_told_as_they_are_shown(session: WebSession) -> None:
    events = await events_of(session, asked("[sim:image=inline,previews=2,pixels=64] a heron", image=True))

    end = events[-1]
    shown = [event.asset.file_id for event in events if isinstance(event, ImagePreview)]
    assert isinstance(end, TurnFinished)
    assert len(shown) == len(set(shown)) == 2
    assert [asset.file_id for asset in end.assets] not in [[one] for one in shown]


async def test_a_picture_that_is_there_at_once_has_no_preview_but_itself(session: WebSession) -> None:
    events = await events_of(session, asked("[sim:image=inline,pixels=64] a heron", image=True))

    end = events[-1]
    assert isinstance(end, TurnFinished)
    assert [event.asset for event in events if isinstance(event, ImagePreview)] in ([], list(end.assets))

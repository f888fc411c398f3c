"""The line by itself: what it promises whoever stands in it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from bridge.routing.queue import NotYet, Queue
from core.errors import AccountsBusyError, BridgeError, NoEligibleAccountError, ShuttingDownError, StoreError

_WHY = NotYet(AccountsBusyError("a: its one slot is taken", retry_after_seconds=3, route="auto; passed=a:busy"))


_EARLY = NotYet(AccountsBusyError("nobody has looked yet"))


class _Desk:
    """Gives each want the next free number; counts how often it was asked."""

    def __init__(self) -> None:
        self.free: list[int] = []
        self.back: list[int] = []
        self.asked = 0
        self.version = 0
        self.failure: Exception | None = None
        self.entered = asyncio.Event()
        self.proceed = asyncio.Event()
        self.proceed.set()

    async def serve(self, wants: Sequence[str]) -> list[int | BridgeError | NotYet]:
        self.asked += 1
        self.entered.set()
        await self.proceed.wait()
        if self.failure is not None:
            raise self.failure
        return [
            NoEligibleAccountError("never") if want == "never" else self.free.pop(0) if self.free else _WHY
            for want in wants
        ]

    async def changed(self) -> int:
        return self.version


@pytest.fixture
def desk() -> _Desk:
    return _Desk()


def _queue(desk: _Desk, *, limit: int = 10, patience: float = 5) -> Queue[str, int]:
    return Queue(
        limit=limit, patience_seconds=patience, serve=desk.serve, changed=desk.changed, give_back=desk.back.append
    )


async def test_a_wake_serves_at_once_and_in_order(desk: _Desk) -> None:
    queue = _queue(desk)
    waiting = [asyncio.create_task(queue.wait(f"w{number}", _EARLY)) for number in range(3)]
    await desk.entered.wait()
    desk.free = [1, 2, 3]
    queue.wake()
    assert await asyncio.wait_for(asyncio.gather(*waiting), 1) == [1, 2, 3]
    await queue.aclose()


async def test_nothing_is_asked_while_nothing_changed(desk: _Desk) -> None:
    queue = _queue(desk)
    waiting = asyncio.create_task(queue.wait("w", _EARLY))
    await desk.entered.wait()
    await asyncio.sleep(0.3)
    assert desk.asked <= 2
    desk.free, desk.version = [1], 1
    assert await asyncio.wait_for(waiting, 0.5) == 1
    await queue.aclose()


async def test_an_error_ends_the_wait_of_its_own_want_only(desk: _Desk) -> None:
    queue = _queue(desk)
    never, other = asyncio.create_task(queue.wait("never", _EARLY)), asyncio.create_task(queue.wait("w", _EARLY))
    with pytest.raises(NoEligibleAccountError):
        await never
    assert not other.done()
    desk.free = [1]
    queue.wake()
    assert await other == 1
    await queue.aclose()


async def test_a_grant_for_somebody_who_left_is_given_back(desk: _Desk) -> None:
    queue = _queue(desk)
    desk.proceed.clear()
    desk.free = [1]
    leaving = asyncio.create_task(queue.wait("w", _EARLY))
    await desk.entered.wait()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    desk.proceed.set()
    await asyncio.sleep(0.01)
    assert desk.back == [1]
    assert len(queue) == 0
    await queue.aclose()


@pytest.mark.parametrize("turns", range(6))
async def test_a_cancellation_at_any_turn_of_the_loop_loses_no_grant(desk: _Desk, turns: int) -> None:
    queue = _queue(desk)
    desk.free = [1]
    leaving = asyncio.create_task(queue.wait("w", _EARLY))
    for _ in range(turns):
        await asyncio.sleep(0)
    leaving.cancel()
    (outcome,) = await asyncio.gather(leaving, return_exceptions=True)
    await asyncio.sleep(0.01)
    # In one hand, given back, or never given.
    assert [outcome == 1, desk.back == [1], desk.free == [1]].count(True) == 1
    await queue.aclose()


async def test_no_patience_is_busy_at_once(desk: _Desk) -> None:
    queue = _queue(desk, patience=0)
    with pytest.raises(AccountsBusyError):
        await queue.wait("w", _EARLY)
    await queue.aclose()


async def test_who_waited_in_vain_is_told_why_it_was_in_the_end(desk: _Desk) -> None:
    queue = _queue(desk, patience=0.1)
    with pytest.raises(AccountsBusyError) as told:
        await queue.wait("w", _EARLY)
    await queue.aclose()
    assert told.value.message == "a: its one slot is taken (nothing changed within 0.1 s)"
    assert (told.value.retry_after_seconds, told.value.route) == (3, "auto; passed=a:busy")


async def test_no_line_at_all_is_busy_at_once(desk: _Desk) -> None:
    with pytest.raises(AccountsBusyError, match="nobody has looked yet .0 wait already"):
        await _queue(desk, limit=0).wait("w", _EARLY)
    assert desk.asked == 0


@pytest.mark.parametrize("failure", [StoreError("gone"), RuntimeError("a fault of ours")])
async def test_nobody_waits_for_a_desk_that_broke_and_it_can_open_again(desk: _Desk, failure: Exception) -> None:
    queue = _queue(desk)
    desk.failure = failure
    with pytest.raises(type(failure)):
        await queue.wait("w", _EARLY)
    desk.failure, desk.free = None, [1]
    assert await queue.wait("w", _EARLY) == 1
    await queue.aclose()


async def test_closing_sends_everybody_away(desk: _Desk) -> None:
    queue = _queue(desk)
    waiting = asyncio.create_task(queue.wait("w", _EARLY))
    await desk.entered.wait()
    await queue.aclose()
    with pytest.raises(ShuttingDownError):
        await waiting
    with pytest.raises(ShuttingDownError):
        await queue.wait("late", _EARLY)

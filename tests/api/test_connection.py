"""Who may end the work of a request."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from api.connection import ClientLeft, Leash, Leashes, attended
from core.errors import OperationCancelledError, ShuttingDownError


class Quiet:
    """Says nothing; counts how often it was asked to."""

    def __init__(self) -> None:
        self.beats = 0
        self._due = asyncio.get_running_loop().time()

    def due(self) -> float:
        self._due += 0.02
        return self._due

    async def beat(self) -> None:
        self.beats += 1


class Client:
    """A client that leaves when it is told to."""

    def __init__(self) -> None:
        self.leaves = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        await self.leaves.wait()
        return {"type": "http.disconnect"}


async def forever() -> None:
    await asyncio.Event().wait()


async def test_work_that_ends_is_returned_and_its_errors_are_raised() -> None:
    async def broken() -> None:
        raise ZeroDivisionError

    assert await Leash().hold(asyncio.sleep(0, "done")) == "done"
    with pytest.raises(ZeroDivisionError):
        await Leash().hold(broken())


async def test_a_time_out_of_the_work_itself_is_its_own_error() -> None:
    async def late() -> None:
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        await Leash().hold(late())


@pytest.mark.parametrize("early", [True, False], ids=["before", "while"])
async def test_whoever_pulls_says_why(early: bool) -> None:
    leash = Leash()
    if early:
        leash.pull(OperationCancelledError("first"))
    else:
        asyncio.get_running_loop().call_later(0.01, leash.pull, OperationCancelledError("first"))
    asyncio.get_running_loop().call_later(0.01, leash.pull, OperationCancelledError("second"))

    with pytest.raises(OperationCancelledError, match="first"):
        await leash.hold(forever())


async def test_a_pulled_leash_leaves_its_task_as_it_was() -> None:
    leash = Leash()
    leash.pull(OperationCancelledError("stop"))
    with pytest.raises(OperationCancelledError):
        await leash.hold(forever())

    current = asyncio.current_task()
    assert current is not None
    assert current.cancelling() == 0


async def test_the_work_ends_when_its_client_leaves() -> None:
    client = Client()
    asyncio.get_running_loop().call_later(0.01, client.leaves.set)

    with pytest.raises(ClientLeft):
        await attended(forever(), receive=client.receive, leash=Leash(), voice=Quiet())


async def test_the_answer_speaks_while_the_work_goes_on() -> None:
    voice = Quiet()

    await attended(asyncio.sleep(0.1), receive=Client().receive, leash=Leash(), voice=voice)

    assert 2 <= voice.beats <= 6


async def test_a_broken_watch_ends_the_work_too() -> None:
    async def broken() -> dict[str, Any]:
        raise ConnectionError("socket")

    with pytest.raises(ConnectionError):
        await attended(forever(), receive=broken, leash=Leash(), voice=Quiet())


async def test_a_stopping_server_ends_what_it_holds_and_takes_no_more() -> None:
    leashes, leash = Leashes(), Leash()
    with leashes.holding(leash):
        leashes.stopping = True
        leashes.pull_all()
        with pytest.raises(ShuttingDownError):
            await leash.hold(forever())

    with pytest.raises(ShuttingDownError), leashes.holding(Leash()):
        pass

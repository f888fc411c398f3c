"""An answer is written down in batches while it comes."""

from __future__ import annotations

import asyncio

import pytest
from temporalio.testing import ActivityEnvironment

from activities.deltas import Deltas
from core.errors import StoreError


class FakeResults:
    """Keeps what it is told, and fails as often as a test says."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self.failures = 0

    async def extend(self, operation_id: str, fence: int | None, text: str) -> None:
        if self.failures:
            self.failures -= 1
            raise StoreError("locked")
        self.written.append(text)


@pytest.fixture
def results() -> FakeResults:
    return FakeResults()


@pytest.fixture
def deltas(results: FakeResults) -> Deltas:
    return Deltas(results, "op_1", 1)  # type: ignore[arg-type]


async def test_pieces_of_a_moment_are_one_batch(deltas: Deltas, results: FakeResults) -> None:
    async with deltas:
        for piece in ("a", "b", "c"):
            deltas.add(piece)
        await asyncio.sleep(0.1)
        early = list(results.written)
        await asyncio.sleep(0.4)
        assert (early, results.written) == ([], ["abc"])


async def test_a_large_piece_does_not_wait(deltas: Deltas, results: FakeResults) -> None:
    async with deltas:
        deltas.add("x" * 3000)
        await asyncio.sleep(0.1)
        assert [len(text) for text in results.written] == [3000]


async def test_what_is_left_is_written_at_the_end(deltas: Deltas, results: FakeResults) -> None:
    async with deltas:
        deltas.add("a")

    assert results.written == ["a"]


async def test_nothing_is_written_where_nothing_came(deltas: Deltas, results: FakeResults) -> None:
    async with deltas:
        await asyncio.sleep(0.3)

    assert results.written == []


async def test_a_write_that_fails_is_made_up_for(deltas: Deltas, results: FakeResults) -> None:
    results.failures = 1

    async def stream() -> None:
        async with deltas:
            deltas.add("a")
            await asyncio.sleep(0.4)
            assert results.written == []
            deltas.add("b")

    await ActivityEnvironment().run(stream)
    assert results.written == ["ab"]


async def test_a_stream_that_is_cut_off_still_leaves_what_it_brought(deltas: Deltas, results: FakeResults) -> None:
    async def stream() -> None:
        async with deltas:
            deltas.add("a")
            await asyncio.sleep(10)

    running = asyncio.create_task(stream())
    await asyncio.sleep(0.05)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert results.written == ["a"]

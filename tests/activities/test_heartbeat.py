"""The heart beats often enough for the timeout it was given."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import timedelta

import pytest
from temporalio.testing import ActivityEnvironment

from activities.heartbeat import beating


@pytest.mark.parametrize(("patience", "beats"), [(0.3, range(4, 8)), (30.0, range(1, 2)), (None, range(1, 2))])
async def test_three_beats_fit_into_the_timeout(patience: float | None, beats: range) -> None:
    environment, heard = ActivityEnvironment(), []
    timeout = None if patience is None else timedelta(seconds=patience)
    environment.info = dataclasses.replace(environment.info, heartbeat_timeout=timeout)
    environment.on_heartbeat = lambda *_: heard.append(1)

    async def work() -> None:
        async with beating():
            await asyncio.sleep(0.55)

    await environment.run(work)

    assert len(heard) in beats


async def test_a_look_that_raises_does_not_stop_the_beat() -> None:
    environment, looks = ActivityEnvironment(), []
    environment.info = dataclasses.replace(environment.info, heartbeat_timeout=timedelta(seconds=0.3))

    async def look() -> None:
        looks.append(1)
        raise ValueError("no")

    async def work() -> None:
        async with beating(look):
            await asyncio.sleep(0.35)

    await environment.run(work)

    assert len(looks) >= 2

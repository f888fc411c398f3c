"""A picture outlives every process that touches it, and is paid for once."""

from __future__ import annotations

import asyncio
import os
import signal
from io import BytesIO

import pytest
from PIL import Image

from tests.e2e.calls import chat, operation, picture, reaches, start_image
from tests.e2e.stack import Stack

SLOW = pytest.mark.slow
STEPS = {
    "before the turn is sent": {"path": "*/chat-requirements", "hold": "before"},
    "while the turn is sent": {"path": "*/f/conversation", "hold": "before"},
    "when upstream has accepted it": {"path": "*/f/conversation", "scenario": {"hold": "after"}},
    "while upstream draws": {"path": "/backend-api/conversation/{id}", "hold": "before"},
    "while the picture is fetched": {"path": "*/download*", "hold": "before"},
}


def submissions(stack: Stack) -> int:
    return sum(1 for submission in stack.simulator.ledger.submissions if submission.kind == "image")


@SLOW
@pytest.mark.timeout(120)
@pytest.mark.parametrize("step", STEPS)
async def test_a_worker_killed_at_any_step_costs_one_submission(stack: Stack, step: str) -> None:
    await stack.start_temporal()
    worker, _ = await asyncio.gather(stack.start_worker(), stack.start_api())
    stack.simulator.add_rule(**STEPS[step])

    async with stack.client() as client:
        operation_id = await start_image(client, f"a heron, {step}")
        await stack.simulator.held(1, timeout=20)
        await worker.kill()
        stack.simulator.release()
        await stack.start_worker("second")
        found = await reaches(client, operation_id, "completed", seconds=75)

        assert submissions(stack) == 1
        with Image.open(BytesIO(await picture(client, found))) as image:
            image.verify()


@SLOW
@pytest.mark.timeout(150)
async def test_a_worker_frozen_just_before_its_post_never_sends_after_another_has(stack: Stack) -> None:
    await stack.start_temporal()
    frozen, _ = await asyncio.gather(stack.start_worker(), stack.start_api())
    stack.simulator.add_rule(path="*/chat-requirements", hold="before")

    async with stack.client() as client:
        operation_id = await start_image(client, "a heron that waits")
        await stack.simulator.held(1, timeout=20)
        os.kill(frozen.pid, signal.SIGSTOP)
        stack.simulator.release()
        await stack.start_worker("second")
        await asyncio.sleep(45)
        os.kill(frozen.pid, signal.SIGCONT)
        found = await reaches(client, operation_id, "completed", seconds=60)
        await asyncio.sleep(3)

        assert submissions(stack) == 1
        assert len(await picture(client, found)) > 100


@SLOW
@pytest.mark.timeout(120)
async def test_the_loss_of_temporals_history_does_not_lose_the_picture(stack: Stack) -> None:
    temporal = await stack.start_temporal()
    await asyncio.gather(stack.start_worker(), stack.start_api())
    stack.simulator.add_rule(path="*/f/conversation", scenario={"seconds": 6})

    async with stack.client() as client:
        operation_id = await start_image(client, "a heron that forgets")
        await reaches(client, operation_id, "running")
        await temporal.kill()
        for file in stack.temporal_file.parent.glob("temporal.sqlite*"):
            file.unlink()
        await stack.start_temporal()
        found = await reaches(client, operation_id, "completed", seconds=75)

        assert submissions(stack) == 1
        assert len(await picture(client, found)) > 100


@SLOW
@pytest.mark.timeout(120)
async def test_temporal_killed_and_started_again_goes_on_where_it_was(stack: Stack) -> None:
    temporal = await stack.start_temporal()
    await asyncio.gather(stack.start_worker(), stack.start_api())
    stack.simulator.add_rule(path="*/f/conversation", scenario={"seconds": 4})

    async with stack.client() as client:
        operation_id = await start_image(client, "a heron that naps")
        await reaches(client, operation_id, "running")
        await temporal.kill()
        await asyncio.sleep(1)
        await stack.start_temporal()
        await reaches(client, operation_id, "completed", seconds=75)

    assert submissions(stack) == 1


@SLOW
@pytest.mark.timeout(120)
async def test_without_temporal_chat_works_and_no_picture_is_started(stack: Stack) -> None:
    temporal = await stack.start_temporal()
    await asyncio.gather(stack.start_worker(), stack.start_api())
    stack.simulator.add_rule(path="*/f/conversation", scenario={"seconds": 3})

    async with stack.client() as client:
        before = await start_image(client, "a heron begun in time")
        await reaches(client, before, "running")
        await temporal.kill()
        for _ in range(100):
            parts = (await client.get("/health/ready")).json()["parts"]
            if {part["name"]: part["state"] for part in parts}["temporal"] != "ok":
                break
            await asyncio.sleep(0.1)
        refused = await client.post("/v1/images/generations", json={"prompt": "a heron too late"})
        answered = await client.post("/v1/chat/completions", json=chat("Still there?"))
        listed = await client.get("/v1/chatgpt/operations")

        assert refused.status_code == 503
        assert refused.json()["error"]["code"] == "temporal_unavailable"
        assert int(refused.headers["retry-after"]) > 0
        assert answered.status_code == 200
        assert "a heron too late" not in listed.text

        await stack.start_temporal()
        await reaches(client, before, "completed", seconds=75)

    assert submissions(stack) == 1


@pytest.mark.timeout(90)
async def test_the_api_killed_mid_image_finds_the_file_when_it_is_back(stack: Stack) -> None:
    await stack.start_temporal()
    _, api = await asyncio.gather(stack.start_worker(), stack.start_api())

    async with stack.client() as client:
        operation_id = await start_image(client, "a heron alone")
        await reaches(client, operation_id, "running")
        await api.kill()
    await asyncio.sleep(2)
    await stack.start_api()

    async with stack.client() as client:
        found = await reaches(client, operation_id, "completed")
        first = await picture(client, found)
        ranged = await client.get(found["artifacts"][0]["download_url"], headers={"Range": "bytes=0-7"})

    assert ranged.status_code == 206
    assert ranged.content == first[:8]


@SLOW
@pytest.mark.timeout(120)
async def test_fourteen_pictures_on_one_slot_are_served_in_order(stack: Stack) -> None:
    stack.environment["CHATGPT_IMAGE_CONCURRENCY"] = "plus=1"
    await stack.start()

    async with stack.client() as client:
        ids = [await start_image(client, f"heron number {number}", size="1024x1024") for number in range(14)]
        done = [await reaches(client, operation_id, "completed", seconds=90) for operation_id in ids]

    started = [found["started_at"] for found in done]
    assert started == sorted(started)
    assert submissions(stack) == 14
    assert stack.simulator.ledger.in_flight["*"].peak == 1
    gaps = [(later["started_at"] - earlier["finished_at"]) for earlier, later in zip(done, done[1:], strict=False)]
    assert max(gaps) < 2


@pytest.mark.timeout(90)
async def test_sigterm_during_a_picture_leaves_it_to_the_next_worker(stack: Stack) -> None:
    await stack.start_temporal()
    worker, _ = await asyncio.gather(stack.start_worker(), stack.start_api())
    stack.simulator.add_rule(path="*/f/conversation", scenario={"hold": "after"})

    async with stack.client() as client:
        operation_id = await start_image(client, "a heron handed over")
        await stack.simulator.held(1, timeout=20)
        assert await worker.terminate() == 0
        assert not stack.simulator.ledger.stops
        await stack.start_worker("second")
        stack.simulator.release()
        await reaches(client, operation_id, "completed", seconds=60)

        assert submissions(stack) == 1
        assert (await operation(client, operation_id))["error"] is None

"""Several pictures of one request, and pictures that are watched, through real processes."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest
from openai.types import ImageGenCompletedEvent, ImageGenPartialImageEvent, ImagesResponse
from PIL import Image

from provider.simulator import SimulatorConfig
from tests.e2e.calls import ASYNC, IMAGES, OPERATIONS, operation, reaches
from tests.e2e.stack import KEY, Process, Stack, open_stack
from tests.fakes.vendor import strict
from tests.fakes.waiting import until

SLOW = pytest.mark.slow


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    """Two accounts with a slot for pictures each, so that the third of three has to wait for one."""
    config = SimulatorConfig(accounts=("plus", "plus"), image_seconds=1)
    settings = {"CHATGPT_RECONCILE_GRACE_SECONDS": "2", "CHATGPT_HEARTBEAT_SECONDS": "3"}
    async with open_stack(tmp_path, config, CHATGPT_IMAGE_CONCURRENCY="plus=1", **settings) as opened:
        yield opened


async def start(stack: Stack, **environment: str) -> Process:
    """Everything; returns the worker."""
    await stack.start_temporal()
    worker, _ = await asyncio.gather(stack.start_worker(), stack.start_api(**environment))
    return worker


async def submitted(stack: Stack, number: int) -> None:
    """Wait until upstream has been sent so many."""

    async def enough() -> bool:
        return len(stack.simulator.ledger.submissions) >= number

    await until(enough, seconds=20)


def opened(picture: dict[str, Any]) -> Image.Image:
    image = Image.open(io.BytesIO(base64.b64decode(picture["b64_json"])))
    image.load()
    return image


@SLOW
@pytest.mark.timeout(120)
async def test_three_pictures_survive_their_worker_and_are_paid_for_once(stack: Stack) -> None:
    worker = await start(stack)
    body = {"prompt": "[sim:seconds=2,pixels=64] a heron", "n": 3, "model": "gpt-image-1", "output_format": "webp"}
    async with stack.client(timeout=90) as client:
        asking = asyncio.create_task(client.post(IMAGES, json=body))
        await submitted(stack, 2)
        await worker.kill()
        listed = (await client.get(OPERATIONS)).json()["data"]
        await stack.start_worker("second")
        answer = await asking

        assert answer.status_code == 200, answer.text
        made = answer.json()
        strict(ImagesResponse, made)
        lead = next(one for one in listed if one["lead"] is None)
        assert made["chatgpt_operation_id"] == lead["id"]
        assert {one["id"] for one in lead["members"]} == {one["id"] for one in listed if one["lead"] == lead["id"]}
        assert [opened(picture).format for picture in made["data"]] == ["WEBP"] * 3
        states = [(await operation(client, picture["chatgpt_operation_id"]))["state"] for picture in made["data"]]

    assert states == ["completed"] * 3
    assert len(stack.simulator.ledger.submissions) == 3
    assert len({one.message_id for one in stack.simulator.ledger.submissions}) == 3


@SLOW
@pytest.mark.timeout(120)
async def test_a_group_of_which_one_is_refused_answers_with_the_others_and_is_cancelled_as_one(stack: Stack) -> None:
    await start(stack)
    stack.simulator.add_rule(path="*/f/conversation", times=1, scenario={"image": "refused"})
    async with stack.client(timeout=60) as client:
        mixed = (await client.post(IMAGES, json={"prompt": "[sim:pixels=64] a heron", "n": 2})).json()
        never = {"prompt": "[sim:image=never] a heron", "n": 3}
        group = (await client.post(IMAGES, json=never, headers=ASYNC)).json()["operation"]
        await submitted(stack, 4)
        await client.post(f"{OPERATIONS}/{group['id']}/cancel")
        for one in (group, *group["members"]):
            await reaches(client, one["id"], "cancelled")

    strict(ImagesResponse, mixed)
    assert len(mixed["data"]) == 1
    assert [one["error"]["code"] for one in mixed["chatgpt_failed"]] == ["image_no_asset"]
    assert len(stack.simulator.ledger.submissions) == 4
    assert len(stack.simulator.ledger.stops) == 2


@SLOW
@pytest.mark.timeout(120)
async def test_a_picture_is_watched_by_the_vendors_clients(stack: Stack) -> None:
    await start(stack, CHATGPT_FIRST_EVENT_SECONDS="0.5", CHATGPT_PING_SECONDS="0.3")
    inline = "[sim:image=inline,seconds=2,previews=2,pixels=64] a heron"
    slow = "[sim:image=async,seconds=2,pixels=64] a heron"

    def watched(prompt: str) -> list[Any]:
        with openai.OpenAI(base_url=f"{stack.base_url}/v1", api_key=KEY, max_retries=0) as vendor:
            return list(vendor.images.generate(prompt=prompt, stream=True, partial_images=3, output_format="jpeg"))

    shown = await asyncio.to_thread(watched, inline)
    async with openai.AsyncOpenAI(base_url=f"{stack.base_url}/v1", api_key=KEY, max_retries=0) as vendor:
        stream = await vendor.images.generate(prompt=slow, stream=True, partial_images=3)
        alone = [event async for event in stream]
        failing = await vendor.images.generate(prompt="[sim:image=failed,seconds=2] a heron", stream=True)
        with pytest.raises(openai.APIError) as failed:
            _ = [event async for event in failing]

    *previews, final = shown
    assert len(previews) == 2
    for preview in previews:
        strict(ImageGenPartialImageEvent, preview.model_dump(mode="json", exclude_unset=True))
    for event in (final, *alone):
        strict(ImageGenCompletedEvent, event.model_dump(mode="json", exclude_unset=True))
    assert len({event.b64_json for event in shown}) == 3
    assert [opened(event.model_dump()).format for event in (*shown, *alone)] == ["JPEG"] * 3 + ["PNG"]
    assert failed.value.code == "image_no_asset"
    assert len(stack.simulator.ledger.submissions) == 3


@SLOW
@pytest.mark.timeout(120)
async def test_a_watched_picture_outlives_its_worker_and_its_reader(stack: Stack) -> None:
    worker = await start(stack, CHATGPT_FIRST_EVENT_SECONDS="0.3")
    body = {"prompt": "[sim:image=inline,seconds=6,previews=2,pixels=64] a heron", "stream": True, "partial_images": 2}
    async with stack.client(timeout=60) as client:
        async with client.stream("POST", IMAGES, json=body) as reader:
            operation_id = reader.headers["x-chatgpt-operation-id"]
            async for line in reader.aiter_lines():
                if line.startswith("event: "):
                    break
        await worker.kill()
        await stack.start_worker("second")
        again = await client.post(IMAGES, json=body, headers={"x-stainless-retry-count": "1"})

    assert again.headers["x-chatgpt-operation-id"] == operation_id
    events = [line.removeprefix("event: ") for line in again.text.splitlines() if line.startswith("event: ")]
    assert events[0] == "image_generation.partial_image"
    assert events[-1] == "image_generation.completed"
    assert len(stack.simulator.ledger.submissions) == 1

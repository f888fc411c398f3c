"""Pictures and files by OpenAI's client for Python."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from openai.types import ImagesResponse
from PIL import Image

from tests.e2e.clients.conftest import NOTES
from tests.e2e.clients.running import Bridge

pytestmark = [pytest.mark.asyncio(loop_scope="package"), pytest.mark.timeout(120)]

DRAWN: dict[str, Any] = {"model": "gpt-image-1", "prompt": "[sim:pixels=64] A heron"}


def size(content: bytes) -> tuple[str | None, tuple[int, int]]:
    """The format and the size of a picture."""
    with Image.open(io.BytesIO(content)) as picture:
        picture.load()
        return picture.format, picture.size


def contents(answer: ImagesResponse) -> list[bytes]:
    """The pictures of an answer."""
    return [base64.b64decode(one.b64_json or "") for one in answer.data or ()]


async def test_pictures_several_and_by_their_address(bridge: Bridge, vendor: openai.AsyncOpenAI) -> None:
    several = await vendor.images.generate(**DRAWN, n=2, output_format="jpeg")
    linked = await vendor.images.generate(**DRAWN, response_format="url")

    assert [size(content)[0] for content in contents(several)] == ["JPEG", "JPEG"]
    assert linked.data is not None
    async with httpx2.AsyncClient(trust_env=False) as client:
        shown = await client.get(linked.data[0].url or "")
    assert max(size(shown.content)[1]) == 64
    assert bridge.turns == 3


async def test_a_picture_is_watched_while_it_is_drawn(bridge: Bridge, vendor: openai.AsyncOpenAI) -> None:
    bridge.simulator.add_rule(path="*/f/conversation", scenario={"previews": 2, "seconds": 1})

    stream = await vendor.images.generate(**DRAWN, stream=True, partial_images=2)
    *previews, last = [event async for event in stream]

    assert [event.type for event in previews] == ["image_generation.partial_image"] * len(previews)
    assert previews
    assert last.type == "image_generation.completed"
    assert size(base64.b64decode(last.b64_json))[0] == "PNG"


async def test_a_picture_that_cannot_be_drawn_is_an_error(bridge: Bridge, vendor: openai.AsyncOpenAI) -> None:
    bridge.simulator.add_rule(path="*/f/conversation", times=0, scenario={"image": "refused"})

    with pytest.raises(openai.BadRequestError) as whole:
        await vendor.images.generate(**DRAWN)
    with pytest.raises(openai.BadRequestError) as streamed:
        await vendor.images.generate(**DRAWN, stream=True)

    assert whole.value.code == streamed.value.code == "image_no_asset"


async def test_pictures_are_changed_with_a_mask(bridge: Bridge, vendor: openai.AsyncOpenAI, folder: Path) -> None:
    photo, other, masking = (folder / f"{name}.png" for name in ("photo", "other", "mask"))

    one = await vendor.images.edit(**DRAWN, image=photo)
    two = await vendor.images.edit(**DRAWN, image=[photo, other], mask=masking)
    again = await vendor.images.edit(**DRAWN, image=("made.png", contents(one)[0]))

    assert [size(content)[0] for answer in (one, two, again) for content in contents(answer)] == ["PNG"] * 3
    assert bridge.turns == 3


async def test_files_are_kept_named_and_deleted(bridge: Bridge, vendor: openai.AsyncOpenAI, folder: Path) -> None:
    notes = await vendor.files.create(file=folder / "notes.txt", purpose="user_data")
    photo = await vendor.files.create(file=folder / "photo.png", purpose="vision")

    names = [file.filename async for file in vendor.files.list(limit=1)]
    about = (await vendor.files.retrieve(notes.id)).bytes
    content = await vendor.files.content(notes.id)
    asked = [
        {"type": "text", "text": "What is it?"},
        {"type": "file", "file": {"file_id": notes.id}},
        {"type": "file", "file": {"file_id": photo.id}},
    ]
    chat = await vendor.chat.completions.create(model="auto", messages=[{"role": "user", "content": asked}])  # type: ignore[misc,list-item]
    asked = [
        {"type": "input_text", "text": "What is it?"},
        {"type": "input_file", "file_id": notes.id},
        {"type": "input_image", "file_id": photo.id, "detail": "auto"},
    ]
    response = await vendor.responses.create(model="auto", input=[{"role": "user", "content": asked}])  # type: ignore[list-item,misc]

    assert names[:2] == ["photo.png", "notes.txt"]
    assert (about, content.text) == (len(NOTES), NOTES)
    for said in (chat.choices[0].message.content or "", response.output_text):
        assert "notes.txt has 26 bytes" in said
        assert "16 by 12 pixels" in said
    assert (await vendor.files.delete(notes.id)).deleted
    with pytest.raises(openai.NotFoundError):
        await vendor.files.retrieve(notes.id)
    with pytest.raises(openai.APIStatusError) as gone:
        await vendor.responses.create(model="auto", input=[{"role": "user", "content": asked}])  # type: ignore[list-item,misc]
    assert gone.value.param == "input[0].content[1].file_id"

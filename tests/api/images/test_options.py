"""Options of pictures: checked before anything is spent, and kept with the operation."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import httpx2
import pytest
from openai.types import ImagesResponse
from PIL import Image

from api.images.options import REFUSED, WITHOUT_EFFECT, PictureOptions, aspect_ratio, response_format
from core.contracts.operations import OperationRecord, OperationState
from tests.fakes.server import Served, complete
from tests.fakes.upstream import png
from tests.fakes.vendor import strict

IMAGES = "/v1/images/generations"
EDITS = "/v1/images/edits"
TEAL = "data:image/png;base64," + base64.b64encode(png()).decode()


@pytest.mark.parametrize(
    ("size", "ratio"),
    [
        (None, "auto"),
        ("auto", "auto"),
        ("1024x1024", "1:1"),
        ("256x256", "1:1"),
        ("1024x1792", "9:16"),
        ("1792x1024", "16:9"),
        ("2048x1536", "4:3"),
        ("1536x1024", "4:3"),
        ("1024x1536", "3:4"),
        (" 1024X1024 ", "1:1"),
        ("100x10", "auto"),
    ],
)
def test_a_size_is_the_ratio_nearest_to_it(size: str | None, ratio: str) -> None:
    assert aspect_ratio(size) == ratio


@pytest.mark.parametrize(
    ("model", "form"),
    [
        ("gpt-image-1", "b64_json"),
        ("chatgpt-web/GPT-Image-2", "b64_json"),
        ("chatgpt-image-latest", "b64_json"),
        ("dall-e-3", "url"),
        ("chatgpt-image", "url"),
        ("auto", "url"),
        (None, "url"),
    ],
)
def test_where_nothing_is_said_a_picture_comes_as_from_its_models_vendor(model: str | None, form: str) -> None:
    assert response_format(None, model) == form
    assert response_format("url", model) == "url"
    assert response_format("b64_json", model) == "b64_json"


@pytest.mark.parametrize("name", sorted({*PictureOptions.model_fields, *WITHOUT_EFFECT, *REFUSED}))
def test_every_option_is_documented(name: str) -> None:
    assert f"`{name}`" in (Path(__file__).parents[3] / "docs" / "images.md").read_text()


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"quality": "best"}, "quality", "must be one of auto, low, medium, high, xhigh, max, standard, hd"),
    ({"quality": 1}, "quality", "string"),
    ({"style": "baroque"}, "style", "must be one of vivid, natural"),
    ({"background": "red"}, "background", "must be one of auto, transparent, opaque"),
    ({"background": "transparent", "output_format": "jpeg"}, "background", "png or webp"),
    ({"output_format": "gif"}, "output_format", "must be one of png, jpeg, webp"),
    ({"output_compression": 101, "output_format": "jpeg"}, "output_compression", "less than or equal to 100"),
    ({"output_compression": 50}, "output_compression", "jpeg or webp"),
    ({"output_compression": 50, "output_format": "png"}, "output_compression", "jpeg or webp"),
    ({"moderation": "none"}, "moderation", "must be one of auto, low"),
    ({"input_fidelity": "perfect"}, "input_fidelity", "must be one of low, high"),
    ({"complexity": "huge"}, "complexity", "must be one of low, medium, high"),
    ({"svg": {"model": "x"}}, "svg", "not served"),
    ({"frame_count": 3}, "frame_count", "not served"),
    ({"markup": "data:image/png;base64,"}, "markup", "not served"),
    ({"response_format": "png"}, "response_format", "must be one of url, b64_json"),
]


@pytest.mark.parametrize("route", [IMAGES, EDITS])
async def test_what_nobody_knows_is_a_400_that_says_what_is_allowed(
    served: Served, client: httpx2.AsyncClient, route: str
) -> None:
    for change, param, words in BAD:
        answer = await client.post(route, json={"prompt": "A heron", "image": TEAL, **change})
        error = answer.json()["error"]
        assert (answer.status_code, error["param"]) == (400, param), change
        assert words in error["message"], change
    assert not served.temporal.started


ASKED = {
    "quality": "HD",
    "style": "natural",
    "background": "opaque",
    "output_format": "webp",
    "output_compression": 40,
    "moderation": "low",
    "input_fidelity": "high",
    "user": "me",
}


@pytest.mark.parametrize("route", [IMAGES, EDITS])
async def test_what_is_asked_is_kept_with_the_operation(served: Served, client: httpx2.AsyncClient, route: str) -> None:
    body = {"prompt": "A heron", "image": TEAL, **ASKED}

    await client.post(route, json=body, headers={"prefer": "respond-async"})

    row = await served.bridge.operations.find(served.temporal.started[0])
    names = ("quality", "style", "background", "output_format", "output_compression", "response_format")
    assert [row.request[name] for name in names] == ["high", "natural", "opaque", "webp", 40, "url"]


async def test_a_form_brings_numbers_as_text(served: Served, client: httpx2.AsyncClient) -> None:
    fields = {"prompt": "A", "output_format": "jpeg", "output_compression": "40"}

    answer = await client.post(EDITS, data=fields, files={"image": png()}, headers={"prefer": "respond-async"})

    row = await served.bridge.operations.find(served.temporal.started[0])
    assert (answer.status_code, row.request["output_compression"]) == (202, 40)


def draws(served: Served) -> None:
    async def work(record: OperationRecord) -> None:
        await complete(served, record.id)

    served.temporal.work = work


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
async def test_a_picture_comes_in_the_format_that_was_asked_for(
    served: Served, client: httpx2.AsyncClient, kind: str
) -> None:
    draws(served)
    asked = {"model": "gpt-image-1", "output_format": kind, "quality": "low", "background": "opaque"}

    body = (await client.post(IMAGES, json={"prompt": "A heron", **asked})).json()

    answer = strict(ImagesResponse, body)
    picture = body["data"][0]
    content = base64.b64decode(picture["b64_json"])
    link = await client.get(picture["download_url"])
    assert answer.data
    assert Image.open(io.BytesIO(content)).format == kind.upper()
    assert (picture["content_type"], link.headers["content-type"]) == (f"image/{kind}",) * 2
    assert link.content == content
    assert (answer.output_format, answer.quality, answer.background) == (kind, "low", "opaque")


async def test_an_answer_says_nothing_of_what_was_left_to_upstream(served: Served, client: httpx2.AsyncClient) -> None:
    draws(served)

    body = (await client.post(IMAGES, json={"prompt": "A heron"})).json()

    strict(ImagesResponse, body)
    assert not {"quality", "background"} & body.keys()
    assert body["output_format"] == "png"


@pytest.mark.parametrize(("size", "told"), [((1536, 1024), "1536x1024"), ((1024, 1000), None)])
async def test_a_size_is_named_where_the_vendors_schema_can_and_told_in_pixels_always(
    served: Served, client: httpx2.AsyncClient, size: tuple[int, int], told: str | None
) -> None:
    out = io.BytesIO()
    Image.new("L", size).save(out, "PNG")

    async def work(record: OperationRecord) -> None:
        artifact = await served.bridge.artifacts.write_image(record, 0, out.getvalue())
        await served.bridge.operations.close(record.id, OperationState.COMPLETED, results=(artifact,))

    served.temporal.work = work
    body = (await client.post(IMAGES, json={"prompt": "A heron"})).json()

    assert body.get("size") == told
    assert (body["data"][0]["width"], body["data"][0]["height"]) == size


async def test_usage_is_an_estimate_and_says_so(served: Served, client: httpx2.AsyncClient) -> None:
    draws(served)

    body = (await client.post(EDITS, json={"prompt": "A heron.", "image": TEAL, "n": 2})).json()

    usage = strict(ImagesResponse, body).usage
    assert usage
    assert body["usage"]["estimated"] is True
    assert usage.input_tokens_details.image_tokens == 2 * 765
    assert usage.input_tokens_details.text_tokens > 0
    assert usage.output_tokens == 2 * 2
    assert usage.total_tokens == usage.input_tokens + usage.output_tokens

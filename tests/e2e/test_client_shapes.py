"""Every shape in which clients send pictures, through real processes: the same work comes of each of them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from openai.types import FileObject, ImagesResponse

from provider.simulator import SimulatorConfig
from tests.e2e.calls import OPERATIONS
from tests.e2e.node import run
from tests.e2e.stack import KEY, Stack, open_stack
from tests.fakes.upstream import mask, png
from tests.fakes.vendor import strict

EDITS = "/v1/images/edits"
PROMPT = "[sim:image=inline,seconds=0.3,previews=2,pixels=64] Purple"
PLAIN = [hashlib.sha256(png()).hexdigest()]
BOTH = [*PLAIN, hashlib.sha256(png("red")).hexdigest()]


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Stack]:
    """Everything, with enough slots for whatever comes."""
    config = SimulatorConfig(accounts=("plus",))
    async with open_stack(
        tmp_path, config, CHATGPT_IMAGE_CONCURRENCY="plus=8", CHATGPT_FIRST_EVENT_SECONDS="0.5"
    ) as stack:
        await stack.start()
        yield stack


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """The pictures and the mask as files."""
    found = {"teal": png(), "red": png("red"), "mask": mask()}
    for name, content in found.items():
        (tmp_path / f"{name}.png").write_bytes(content)
    return {name: tmp_path / f"{name}.png" for name in found}


async def asked(client: httpx2.AsyncClient, stack: Stack, answer: dict[str, Any]) -> tuple[list[str], bool]:
    """What the operation of an answer was asked for, as upstream was shown it: the digests of its pictures, and whether
    a mask was among them."""
    strict(ImagesResponse, answer)
    operation_id = answer["chatgpt_operation_id"]
    found = (await client.get(f"{OPERATIONS}/{operation_id}")).json()["operation"]
    assert found["state"] == "completed"
    kept = (await client.get(f"{OPERATIONS}/{operation_id}/result")).json()
    assert kept["data"][0]["file_id"] == answer["data"][0]["file_id"]
    return _request(stack, operation_id)


def _request(stack: Stack, operation_id: str) -> tuple[list[str], bool]:
    database = stack.root / "data" / "bridge.sqlite"
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        (row,) = connection.execute("SELECT request FROM operations WHERE id = ?", (operation_id,)).fetchall()
    request = json.loads(row[0])
    return [ref["sha256"] for ref in request["inputs"]], request["mask"] is not None


async def by_python(stack: Stack, files: dict[str, Path]) -> list[dict[str, Any]]:
    """One picture as a path, two of them with a mask as bytes."""
    several = [("a.png", png()), ("b.png", png("red"))]
    async with openai.AsyncOpenAI(base_url=f"{stack.base_url}/v1", api_key=KEY, max_retries=0) as vendor:
        one = await vendor.images.edit(image=files["teal"], prompt=PROMPT, response_format="url")
        two = await vendor.images.edit(image=several, mask=("m.png", mask()), prompt=PROMPT, model="gpt-image-1")
    return [one.model_dump(mode="json", exclude_unset=True), two.model_dump(mode="json", exclude_unset=True)]


async def by_synchronous_python(stack: Stack, files: dict[str, Path]) -> list[dict[str, Any]]:
    """One as an open file, two of them with a mask as paths."""

    def work() -> list[dict[str, Any]]:
        with openai.OpenAI(base_url=f"{stack.base_url}/v1", api_key=KEY, max_retries=0) as vendor:
            with files["teal"].open("rb") as file:
                one = vendor.images.edit(image=file, prompt=PROMPT)
            two = vendor.images.edit(image=[files["teal"], files["red"]], mask=files["mask"], prompt=PROMPT)
        return [one.model_dump(mode="json", exclude_unset=True), two.model_dump(mode="json", exclude_unset=True)]

    return await asyncio.to_thread(work)


async def by_data_url(stack: Stack, _files: dict[str, Path]) -> list[dict[str, Any]]:
    """JSON that holds its pictures."""
    teal, red, masking = (
        "data:image/png;base64," + base64.b64encode(content).decode() for content in (png(), png("red"), mask())
    )
    async with stack.client() as client:
        one = await client.post(EDITS, json={"prompt": PROMPT, "images": [{"image_url": teal}]})
        body = {"prompt": PROMPT, "images": [{"image_url": teal}, {"image_url": red}], "mask": {"image_url": masking}}
        two = await client.post(EDITS, json=body)
    return [one.json(), two.json()]


async def by_file_id(stack: Stack, files: dict[str, Path]) -> list[dict[str, Any]]:
    """JSON that names uploaded files."""
    async with openai.AsyncOpenAI(base_url=f"{stack.base_url}/v1", api_key=KEY, max_retries=0) as vendor:
        sent = {name: await vendor.files.create(file=path, purpose="vision") for name, path in files.items()}
    for file in sent.values():
        strict(FileObject, file.model_dump(mode="json", exclude_unset=True))
    teal, red, masking = ({"file_id": sent[name].id} for name in ("teal", "red", "mask"))
    async with stack.client() as client:
        one = await client.post(EDITS, json={"prompt": PROMPT, "images": [teal]})
        two = await client.post(EDITS, json={"prompt": PROMPT, "images": [teal, red], "mask": masking})
    return [one.json(), two.json()]


async def by_curl(stack: Stack, files: dict[str, Path]) -> list[dict[str, Any]]:
    """A form as the vendor's documentation shows it."""
    fields = [f"prompt={PROMPT}", f"image[]=@{files['teal']}"]
    more = [f"image[]=@{files['red']}", f"mask=@{files['mask']}"]
    return [await _curl(stack, *fields), await _curl(stack, *fields, *more)]


async def _curl(stack: Stack, *fields: str) -> dict[str, Any]:
    form = [argument for field in fields for argument in ("-F", field)]
    child = await asyncio.create_subprocess_exec(
        "curl", "-sS", "--noproxy", "*", f"{stack.base_url}{EDITS}", "-H", f"Authorization: Bearer {KEY}", *form,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await asyncio.wait_for(child.communicate(), 50)
    answer: dict[str, Any] = json.loads(out)
    return answer


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_the_same_edit_comes_of_every_shape(running: Stack, files: dict[str, Path]) -> None:
    ways = (by_python, by_synchronous_python, by_data_url, by_file_id, by_curl)

    answers = await asyncio.gather(*(way(running, files) for way in ways))

    async with running.client() as client:
        for way, (one, two) in zip(ways, answers, strict=True):
            assert await asked(client, running, one) == (PLAIN, False), way.__name__
            assert await asked(client, running, two) == (BOTH, True), way.__name__
    assert len(running.simulator.ledger.submissions) == 2 * len(ways)
    # Teal, red and the mask as it is drawn.
    assert len([path for path in (running.root / "data" / "inputs").rglob("*") if path.is_file()]) == 3


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_nodes_client_edits_watches_and_keeps_files(
    running: Stack, files: dict[str, Path], node_client: Path
) -> None:
    images, masking = [str(files["teal"]), str(files["red"])], str(files["mask"])

    one, two, watched, failed, kept = await run(
        running, "pictures.mjs", node_client, prompt=PROMPT, images=images, mask=masking
    )

    assert _request(running, one["id"]) == (PLAIN, False)
    assert _request(running, two["id"]) == (BOTH, True)
    assert one["url"].startswith(running.base_url)
    assert watched["events"] == ["image_generation.partial_image"] * 2 + ["image_generation.completed"]
    assert failed == {"raised": "APIError", "code": "image_no_asset"}
    assert (kept["listed"], kept["same"], kept["deleted"]) == (True, True, True)

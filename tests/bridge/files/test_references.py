"""How requests name pictures: every way leads to the same bytes, and every wrong way names its field."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from bridge.build import references
from bridge.files import artifacts as rows
from bridge.files.artifacts import Artifacts
from bridge.files.links import download_url
from bridge.files.references import MOST_PICTURES, Caller, Given, References, Sent
from bridge.operations.records import Operations
from bridge.store.engine import Store
from core.contracts.artifacts import Artifact
from core.errors import (
    AddressRefusedError,
    BridgeError,
    GoneError,
    InvalidRequestError,
    NotFoundError,
    RequestTooLargeError,
)
from core.settings import InputSettings, load
from tests.bridge.operations.test_admission import OneAccount
from tests.fakes.files import library
from tests.fakes.pictures import PictureHost, head
from tests.fakes.upstream import png
from tests.fixtures.durable import admission

BASE64 = base64.b64encode(png()).decode()
DATA_URL = f"data:image/png;base64,{BASE64}"
US = "http://bridge.example:8000"
ME = Caller("primary", (f"{US}/v1",))


async def load_one(reader: References, value: Any, caller: Caller = ME) -> bytes:
    return (await reader.load(Given("image", value), caller)).content


@pytest.fixture
async def artifact(store: Store, artifacts: Artifacts) -> Artifact:
    operation = (await Operations(store, OneAccount()).admit(admission("A heron"))).record  # type: ignore[arg-type]
    made = await artifacts.write_image(operation, 0, png())
    await store.write(lambda conn: rows.keep(conn, made, "primary", 0))
    return made


@pytest.mark.parametrize(
    "value",
    [
        DATA_URL,
        DATA_URL.replace("data:image/png", "DATA:text/plain;charset=utf-8"),
        f"data:;base64,{BASE64}",
        f"data:image/png;base64,{quote(BASE64, safe='')}",
        f"data:image/png,{quote(png())}",
        BASE64,
        f"  {BASE64[:40]}\n{BASE64[40:]}\n",
        {"image_url": {"url": DATA_URL}},
        {"image_url": DATA_URL},
        {"type": "input_image", "image_url": DATA_URL},
        {"data_url": DATA_URL},
        {"dataUrl": DATA_URL},
        {"url": DATA_URL},
        {"image": {"url": DATA_URL}},
        {"input_image": BASE64},
        {"base64": BASE64},
        {"b64_json": BASE64},
        {"data": DATA_URL},
        {"data": BASE64, "mime_type": "image/webp"},
        Sent(png(), "a.png"),
    ],
)
async def test_a_picture_in_the_request_is_read_however_it_is_written(reader: References, value: Any) -> None:
    assert await load_one(reader, value) == png()


async def test_the_first_known_key_of_an_object_counts(reader: References) -> None:
    value = {"data": BASE64, "url": DATA_URL.replace(BASE64, base64.b64encode(png("red")).decode())}

    assert await load_one(reader, value) == png("red")


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ({"data": BASE64, "name": "a.png"}, "a.png"),
        ({"data": BASE64, "filename": "b.png"}, "b.png"),
        ({"data": BASE64, "metadata": {"name": "c.png"}}, "c.png"),
        (DATA_URL, ""),
    ],
)
async def test_an_object_may_name_its_picture(reader: References, value: Any, name: str) -> None:
    assert (await reader.load(Given("image", value), ME)).name == name


async def test_an_address_is_fetched_and_names_its_picture(reader: References, host: PictureHost) -> None:
    host.shows("/herons/one%20heron.png?size=1", png())

    found = await reader.load(Given("image", host.url("/herons/one%20heron.png?size=1")), ME)

    assert (found.content, found.name) == (png(), "one heron.png")


async def test_a_file_of_the_folder_is_read_by_every_kind_of_path(reader: References, folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / "a heron.png").write_bytes(png())
    (folder / "link.png").symlink_to(folder / "deep" / "a heron.png")
    inside = folder / "deep" / "a heron.png"

    for path in ("deep/a heron.png", "./deep/../link.png", str(inside), inside.as_uri()):
        assert await load_one(reader, path) == png()
    assert (await reader.load(Given("image", {"path": str(inside)}), ME)).name == "a heron.png"


async def test_a_path_that_looks_like_base64_is_read_as_the_file_it_is(reader: References, folder: Path) -> None:
    (folder / ("a" * 64)).write_bytes(png())

    assert await load_one(reader, "a" * 64) == png()


async def test_nothing_outside_the_folder_is_read_or_shown_to_exist(
    reader: References, folder: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(png())
    (folder / "out.png").symlink_to(secret)
    (tmp_path / "pictures-too").mkdir()
    (tmp_path / "pictures-too" / "a.png").write_bytes(png())

    seen = set()
    for path in (
        str(secret), secret.as_uri(), "out.png", "../secret.png", "../pictures-too/a.png", "/nowhere.png", "~/a.png",
        ".", "a\0b", "x-" * 3000 + ".png",
    ):  # fmt: skip
        with pytest.raises(InvalidRequestError) as refusal:
            await load_one(reader, path)
        seen.add(refusal.value.message)
    assert seen == {"`image`: no such file below the folder that CHATGPT_INPUT_ROOT names."}


async def test_without_a_folder_a_path_is_refused_and_the_setting_named(store: Store, tmp_path: Path) -> None:
    reader = references(load(InputSettings), library(store, tmp_path))

    for path in ("/etc/hostname", "file:///etc/hostname", "heron.png", "~/heron.png"):
        with pytest.raises(InvalidRequestError, match="CHATGPT_INPUT_ROOT"):
            await load_one(reader, path)


@pytest.mark.parametrize("base", [f"{US}/v1", US, "HTTP://Bridge.EXAMPLE:8000/v1/"])
async def test_our_own_link_is_read_from_the_store(reader: References, artifact: Artifact, base: str) -> None:
    found = await reader.load(Given("image", download_url(base, artifact)), ME)

    assert (found.content, found.name) == (png(), artifact.filename)


async def test_our_own_file_is_read_by_its_id(reader: References, artifact: Artifact) -> None:
    assert await load_one(reader, {"file_id": artifact.file_id}) == png()


async def test_a_file_of_another_owner_does_not_exist(reader: References, artifact: Artifact) -> None:
    somebody = Caller("somebody", ME.bases)

    for value in (download_url(US, artifact), {"file_id": artifact.file_id}, {"file_id": "0" * 32}):
        with pytest.raises(NotFoundError):
            await load_one(reader, value, somebody)


async def test_a_file_that_was_removed_is_gone(reader: References, artifacts: Artifacts, artifact: Artifact) -> None:
    (await artifacts.get(artifact.file_id))[1].unlink()

    with pytest.raises(GoneError) as refusal:
        await load_one(reader, {"file_id": artifact.file_id})
    assert refusal.value.param == "image.file_id"


@pytest.mark.parametrize("link", ["http://bridge.example:8001{path}", "https://bridge.example:8000{path}"])
async def test_a_link_of_another_server_is_not_ours(reader: References, artifact: Artifact, link: str) -> None:
    path = download_url("", artifact)

    with pytest.raises(BridgeError) as refusal:
        await load_one(reader, link.format(path=path))
    assert refusal.value.code == "image_unreachable"


@pytest.mark.parametrize(
    ("value", "param", "error"),
    [
        ("", "image", InvalidRequestError),
        ("   ", "image", InvalidRequestError),
        (7, "image", InvalidRequestError),
        ({}, "image", InvalidRequestError),
        ({"mime_type": "image/png"}, "image", InvalidRequestError),
        ([DATA_URL], "image", InvalidRequestError),
        (
            {"image": {"image": {"image": {"image": {"image": DATA_URL}}}}},
            "image.image.image.image.image",
            InvalidRequestError,
        ),
        ("data:image/png;base64", "image", InvalidRequestError),
        ("data:image/png;base64,###", "image", InvalidRequestError),
        ("data:image/png;base64,", "image", InvalidRequestError),
        ({"base64": "not base64!"}, "image.base64", InvalidRequestError),
        ({"b64_json": 7}, "image.b64_json", InvalidRequestError),
        ({"file_id": 7}, "image.file_id", InvalidRequestError),
        ("ftp://example.com/a.png", "image", AddressRefusedError),
        ("file://another.example/a.png", "image", AddressRefusedError),
        ("http://10.0.0.1/a.png", "image", AddressRefusedError),
        (base64.b64encode(b"x" * 5000).decode(), "image", RequestTooLargeError),
        ("data:," + "x" * 5000, "image", RequestTooLargeError),
        (Sent(b"x" * 5000), "image", RequestTooLargeError),
    ],
)
async def test_what_names_no_picture_is_refused_by_its_field(
    reader: References, value: Any, param: str, error: type[BridgeError]
) -> None:
    with pytest.raises(error) as refusal:
        await reader.load(Given("image", value), ME)

    assert refusal.value.param == param


async def test_several_come_in_their_order_and_the_first_failure_ends_all(
    reader: References, host: PictureHost
) -> None:
    async def slow(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.1)
        writer.write(head("content-type: image/png") + png("red"))

    host.answers["/slow.png"] = slow
    given: Sequence[Given] = [Given("images[0]", host.url("/slow.png")), Given("images[1]", DATA_URL)]

    assert [one.content for one in await reader.load_all(given, ME)] == [png("red"), png()]
    with pytest.raises(InvalidRequestError) as refusal:
        await reader.load_all([*given, Given("images[2]", 7)], ME)
    assert refusal.value.param == "images[2]"


async def test_text_that_is_almost_base64_costs_no_time(reader: References) -> None:
    began = time.monotonic()

    for text in ("a" + " " * 1_000_000 + "!", "a" * 1_000_000 + "!", "a" * 2000 + "=" * 1_000_000 + "!"):
        with pytest.raises(InvalidRequestError):
            await load_one(reader, text)
    assert time.monotonic() - began < 2


async def test_a_request_has_only_so_many_pictures_and_bytes(store: Store, tmp_path: Path) -> None:
    reader = references(load(InputSettings, max_input_body_bytes=1024), library(store, tmp_path))
    given = [Given(f"images[{number}]", DATA_URL) for number in range(MOST_PICTURES + 1)]

    with pytest.raises(InvalidRequestError, match="at most 50"):
        await reader.load_all(given, ME)
    with pytest.raises(RequestTooLargeError, match="together"):
        await reader.load_all(given[:-1], ME)

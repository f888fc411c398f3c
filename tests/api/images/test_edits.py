"""`POST /v1/images/edits` over a real socket and a real database."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from PIL import Image

from bridge.operations.turns import inputs_of
from core.contracts.operations import OperationRecord, OperationState
from core.settings import InputSettings, load
from tests.fakes.pictures import picture_host
from tests.fakes.server import KEY, Served, complete, open_server
from tests.fakes.upstream import mask, png
from tests.fakes.waiting import until

EDITS = "/v1/images/edits"
ASYNC = {"prefer": "respond-async"}
TEAL = "data:image/png;base64," + base64.b64encode(png()).decode()
MASK = "data:image/png;base64," + base64.b64encode(mask()).decode()
RED = "data:image/png;base64," + base64.b64encode(png("red")).decode()


def sha(colour: str) -> str:
    return hashlib.sha256(png(colour)).hexdigest()


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def draws(served: Served) -> None:
    """Have every operation completed as soon as it is started."""

    async def work(record: OperationRecord) -> None:
        await complete(served, record.id)

    served.temporal.work = work


async def rows(served: Served) -> list[OperationRecord]:
    return list((await served.bridge.operations.list("primary")).items)


def kept(served: Served) -> list[Path]:
    folder = served.services.settings.storage.data_dir / "inputs"
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_an_edit_is_answered_with_its_picture_and_what_it_was_made_of(
    served: Served, client: httpx2.AsyncClient
) -> None:
    draws(served)

    answer = await client.post(
        EDITS, json={"prompt": "Make it red.", "images": [TEAL, {"image_url": {"url": RED}}], "aspect_ratio": "16:9"}
    )

    body = answer.json()
    (row,) = await rows(served)
    assert answer.status_code == 200
    assert (body["input_image_count"], body["aspect_ratio"], len(body["warnings"])) == (2, "16:9", 1)
    assert body["chatgpt_operation_id"] == answer.headers["x-chatgpt-operation-id"] == row.id
    assert (await client.get(body["data"][0]["url"])).content == png()
    assert (row.kind.value, row.request["prompt"]) == ("edit", "Make it red.")
    assert [one["sha256"] for one in row.request["inputs"]] == [sha("teal"), sha("red")]
    assert len(kept(served)) == 2


async def test_inputs_are_collected_from_every_field_in_order(served: Served, client: httpx2.AsyncClient) -> None:
    colours = ["red", "green", "blue", "yellow", "black", "white", "pink", "brown"]
    red, green, blue, yellow, black, white, pink, brown = (base64.b64encode(png(colour)).decode() for colour in colours)

    await client.post(
        EDITS,
        headers=ASYNC,
        json={
            "prompt": "Mix.",
            "image_url": black,
            "image": blue,
            "input_image": {"base64": yellow},
            "input_images": [green],
            "images": [{"b64_json": red}],
            "metadata": {"image": pink, "images": [white], "image_url": brown},
        },
    )

    (row,) = await rows(served)
    assert [one["sha256"] for one in row.request["inputs"]] == [sha(colour) for colour in colours]


@pytest.mark.parametrize(
    ("fields", "ratio"),
    [
        ({}, "auto"),
        ({"aspect_ratio": "3:4"}, "3:4"),
        ({"size": "1024x1792"}, "9:16"),
        ({"size": "2048x1536"}, "4:3"),
        ({"size": "5000x100"}, "auto"),
        ({"size": "1024x1024", "aspect_ratio": "4:3"}, "4:3"),
        ({"metadata": {"aspect_ratio": "9:16"}}, "9:16"),
        ({"metadata": {"size": "1792x1024"}}, "16:9"),
    ],
)
async def test_the_ratio_is_the_one_that_was_asked_for_or_that_of_the_size(
    served: Served, client: httpx2.AsyncClient, fields: dict[str, Any], ratio: str
) -> None:
    await client.post(EDITS, json={"prompt": "Red.", "image": TEAL, **fields}, headers=ASYNC)

    (row,) = await rows(served)
    assert row.request["aspect_ratio"] == ratio


@pytest.mark.parametrize("metadata", ["[]", '{"a": NaN}', '{"a": "\\ud83d"}', '{"a": ' * 200, '{"a": 1e999}'])
async def test_metadata_of_a_form_is_read_as_a_body_is(client: httpx2.AsyncClient, metadata: str) -> None:
    form = {"prompt": "Red", "metadata": metadata}
    answer = await client.post(EDITS, headers=ASYNC, data=form, files={"image": ("a.png", png(), "image/png")})

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "metadata")


async def test_a_form_brings_its_files_and_fields(served: Served, client: httpx2.AsyncClient) -> None:
    answer = await client.post(
        EDITS,
        headers=ASYNC,
        data={"prompt": "Rot, höher.", "n": "1", "size": "1792x1024", "metadata": '{"chatgpt_account": "plus"}'},
        files=[("image[]", ("eins.png", png(), "image/png")), ("image[]", ("zwei.bin", png("red"), "text/plain"))],
    )

    (row,) = await rows(served)
    assert answer.status_code == 202
    assert (row.request["prompt"], row.request["aspect_ratio"]) == ("Rot, höher.", "16:9")
    assert row.request["accounts"] == ["plus"]
    assert [(one["name"], one["sha256"]) for one in row.request["inputs"]] == [
        ("eins.png", sha("teal")),
        ("zwei.png", sha("red")),
    ]


async def test_the_vendors_client_edits_pictures(served: Served) -> None:
    draws(served)

    async with openai.AsyncOpenAI(base_url=f"{served.url}/v1", api_key=KEY, max_retries=0) as vendor:
        one = await vendor.images.edit(image=("a.png", png()), prompt="Red.", model="dall-e-2")
        two = await vendor.images.edit(
            image=[("a.png", png()), ("b.png", png("red"))], prompt="Both.", response_format="b64_json"
        )

    assert one.data
    assert str(one.data[0].url).startswith(served.url)
    assert two.data
    assert base64.b64decode(str(two.data[0].b64_json)) == png()
    assert [len(row.request["inputs"]) for row in await rows(served)] == [2, 1]


async def test_a_result_is_edited_further_by_its_link_and_by_its_id(served: Served, client: httpx2.AsyncClient) -> None:
    draws(served)
    (first,) = (await client.post(EDITS, json={"prompt": "Red.", "image": RED})).json()["data"]

    for reference in (first["url"], first["url"].replace("127.0.0.1", "localhost"), {"file_id": first["file_id"]}):
        answer = await client.post(EDITS, json={"prompt": "More.", "image": reference})
        assert answer.status_code == 200

    assert (await rows(served))[0].request["inputs"][0]["sha256"] == sha("teal")


async def test_equal_pictures_under_other_names_are_the_same_request(
    served: Served, client: httpx2.AsyncClient
) -> None:
    key = {**ASYNC, "idempotency-key": "k"}
    ids, sent = [], [TEAL, {"data_url": TEAL, "name": "other.png"}, base64.b64encode(png()).decode()]
    for image in sent:
        answer = await client.post(EDITS, json={"prompt": "Red.", "image": image}, headers=key)
        ids.append(answer.json()["operation"]["id"])
    other = await client.post(EDITS, json={"prompt": "Red.", "image": RED}, headers=key)

    assert len(set(ids)) == 1
    assert (other.status_code, other.json()["error"]["code"]) == (409, "idempotency_conflict")


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"prompt": " "}, "prompt", "invalid_request"),
        ({"image": None}, "image", "invalid_request"),
        ({"images": [TEAL] * 10}, "image", "invalid_request"),
        ({"image": None, "images": [TEAL, "nothing"]}, "images[1]", "invalid_request"),
        ({"images": [{"data": base64.b64encode(b"hello").decode()}]}, "images[0]", "invalid_image"),
        ({"image": "data:image/png;base64,###"}, "image", "invalid_request"),
        ({"image": "http://127.0.0.1/a.png"}, "image", "address_refused"),
        ({"image": "/etc/hostname"}, "image", "invalid_request"),
        ({"image": {"file_id": "0" * 32}}, "image.file_id", "not_found"),
        ({"mask": TEAL}, "mask", "invalid_image"),
        ({"mask": "data:image/png;base64,###"}, "mask", "invalid_request"),
        ({"mask": {"file_id": "0" * 32}}, "mask.file_id", "not_found"),
        ({"mask": {}}, "mask", "invalid_request"),
        ({"mask": MASK, "images": [TEAL] * 9}, "image", "invalid_request"),
        ({"stream": 1}, "stream", "invalid_request"),
        ({"n": 5}, "n", "invalid_request"),
        ({"aspect_ratio": "2:1"}, "aspect_ratio", "invalid_request"),
        ({"metadata": {"aspect_ratio": "2:1"}}, "metadata.aspect_ratio", "invalid_request"),
        ({"chatgpt_account": "nobody"}, "chatgpt_account", "invalid_request"),
        ({"chatgpt_account_strategy": "dice"}, "chatgpt_account_strategy", "invalid_request"),
    ],
)
async def test_a_wrong_request_names_its_field_and_stores_nothing(
    served: Served, client: httpx2.AsyncClient, fields: dict[str, Any], param: str, code: str
) -> None:
    answer = await client.post(EDITS, json={"prompt": "Red.", "image": TEAL, **fields})

    error = answer.json()["error"]
    assert (error["param"], error["code"]) == (param, code)
    assert answer.status_code in (400, 404)
    assert answer.headers["x-should-retry"] == "false"
    assert not await rows(served)
    assert not kept(served)


@pytest.mark.parametrize("given", [MASK, {"image_url": MASK}, {"image_url": {"url": MASK}}, {"b64_json": MASK}])
async def test_a_mask_is_kept_as_a_picture_behind_the_others(
    served: Served, client: httpx2.AsyncClient, given: Any
) -> None:
    body = {"prompt": "Red.", "images": [{"image_url": TEAL}, RED], "mask": given, "n": 2}
    answer = await client.post(EDITS, json=body, headers=ASYNC)

    second, first = await rows(served)
    assert answer.status_code == 202
    assert [one["sha256"] for one in first.request["inputs"]] == [sha("teal"), sha("red")]
    assert first.request["mask"] == second.request["mask"]
    assert [ref.name for ref in inputs_of(first)][2:] == ["mask.png"]
    content = await served.bridge.inputs.read(inputs_of(first)[2])
    assert [opened(content).getpixel(at) for at in ((0, 0), (7, 5), (8, 5), (7, 6))] == [255, 255, 0, 0]


async def test_a_form_brings_a_mask_and_an_empty_one_is_none(served: Served, client: httpx2.AsyncClient) -> None:
    files = {"image": png(), "mask": ("m.png", mask(), "image/png")}
    masked = await client.post(EDITS, data={"prompt": "Red."}, files=files, headers=ASYNC)
    plain = await client.post(EDITS, data={"prompt": "Red.", "mask": ""}, files={"image": png()}, headers=ASYNC)

    assert [masked.status_code, plain.status_code] == [202, 202]
    assert [row.request["mask"] is None for row in await rows(served)] == [True, False]


async def test_a_mask_makes_another_request_and_the_same_mask_the_same(
    served: Served, client: httpx2.AsyncClient
) -> None:
    key = {**ASYNC, "idempotency-key": "k"}
    bodies = [{"prompt": "Red.", "image": TEAL, "mask": one} for one in (MASK, {"b64_json": MASK, "name": "x"}, None)]
    first, again, other = [await client.post(EDITS, json=body, headers=key) for body in bodies]

    assert first.json()["operation"]["id"] == again.json()["operation"]["id"]
    assert (other.status_code, other.json()["error"]["code"]) == (409, "idempotency_conflict")


async def test_an_answer_counts_the_pictures_without_the_mask(served: Served, client: httpx2.AsyncClient) -> None:
    draws(served)

    body = (await client.post(EDITS, json={"prompt": "Red.", "image": TEAL, "mask": MASK})).json()

    assert body["input_image_count"] == 1
    assert body["usage"]["input_tokens_details"]["image_tokens"] == 2 * 765


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/mixed; boundary=b", "text/plain"])
async def test_a_body_of_another_type_is_refused(client: httpx2.AsyncClient, kind: str) -> None:
    answer = await client.post(EDITS, content=b"--b--", headers={"content-type": kind})

    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_media_type")


async def test_a_large_picture_fits_here_and_a_larger_one_names_itself(tmp_path: Path) -> None:
    async with open_server(tmp_path, max_body_bytes=1024) as served, served.client() as client:
        fits = await client.post(EDITS, json={"prompt": "Red.", "image": TEAL, "user": "x" * 2000}, headers=ASYNC)
        most = load(InputSettings).max_input_bytes
        large = await client.post(EDITS, data={"prompt": "Red."}, files={"image": b"x" * (most + 1)})

        assert fits.status_code == 202
        assert (large.status_code, large.json()["error"]["param"]) == (413, "image")
        assert large.headers.get("connection") != "close"


async def test_without_temporal_no_picture_is_kept(served: Served, client: httpx2.AsyncClient) -> None:
    served.temporal.available = False

    answer = await client.post(EDITS, json={"prompt": "Red.", "image": TEAL})

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "temporal_unavailable")
    assert not kept(served)


async def test_a_picture_of_the_network_is_fetched_where_that_is_allowed(tmp_path: Path) -> None:
    inputs = {"fetch_allow": ("127.0.0.1",)}
    async with picture_host() as host, open_server(tmp_path, inputs=inputs) as served, served.client() as client:
        host.shows("/a.png", png("red"))
        answer = await client.post(EDITS, json={"prompt": "Red.", "image": host.url("/a.png")}, headers=ASYNC)

        assert answer.status_code == 202
        assert (await rows(served))[0].request["inputs"][0]["sha256"] == sha("red")


async def test_who_leaves_while_pictures_are_fetched_starts_nothing(tmp_path: Path) -> None:
    asked, left = asyncio.Event(), asyncio.Event()

    async def wait(_writer: asyncio.StreamWriter) -> None:
        asked.set()
        await left.wait()

    inputs = {"fetch_allow": ("127.0.0.1",)}
    async with picture_host() as host, open_server(tmp_path, inputs=inputs) as served:
        host.answers["/a.png"] = wait
        body = json.dumps({"prompt": "Red.", "image": host.url("/a.png")}).encode()
        _, writer = await asyncio.open_connection("127.0.0.1", served.port)
        head = [
            f"POST {EDITS} HTTP/1.1",
            "host: localhost",
            f"authorization: Bearer {KEY}",
            f"content-length: {len(body)}",
        ]
        writer.write("\r\n".join([*head, "", ""]).encode() + body)
        await asyncio.wait_for(asked.wait(), 5)
        writer.close()

        async def unheld() -> bool:
            return not served.services.leashes._held

        await until(unheld)
        left.set()
        assert not await rows(served)


async def test_an_edit_whose_client_leaves_goes_on(served: Served) -> None:
    async with served.client() as client:
        waiting = asyncio.create_task(client.post(EDITS, json={"prompt": "Red.", "image": TEAL}))

        async def started() -> bool:
            return bool(served.temporal.started)

        await until(started)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    (row,) = await rows(served)
    assert row.state is OperationState.ACCEPTED
    assert not served.temporal.cancelled

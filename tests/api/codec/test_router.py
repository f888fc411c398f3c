"""The codec for whoever has the key."""

from __future__ import annotations

import json
from typing import Any

import httpx2

from tests.fakes.server import Served
from workflows.temporal.codec import LARGE_BYTES, RemoteCodec, data_converter

CODEC = "/v1/chatgpt/codec"
HELLO = {"payloads": [{"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "ImhlbGxvIg=="}]}


async def sealed(served: Served) -> Any:
    """Encrypted as a worker of this bridge does it."""
    body = json.dumps(HELLO).encode()
    return json.loads(await RemoteCodec(served.bridge.keyring, served.bridge.blobs).encode(body))


async def test_payloads_of_this_bridge_are_opened_for_the_key(served: Served, client: httpx2.AsyncClient) -> None:
    answer = await client.post(f"{CODEC}/decode", json=await sealed(served))

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == HELLO


async def test_what_it_encodes_a_worker_can_read(served: Served, client: httpx2.AsyncClient) -> None:
    encoded = (await client.post(f"{CODEC}/encode", json=HELLO)).text

    assert "hello" not in encoded
    assert "ImhlbGxvIg" not in encoded
    assert json.loads(await RemoteCodec(served.bridge.keyring).decode(encoded.encode())) == HELLO


async def test_a_large_payload_is_opened_by_its_reference(served: Served, client: httpx2.AsyncClient) -> None:
    from google.protobuf.json_format import MessageToDict

    converter = data_converter(served.bridge.keyring, served.bridge.blobs)
    [payload] = await converter.encode(["x" * 2 * LARGE_BYTES])

    answer = await client.post(f"{CODEC}/decode", json={"payloads": [MessageToDict(payload)]})

    assert len(answer.json()["payloads"][0]["data"]) > 2 * LARGE_BYTES


async def test_nobody_else_gets_anything(served: Served) -> None:
    async with served.client(key=None) as nobody, served.client(key="wrong") as stranger:
        answers = [await someone.post(f"{CODEC}/decode", json=HELLO) for someone in (nobody, stranger)]

    assert [answer.status_code for answer in answers] == [401, 401]


async def test_what_cannot_be_opened_is_an_error_with_a_code(client: httpx2.AsyncClient) -> None:
    unknown = {"metadata": {"encoding": "YmluYXJ5L2VuY3J5cHRlZA==", "key-id": "bm9uZQ=="}, "data": "AAAA"}
    answers = [
        await client.post(f"{CODEC}/decode", json={"payloads": [unknown]}),
        await client.post(f"{CODEC}/decode", content=b"no json"),
    ]

    assert [(answer.status_code, answer.json()["error"]["code"]) for answer in answers] == [
        (500, "vault_key_mismatch"),
        (400, "invalid_request"),
    ]

"""What Temporal's server gets to see."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path

import pytest
from google.protobuf.json_format import MessageToJson
from temporalio.api.common.v1 import Payload, Payloads

from bridge.vault import Keyring
from bridge.vault.blobs import PayloadBlobs
from core.contracts.steps import OperationInput
from core.errors import ContentBlockedError, GoneError, InvalidRequestError, VaultKeyError
from tests.fixtures.durable import Workbench
from workflows.temporal.client import connect
from workflows.temporal.codec import LARGE_BYTES, RemoteCodec, data_converter


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring(tmp_path / "accounts")


async def test_a_payload_comes_back_as_it_was_and_shows_only_the_keys_id(keyring: Keyring) -> None:
    converter = data_converter(keyring)
    [payload] = await converter.encode([OperationInput(operation_id="chatgptop_1")])

    [back] = await converter.decode([payload], [OperationInput])

    assert back == OperationInput(operation_id="chatgptop_1")
    assert b"chatgptop_1" not in payload.SerializeToString()
    assert dict(payload.metadata) == {"encoding": b"binary/encrypted", "key-id": keyring.payload_key()[0].encode()}


async def test_a_payload_of_an_unknown_key_is_refused(keyring: Keyring, tmp_path: Path) -> None:
    [payload] = await data_converter(Keyring(tmp_path / "other")).encode([OperationInput(operation_id="x")])

    with pytest.raises(VaultKeyError):
        await data_converter(keyring).decode([payload], [OperationInput])


async def test_a_payload_that_was_changed_is_refused(keyring: Keyring) -> None:
    converter = data_converter(keyring)
    [payload] = await converter.encode([OperationInput(operation_id="x")])
    payload.data = payload.data[:-1] + bytes([payload.data[-1] ^ 1])

    with pytest.raises(VaultKeyError):
        await converter.decode([payload], [OperationInput])


async def test_a_large_payload_goes_by_reference_and_comes_back(keyring: Keyring, tmp_path: Path) -> None:
    converter = data_converter(keyring, PayloadBlobs(tmp_path / "payloads"))
    words = "secret " * LARGE_BYTES

    [small, large] = await converter.encode(["secret", words])

    assert await converter.decode([small, large], [str, str]) == ["secret", words]
    assert small.metadata["encoding"] == b"binary/encrypted"
    assert large.metadata["encoding"] == b"binary/encrypted-by-reference"
    assert len(large.SerializeToString()) < 200
    [kept] = [path for path in (tmp_path / "payloads").rglob("*") if path.is_file()]
    assert large.data == kept.name.encode()
    assert b"secret" not in kept.read_bytes()


async def test_a_reference_to_what_is_gone_is_refused(keyring: Keyring, tmp_path: Path) -> None:
    [large] = await data_converter(keyring, PayloadBlobs(tmp_path / "payloads")).encode(["x" * 2 * LARGE_BYTES])

    for elsewhere in (PayloadBlobs(tmp_path / "empty"), None):
        with pytest.raises(GoneError):
            await data_converter(keyring, elsewhere).decode([large], [str])


async def test_without_a_folder_large_payloads_stay_in_the_history(keyring: Keyring) -> None:
    converter = data_converter(keyring)

    [large] = await converter.encode(["x" * 2 * LARGE_BYTES])

    assert len(large.data) > LARGE_BYTES
    assert await converter.decode([large], [str]) == ["x" * 2 * LARGE_BYTES]


async def test_the_remote_codec_speaks_the_json_of_payloads(keyring: Keyring) -> None:
    codec = RemoteCodec(keyring)
    plain = {"payloads": [{"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "ImhlbGxvIg=="}]}

    sealed = json.loads(await codec.encode(json.dumps(plain).encode()))
    opened = json.loads(await codec.decode(json.dumps(sealed).encode()))

    assert opened == plain
    assert sealed["payloads"][0]["metadata"]["encoding"] == "YmluYXJ5L2VuY3J5cHRlZA=="
    assert json.loads(await codec.decode(json.dumps(plain).encode())) == plain
    assert json.loads(await codec.decode(b"{}")) == {}


async def test_the_remote_codec_opens_the_rest_where_one_payload_is_gone(keyring: Keyring, tmp_path: Path) -> None:
    payloads = await data_converter(keyring, PayloadBlobs(tmp_path / "payloads")).encode(["x" * 2 * LARGE_BYTES, "y"])
    body = MessageToJson(Payloads(payloads=payloads)).encode()

    gone, kept = json.loads(await RemoteCodec(keyring, PayloadBlobs(tmp_path / "empty")).decode(body))["payloads"]

    assert gone == json.loads(body)["payloads"][0]
    assert b64decode(kept["data"]) == b'"y"'


@pytest.mark.parametrize(
    "body",
    [b"", b"[1]", b"\xff", b'"secret"', b'{"payloads": 1}', b'{"payloads": ["secret"]}', b'{"payloads": null}']
    + [b'{"payloads": [{"data": "secret!"}]}', b'{"payloads": [' + b"[" * 100_000],
)
async def test_the_remote_codec_refuses_what_is_no_payload_without_quoting_it(keyring: Keyring, body: bytes) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        await RemoteCodec(keyring).decode(body)

    assert "secret" not in refused.value.message


async def test_a_history_holds_nothing_readable_but_names_and_ids(bench: Workbench) -> None:
    bench.upstream.entering = [ContentBlockedError("a secret reason")]
    record = await bench.begin("a secret prompt")
    await bench.finished(record)

    client = await connect(bench.settings.temporal, bench.keys)
    history = (await client.get_workflow_handle(record.id).fetch_history()).to_json()

    assert "ContentBlockedError" in history
    assert "submit_turn" in history
    assert "secret" not in history
    assert record.message_id not in history
    decoded = json.dumps(await _decoded(bench, history))
    assert "a secret reason" in decoded
    assert "a secret prompt" not in decoded


async def test_the_ui_can_filter_and_name_operations(bench: Workbench) -> None:
    record = await bench.begin("a secret prompt")
    await bench.finished(record)
    client = await connect(bench.settings.temporal, bench.keys)

    handle = client.get_workflow_handle(record.id)
    await handle.result()
    described = await handle.describe()
    ours = described.typed_search_attributes
    attributes = {pair.key.name: pair.value for pair in ours if pair.key.name.startswith("ChatGpt")}

    assert attributes == {
        "ChatGptKind": "image",
        "ChatGptBucket": "image",
        "ChatGptAccount": "one",
        "ChatGptState": "completed",
    }
    raw = described.raw_description.execution_config.user_metadata.summary
    assert raw.data == b'"One picture from a prompt"'


async def _decoded(bench: Workbench, history: str) -> list[str]:
    """Every encrypted payload of a history, opened."""
    codec = data_converter(bench.keys).payload_codec
    assert codec is not None
    found: list[str] = []

    async def walk(node: object) -> None:
        if isinstance(node, dict) and "metadata" in node and "data" in node:
            metadata = {key: b64decode(value) for key, value in node["metadata"].items()}
            [opened] = await codec.decode([Payload(metadata=metadata, data=b64decode(node["data"]))])
            found.append(opened.data.decode())
        for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            await walk(child)

    await walk(json.loads(history))
    return found

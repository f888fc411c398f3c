"""What Temporal's server gets to see."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bridge.vault import Keyring
from core.contracts.steps import OperationInput
from core.errors import ContentBlockedError, VaultKeyError
from tests.fixtures.durable import Workbench
from workflows.temporal.client import connect
from workflows.temporal.codec import data_converter


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
    from base64 import b64decode

    from temporalio.api.common.v1 import Payload

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

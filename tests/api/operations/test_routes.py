"""The answers of long work, good and bad, say how its account was chosen."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.operations.turns import account_needs
from core.contracts.failure import failure_of
from core.contracts.operations import OperationRecord, OperationState
from core.errors import ContentBlockedError
from tests.fakes.provider import capture
from tests.fakes.server import complete, open_server

IMAGES = "/v1/images/generations"


@pytest.mark.parametrize("fails", [False, True])
async def test_an_answer_says_how_its_account_was_chosen(tmp_path: Path, fails: bool) -> None:
    captures = {"a": capture("free"), "b": capture("free")}
    async with open_server(tmp_path, captures=captures) as served, served.client() as client:
        await served.bridge.changes.change("a", "test", state="paused")

        async def work(record: OperationRecord) -> None:
            await served.bridge.pool.reserve(record.id, record.sequence, account_needs(record))
            if fails:
                failure = failure_of(ContentBlockedError("no"))
                await served.bridge.operations.close(record.id, OperationState.FAILED, failure)
            else:
                await complete(served, record.id)

        served.temporal.work = work
        answer = await client.post(IMAGES, json={"prompt": "a heron"})
        shown = await client.get(f"/v1/chatgpt/operations/{answer.headers['x-chatgpt-operation-id']}")

    assert answer.status_code == (400 if fails else 200)
    assert answer.headers["x-chatgpt-account"] == "b"
    assert answer.headers["x-chatgpt-route"] == shown.json()["operation"]["route"] == "auto; passed=a:paused"

"""Answers that outlast a proxy's patience, read by both vendor SDKs, unmodified."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.e2e.calls import chat
from tests.e2e.node import run
from tests.e2e.stack import KEY, Stack

SHORT = {"CHATGPT_SYNC_PATIENCE_SECONDS": "0.4", "CHATGPT_PING_SECONDS": "0.2"}
LATE_PICTURE = {"prompt": "[sim:seconds=2] a heron", "model": "gpt-image-1", "response_format": "url"}
LATE_REFUSAL = {"prompt": "[sim:image=failed,seconds=2] a heron", "model": "gpt-image-1"}
LATE_CHAT = chat("[sim:slow=2] hello")
LATE_BLOCK = chat("[sim:slow=2,fault=moderation] hello")


def python(stack: Stack, **options: Any) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{stack.base_url}/v1", api_key=KEY, **options)


def submitted(stack: Stack) -> int:
    return len(stack.simulator.ledger.submissions)


@pytest.mark.slow
@pytest.mark.timeout(90)
async def test_pythons_client_reads_late_answers_and_its_retry_hears_the_true_error(stack: Stack) -> None:
    await stack.start_temporal()
    await asyncio.gather(stack.start_worker(), stack.start_api(**SHORT))

    async with python(stack) as client:
        image = await client.images.generate(**LATE_PICTURE)
        assert image.data is not None
        assert str(image.data[0].url).startswith(stack.base_url)
        said = await client.chat.completions.create(**LATE_CHAT)
        assert said.choices[0].message.content
        assert submitted(stack) == 2

        with pytest.raises(openai.APIStatusError) as refused:
            await client.images.generate(**LATE_REFUSAL)
        assert (refused.value.status_code, submitted(stack)) == (400, 3)

        with pytest.raises(openai.BadRequestError) as blocked:
            await client.chat.completions.create(**LATE_BLOCK, extra_headers={"Idempotency-Key": "one"})
        assert (blocked.value.code, submitted(stack)) == ("content_policy_violation", 4)


@pytest.mark.slow
@pytest.mark.timeout(90)
async def test_a_client_that_gives_up_early_and_retries_finds_its_picture(stack: Stack) -> None:
    await stack.start_temporal()
    await asyncio.gather(stack.start_worker(), stack.start_api())

    async with python(stack, timeout=1.2, max_retries=5) as client:
        image = await client.images.generate(**LATE_PICTURE)

    assert image.data is not None
    assert submitted(stack) == 1


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_nodes_client_reads_late_answers_and_never_takes_a_late_error_for_one(
    stack: Stack, node_client: Path
) -> None:
    await stack.start_temporal()
    await asyncio.gather(stack.start_worker(), stack.start_api(**SHORT))
    keyed = {"headers": {"Idempotency-Key": "one"}}
    refused, blocked = {"body": LATE_REFUSAL, "options": keyed}, {"body": LATE_BLOCK, "options": keyed}

    calls = [
        {"kind": "image", "body": LATE_PICTURE, "options": {}},
        {"kind": "chat", "body": LATE_CHAT, "options": {}},
        {"kind": "image", **refused},
        {"kind": "image", **refused},
        {"kind": "chat", **blocked},
        {"kind": "chat", **blocked},
    ]
    picture, said, *late = await run(stack, "late.mjs", node_client, calls=calls)

    assert picture["text"].startswith(stack.base_url)
    assert said["ok"]
    assert [call["ok"] for call in late] == [False] * 4
    # A body that breaks off is an error at once in this client; the same request with the same key has the status.
    assert (late[1]["status"], late[3]["status"]) == (400, 400)
    assert late[3]["code"] == "content_policy_violation"
    assert submitted(stack) == 4

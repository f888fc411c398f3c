"""Deep Research through real processes, from the question to the report, also when they are killed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from provider.simulator import SimulatorConfig
from tests.e2e.calls import ASYNC, CHAT, OPERATIONS, chat, operation, reaches
from tests.e2e.stack import Stack, open_stack

RESEARCH = "/v1/chatgpt/research"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """One stack for all: none of them ends what another began."""
    environment = {
        "CHATGPT_RECONCILE_GRACE_SECONDS": "2",
        "CHATGPT_RESEARCH_PLAN_DELAY_SECONDS": "1",
        "CHATGPT_RESEARCH_POLL_SECONDS": "1",
    }
    config = SimulatorConfig(accounts=("plus",), time_scale=0.3)
    async with open_stack(tmp_path_factory.mktemp("research"), config, **environment) as opened:
        await opened.start()
        yield opened


@pytest.fixture
def stack(shared: Stack) -> Stack:
    """The stack, with an upstream that has seen nothing yet."""
    shared.simulator.ledger.reset()
    shared.simulator.set(strict_research=False, time_scale=0.3)
    return shared


pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def begin(client: httpx2.AsyncClient, prompt: str, **more: Any) -> str:
    answer = await client.post(RESEARCH, json={"prompt": prompt, **more}, headers=ASYNC)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["operation"]["id"])


def submissions(stack: Stack) -> int:
    return sum(submission.kind == "research" for submission in stack.simulator.ledger.submissions)


def told(stack: Stack) -> list[str]:
    return [call.tool for call in stack.simulator.ledger.connector_calls if call.tool != "get_state"]


async def test_a_plan_is_edited_and_approved_and_the_report_kept(stack: Stack) -> None:
    stack.simulator.set(strict_research=True)
    async with stack.client() as client:
        operation_id = await begin(client, "How do herons fish?", plan="ask", output_name="herons")
        first = (await reaches(client, operation_id, "waiting_for_plan"))["plan"]
        plan = f"{OPERATIONS}/{operation_id}/plan"
        edited = await client.post(plan, json={"decision": "edit", "text": "only at night"})
        assert edited.status_code == 200, edited.text
        for _ in range(100):
            second = (await operation(client, operation_id))["plan"]
            if second["version"] != first["version"]:
                break
            await asyncio.sleep(0.05)
        assert len(second["steps"]) == len(first["steps"]) + 1
        assert any("only at night" in step["text"] for step in second["steps"])
        assert (await client.post(plan, json={"decision": "approve"})).status_code == 200
        done = await reaches(client, operation_id, "completed")
        late = await client.post(plan, json={"decision": "approve"})
        report, sources = done["artifacts"]
        kept = (await client.get(report["download_url"])).text
        listed = json.loads((await client.get(sources["download_url"])).content)
        result = (await client.get(f"{OPERATIONS}/{operation_id}/result")).json()

    assert (late.status_code, late.json()["error"]["code"]) == (409, "plan_not_waiting")
    assert report["filename"] == "herons.md"
    assert kept.startswith('---\nprompt: "How do herons fish?"\n')
    assert done["text"] in kept
    assert "only at night" in kept
    assert "[^1]: [" in kept
    assert len(listed["sources"]) == listed["source_count"] >= 4
    assert result["object"] == "chatgpt.research"
    assert result["chatgpt_research_report_download_url"] == report["download_url"]
    assert (submissions(stack), told(stack)) == (1, ["steer", "skip_sleep"])


async def test_a_rejected_plan_stops_upstream(stack: Stack) -> None:
    async with stack.client() as client:
        operation_id = await begin(client, "How do herons sleep?", plan="ask")
        await reaches(client, operation_id, "waiting_for_plan")
        await client.post(f"{OPERATIONS}/{operation_id}/plan", json={"decision": "reject"})
        await reaches(client, operation_id, "cancelled")

    assert told(stack) == ["stop"]


async def test_a_cancel_stops_the_research_upstream(stack: Stack) -> None:
    async with stack.client() as client:
        operation_id = await begin(client, "[sim:research=stuck] How do herons dream?")
        await reaches(client, operation_id, "running")
        await client.post(f"{OPERATIONS}/{operation_id}/cancel")
        done = await reaches(client, operation_id, "cancelled")

    assert set(done["last_cancel_result"]) == {"conversation", "deep_research"}
    assert told(stack).count("stop") == 1


@pytest.mark.parametrize("stream", [False, True])
async def test_a_chat_that_asks_for_research_is_answered_with_the_report(stack: Stack, stream: bool) -> None:
    async with stack.client() as client:
        asked = chat("[sim:research=fast] Why are herons grey?", deep_research=True, stream=stream)
        answer = await client.post(CHAT, json=asked)
    assert answer.status_code == 200, answer.text
    if stream:
        events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
        text = "".join(event["choices"][0]["delta"].get("content", "") for event in events if event["choices"])
        assert events[-1]["choices"][0]["finish_reason"] == "stop"
        assert answer.text.endswith("data: [DONE]\n\n")
    else:
        body = answer.json()
        text = body["choices"][0]["message"]["content"]
        assert body["object"] == "chat.completion"
        assert body["chatgpt_research"]["status"] == "completed"
    assert text.startswith("# A survey of")
    assert "\ndownload_url=http://127.0.0.1:" in text


@pytest.mark.timeout(90)
@pytest.mark.parametrize(
    "trouble",
    [
        "ws_drop=1",
        "ws_drop=3",
        "ws_drop=6",
        "duplicates",
        "lose_offset,ws_drop=2",
        "no_push",
        "research=lost_widget",
        "handoff",
    ],
)
async def test_a_troubled_push_loses_nothing(stack: Stack, trouble: str) -> None:
    async with stack.client() as client:
        operation_id = await begin(client, f"[sim:{trouble},seconds=6] What do herons hear?")
        done = await reaches(client, operation_id, "completed", seconds=75)

    assert submissions(stack) == 1
    assert done["text"].startswith("# A survey")


@pytest.mark.parametrize(("way", "code"), [("fail", "research_failed"), ("rate_limited", "research_failed")])
async def test_a_research_that_breaks_off_says_so(stack: Stack, way: str, code: str) -> None:
    async with stack.client() as client:
        answer = await client.post(RESEARCH, json={"prompt": f"[sim:research={way},seconds=1] What do herons fear?"})

    assert (answer.status_code, answer.headers["x-should-retry"]) == (502, "false")
    error = answer.json()["error"]
    assert (error["code"], error["retryable"]) == (code, False)


async def test_two_hours_of_silence_are_outlasted(stack: Stack) -> None:
    stack.simulator.set(time_scale=0.0005)
    async with stack.client() as client:
        operation_id = await begin(client, "[sim:research=silent] Do herons wait?")
        await asyncio.sleep(2)
        assert (await operation(client, operation_id))["completed"] is False
        done = await reaches(client, operation_id, "completed")

    assert submissions(stack) == 1
    assert done["finished_at"] - done["started_at"] > 3.5


async def test_an_answer_in_words_is_the_report(stack: Stack) -> None:
    async with stack.client() as client:
        answer = await client.post(RESEARCH, json={"prompt": "[sim:research=no_widget] One and one?"}, timeout=60)

    assert answer.status_code == 200, answer.text
    assert "nothing to look up" in answer.json()["text"]

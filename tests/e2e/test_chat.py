"""Chat through real processes: leaving, limits, faults, shutdown."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import httpx2
import pytest

from provider.simulator import SimulatorConfig
from tests.e2e.calls import CHAT, chat
from tests.e2e.stack import Stack, open_stack

FAULTS = {
    "challenge": (403, "browser_check_required", "false"),
    "unusual_activity": (403, "browser_check_required", "false"),
    "token_expired": (403, "auth_expired", "false"),
    "unauthorized": (403, "auth_invalid", "false"),
    # An unexplained 403 right after a fresh proof is a rejected proof.
    "forbidden": (403, "browser_check_required", "false"),
    "account_deactivated": (403, "account_disabled", "false"),
    "model_cap": (429, "model_limit", "false"),
    "model_limit": (429, "model_limit", "true"),
    "busy": (429, "account_busy", "true"),
    "rate_limited": (429, "rate_limited", "true"),
    "model_not_found": (400, "unsupported_model", "false"),
    "invalid_model": (400, "unsupported_model", "false"),
    "too_long": (400, "context_length_exceeded", "false"),
    "too_long_413": (400, "context_length_exceeded", "false"),
    "conversation_too_large": (400, "conversation_too_large", "false"),
    "validation": (502, "bad_request", "false"),
    "policy": (400, "content_policy_violation", "false"),
    "server_error": (400, "upstream_error", "false"),
    "moderation": (400, "content_policy_violation", "false"),
    "empty": (400, "empty_response", "false"),
    "system_error": (400, "upstream_error", "false"),
    "json_200": (400, "upstream_error", "false"),
}


async def stopped(stack: Stack, since: float, seconds: float = 2) -> float:
    """Seconds until upstream was told to stop."""
    while not stack.simulator.ledger.stops:
        assert time.monotonic() - since < seconds, "upstream was never told to stop"
        await asyncio.sleep(0.02)
    return stack.simulator.ledger.stops[0].at - since


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
async def test_every_refusal_of_upstream_is_a_real_status(tmp_path: Path, streamed: bool) -> None:
    """Each fault meets an account of its own, since most of them teach the bridge something about the account."""
    seen: dict[str, tuple[int, str, str]] = {}

    async with open_stack(tmp_path, SimulatorConfig(accounts=("plus",) * len(FAULTS))) as stack:
        await stack.start_api()
        async with stack.client() as client:
            for fault, alias in zip(FAULTS, stack.simulator.aliases, strict=True):
                body = chat(f"[sim:fault={fault}] hello", stream=streamed, chatgpt_account=alias)
                answer = await client.post(CHAT, json=body)
                error = answer.json()["error"]
                assert set(error) >= {"message", "type", "param", "code", "fault", "action"}, fault
                seen[fault] = (answer.status_code, error["code"], answer.headers["x-should-retry"])

    assert seen == FAULTS


@pytest.mark.parametrize("where", ["slow=30", "pace=300,deltas=60", "first_byte=2,pace=300,deltas=60"])
async def test_a_client_that_leaves_stops_upstream_within_two_seconds(stack: Stack, where: str) -> None:
    await stack.start_api()

    async with stack.client() as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.5):
                await client.post(CHAT, json=chat(f"[sim:{where}] tell me more", stream=True))
    left = time.monotonic()

    assert await stopped(stack, left, 5) < (2 if where != "first_byte=2,pace=300,deltas=60" else 4)


async def test_a_stream_cut_by_upstream_ends_with_an_error_object(stack: Stack) -> None:
    await stack.start_api()

    async with stack.client() as client:
        answer = await client.post(CHAT, json=chat("[sim:fault=stream_error] hello", stream=True))

    events = [line[6:] for line in answer.text.splitlines() if line.startswith("data: ")]
    assert answer.status_code == 200
    assert json.loads(events[-1] if events[-1] != "[DONE]" else events[-2])["error"]["code"] == "upstream_error"


async def test_sigterm_lets_a_short_stream_finish_and_ends_a_long_one_with_an_error(stack: Stack) -> None:
    api = await stack.start_api(CHATGPT_SHUTDOWN_SECONDS="2")

    async def streamed(scenario: str) -> str:
        async with stack.client() as client:
            return (await client.post(CHAT, json=chat(f"[sim:{scenario}] count", stream=True))).text

    short = asyncio.create_task(streamed("pace=40,deltas=20"))
    long = asyncio.create_task(streamed("pace=200,deltas=200"))
    await asyncio.sleep(0.7)
    assert await api.terminate() == 0

    assert '"finish_reason":"stop"' in await short
    assert '"shutting_down"' in await long
    assert len(stack.simulator.ledger.stops) == 1


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_two_hundred_streams_at_once_all_end_well_and_leave_nothing(tmp_path: Path) -> None:
    config = SimulatorConfig(accounts=("plus",) * 8, delta_ms=20)
    async with open_stack(tmp_path, config, CHATGPT_CHAT_CONCURRENCY="plus=32") as stack:
        await stack.start_api()
        limits = httpx2.Limits(max_connections=250)

        async with stack.client(limits=limits) as client:

            async def one(number: int) -> str:
                return (await client.post(CHAT, json=chat(f"stream {number}", stream=True))).text

            answers = await asyncio.gather(*(one(number) for number in range(200)))
            ready = await client.get("/health/ready?for=chat")

        assert all(answer.rstrip().endswith("data: [DONE]") for answer in answers)
        assert all('"finish_reason":"stop"' in answer for answer in answers)
        assert all(running.peak <= 32 for name, running in stack.simulator.ledger.in_flight.items() if name != "*")
        assert stack.simulator.ledger.in_flight["*"].current == 0
        assert not stack.simulator.ledger.leaks
        assert ready.status_code == 200

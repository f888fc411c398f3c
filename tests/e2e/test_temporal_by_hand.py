"""What an operator does to operations with Temporal's own command line, whose verbs are those of its UI."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from cli.up.dev_server import find_binary
from provider.simulator import SimulatorConfig
from tests.e2e.calls import ASYNC, operation, reaches, start_image
from tests.e2e.stack import KEY, Stack, open_stack

LONG = "[sim:seconds=60,pixels=32]"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """One stack for all: an account for each test, none of which ends what another began."""
    environment = {
        "CHATGPT_RECONCILE_AFTER_SECONDS": "0.5",
        "CHATGPT_RECONCILE_GRACE_SECONDS": "1",
        "CHATGPT_HEARTBEAT_SECONDS": "2",
        "CHATGPT_IMAGE_CONCURRENCY": "plus=1",
    }
    config = SimulatorConfig(accounts=("plus",) * 8)
    async with open_stack(tmp_path_factory.mktemp("by-hand"), config, **environment) as opened:
        await opened.start()
        yield opened


pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def temporal(stack: Stack, *arguments: str) -> str:
    """What the binary prints; it has to succeed."""
    child = await asyncio.create_subprocess_exec(
        str(find_binary()),
        *arguments,
        "--address",
        f"127.0.0.1:{stack.temporal_port}",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(child.communicate(), 30)
    assert child.returncode == 0, said.decode()
    return said.decode()


async def drawing(stack: Stack, client: httpx2.AsyncClient, account: int, prompt: str = "a heron") -> str:
    """A picture that upstream is drawing for a minute."""
    alias = stack.simulator.aliases[account]
    operation_id = await start_image(client, f"{LONG} {prompt}", chatgpt_account=alias)
    await reaches(client, operation_id, "running")
    return operation_id


async def stopped(stack: Stack, account: int, since: float) -> float:
    """Seconds until upstream was told to stop what that account runs."""
    alias = stack.simulator.aliases[account]
    for _ in range(200):
        for stop in stack.simulator.ledger.stops:
            if stop.account == alias:
                return stop.at - since
        await asyncio.sleep(0.05)
    raise AssertionError("upstream was never told to stop")


@pytest.mark.parametrize(
    ("account", "verb"),
    [
        (0, ("cancel",)),
        (1, ("signal", "--name", "cancel")),
        (2, ("signal", "--name", "cancel", "--input", '"why not"')),
    ],
    ids=["cancel", "signal", "signal-with-words"],
)
async def test_a_cancel_is_our_cancel(stack: Stack, account: int, verb: tuple[str, ...]) -> None:
    async with stack.client() as client:
        operation_id = await drawing(stack, client, account)
        began = time.monotonic()
        await temporal(stack, "workflow", *verb, "--workflow-id", operation_id)
        done = await reaches(client, operation_id, "cancelled")

    assert await stopped(stack, account, began) < 5
    assert done["error"] is None
    assert done["last_cancel_result"]["conversation"]


async def test_a_terminated_workflow_is_recorded_and_upstream_is_stopped(stack: Stack) -> None:
    async with stack.client() as client:
        operation_id = await drawing(stack, client, 3)
        alias = stack.simulator.aliases[3]
        behind = await start_image(client, "[sim:seconds=0.2,pixels=32] the next one", chatgpt_account=alias)
        await reaches(client, behind, "waiting_for_account")
        began = time.monotonic()

        await temporal(stack, "workflow", "terminate", "--workflow-id", operation_id, "--reason", "by hand")

        done = await reaches(client, operation_id, "failed")
        assert await stopped(stack, 3, began) < 8
        assert done["error"]["code"] == "workflow_terminated"
        assert done["last_cancel_result"]["conversation"]
        # What it held goes to who is next.
        await reaches(client, behind, "completed")


async def test_a_reset_workflow_goes_on_from_the_journal_and_sends_nothing_again(stack: Stack) -> None:
    async with stack.client() as client:
        alias = stack.simulator.aliases[4]
        operation_id = await start_image(client, "[sim:seconds=4,pixels=32] reset", chatgpt_account=alias)
        await reaches(client, operation_id, "running")

        await temporal(
            stack, "workflow", "reset", "--workflow-id", operation_id, "--type", "FirstWorkflowTask", "--reason", "hand"
        )

        await reaches(client, operation_id, "completed")
    assert sum(submission.prompt == "reset" for submission in stack.simulator.ledger.submissions) == 1


async def test_a_plan_is_edited_and_approved_by_signals(stack: Stack) -> None:
    async with stack.client() as client:
        body = {"prompt": "[sim:research=plan,seconds=1] herons", "plan": "ask"}
        body["chatgpt_account"] = stack.simulator.aliases[5]
        answer = await client.post("/v1/chatgpt/research", json=body, headers=ASYNC)
        operation_id = answer.json()["operation"]["id"]
        await reaches(client, operation_id, "waiting_for_plan")
        signal = ("workflow", "signal", "--workflow-id", operation_id, "--name")

        await temporal(stack, *signal, "edit_plan", "--input", '"only grey herons"')
        await until_version(client, operation_id, 2)
        await temporal(stack, *signal, "approve_plan")

        await reaches(client, operation_id, "completed")


async def test_the_ui_names_filters_and_tells_how_far_it_is(stack: Stack) -> None:
    codec = ("--codec-endpoint", f"{stack.base_url}/v1/chatgpt/codec", "--codec-auth", f"Bearer {KEY}")
    alias = stack.simulator.aliases[6]
    async with stack.client() as client:
        operation_id = await drawing(stack, client, 6)
        behind = await start_image(client, "waits", chatgpt_account=alias)
        await reaches(client, behind, "waiting_for_account")

        query = f'ChatGptKind="image" AND ChatGptState="running" AND ChatGptAccount="{alias}" AND ChatGptBucket="image"'
        listed = await _listing(stack, query, operation_id)
        told = {name: await _told(stack, id_, *codec) for name, id_ in (("one", operation_id), ("two", behind))}
        shown = await temporal(stack, "workflow", "show", "--workflow-id", operation_id, "--output", "json", *codec)

        assert behind not in listed
        assert "One picture from a prompt" in told["one"]
        assert f"**running** on account `{alias}`" in told["one"]
        assert "Upstream is making the picture." in told["one"]
        assert "**waiting for account**" in told["two"]
        assert f"`{alias}`: " in told["two"]
        assert operation_id in shown
        for id_ in (operation_id, behind):
            await client.post(f"/v1/chatgpt/operations/{id_}/cancel")
            await reaches(client, id_, "cancelled")
        assert "**cancelled**" in await _told(stack, operation_id, *codec)


async def _listing(stack: Stack, query: str, operation_id: str) -> str:
    """The list that a query gives, once the operation is in it: it follows a little later."""
    for _ in range(50):
        listed = await temporal(stack, "workflow", "list", "--query", query)
        if operation_id in listed:
            return listed
        await asyncio.sleep(0.1)
    raise AssertionError(f"never listed: {query}")


async def _told(stack: Stack, operation_id: str, *codec: str) -> str:
    """Summary and current details, as the UI's page of user metadata shows them."""
    said = await temporal(stack, "workflow", "metadata", "--workflow-id", operation_id, "--output", "json", *codec)
    summary = await temporal(stack, "workflow", "describe", "--workflow-id", operation_id, *codec)
    return said + summary


async def until_version(client: httpx2.AsyncClient, operation_id: str, version: int) -> None:
    """Wait until the research shows that version of its plan."""
    for _ in range(100):
        found: dict[str, Any] = await operation(client, operation_id)
        if (found["plan"] or {}).get("version") == version:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"the plan never had version {version}: {found['plan']}")

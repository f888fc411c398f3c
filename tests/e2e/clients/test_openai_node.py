"""OpenAI's client for Node, beyond its page: the rest of its surface, and how often it asks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.clients.module import node
from tests.e2e.clients.pages import SETUP, block
from tests.e2e.clients.running import Bridge
from tests.e2e.stack import KEY

# The first one may install the client.
pytestmark = [pytest.mark.asyncio(loop_scope="package"), pytest.mark.timeout(400)]

CALL = '{"name": "read_tide", "arguments": {"harbour": "Bergen"}}'
TURN = "*/f/conversation"


async def said(bridge: Bridge, folder: Path, script: str) -> list[Any]:
    """What a script says, a line of JSON each."""
    exports = block("openai-node.md", SETUP, "sh").at(bridge.tap.url, KEY)
    printed = await node(folder, Path(__file__).with_name(script).read_text(), exports)
    return [json.loads(line) for line in printed.splitlines()]


async def test_the_rest_of_its_surface(bridge: Bridge, node_folder: Path) -> None:
    for when, says in {
        "the tide": [CALL],
        "a secret": ["I cannot speak of it."] * 2,
        "a heron": ["One two three four."] * 3,
        "the flood": [CALL, "It is 1.4 m."],
        "The Anna": ['{"name": "Anna", "masts": 3}'],
    }.items():
        bridge.simulator.add_script(when, says)

    assert await said(bridge, node_folder, "surface.mjs") == [
        [{"harbour": "Bergen"}],
        [None, "I cannot speak of it."],
        [["One two", "length"]] * 3,
        [{"harbour": "Bergen"}, "It is 1.4 m."],
        ["function_call_output"],
        {"name": "Anna", "masts": 3},
        True,
        ["compaction"],
        "NotFoundError",
    ]


async def test_errors_have_their_classes_and_only_some_are_asked_again(bridge: Bridge, node_folder: Path) -> None:
    bridge.simulator.add_rule(path=TURN, account="plus-2", scenario={"fault": "policy"})
    bridge.simulator.add_rule(path=TURN, account="plus-9", status=429, headers={"retry-after": "1"})
    bridge.simulator.add_rule(path=TURN, account="plus-10", status=429, headers={"retry-after": "900"})
    bridge.simulator.add_rule(path=TURN, account="plus-4", scenario={"fault": "stream_error", "pace": 20})

    raised = await said(bridge, node_folder, "errors.mjs")

    assert raised == [
        {"raised": "BadRequestError", "status": 400, "code": "content_policy_violation", "request": True},
        None,
        {"raised": "RateLimitError", "status": 429, "code": "rate_limited", "request": True},
        {"raised": "APIError", "code": "upstream_error", "request": True},
        {"raised": "NotFoundError", "status": 404, "code": "not_offered", "request": True},
    ]
    asked = [exchange.said["chatgpt_account"] for exchange in bridge.tap.asked("POST", "/v1/chat/completions")]
    assert asked == ["plus-2", "plus-9", "plus-9", "plus-10", "plus-4"]

"""The tool runner of OpenAI's client for Python, which checks every item of an answer before it runs anything."""

from __future__ import annotations

import asyncio
from typing import Any

import openai
import pytest
from openai.lib.responses_tool_runner import RegisteredFunction, ResponsesToolRunner

from tests.e2e.clients.running import Bridge
from tests.e2e.stack import KEY

pytestmark = [pytest.mark.asyncio(loop_scope="package"), pytest.mark.timeout(120)]

CALLS = (
    'I will look.\n\n{"tool_calls": [{"name": "read_tide", "arguments": {"harbour": "Bergen"}}, '
    '{"name": "read_tide", "arguments": {"harbour": "Oslo"}}]}'
)
TIDE: Any = {
    "type": "function",
    "name": "read_tide",
    "parameters": {
        "type": "object",
        "properties": {"harbour": {"type": "string"}},
        "required": ["harbour"],
        "additionalProperties": False,
    },
    "strict": True,
}


@pytest.mark.parametrize(
    "how", [{}, {"stream": True}, {"stream": True, "eager": True}], ids=["whole", "streamed", "eager"]
)
async def test_it_runs_the_calls_and_gets_an_answer(bridge: Bridge, how: dict[str, bool]) -> None:
    bridge.simulator.add_script("the tide", [CALLS, "1.4 and 0.2 metres."])
    asked: list[object] = []

    def read_tide(arguments: dict[str, object]) -> str:
        asked.append(arguments["harbour"])
        return "1.4 m" if arguments["harbour"] == "Bergen" else "0.2 m"

    def work() -> str:
        runner = ResponsesToolRunner(functions=[RegisteredFunction(TIDE, read_tide, independent=True)])
        with openai.OpenAI(base_url=bridge.tap.url, api_key=KEY, max_retries=0) as vendor:
            return runner.run(vendor, {"model": "auto", "input": "How high is the tide?"}, **how).output_text  # type: ignore[arg-type]

    assert await asyncio.to_thread(work) == "1.4 and 0.2 metres."
    assert sorted(map(str, asked)) == ["Bergen", "Oslo"]
    assert bridge.turns == 2

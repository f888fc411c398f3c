"""LiteLLM as a proxy before the bridge, set up as its page says."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import openai
import pytest

from tests.clients.conftest import Bench, Sit
from tests.clients.models import call
from tests.e2e.stack import free_port

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
PORT = "4000"
PROMPT = [{"role": "user", "content": "What is the weather in Lisbon?"}]
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@asynccontextmanager
async def proxy(bench: Bench) -> AsyncIterator[int]:
    """The port of a proxy that runs as the page says."""
    port = free_port()
    bench.desk.lay("config.yaml")
    start = bench.desk.page["key"] + bench.desk.page["start"].replace(PORT, str(port))
    async with bench.desk.serving(start, ready=f"http://127.0.0.1:{port}/health/liveliness"):
        yield port


def vendor(port: int) -> openai.AsyncOpenAI:
    """OpenAI's own client, which knows of the proxy only."""
    return openai.AsyncOpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="sk-proxy", max_retries=0)


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_chats_tools_responses_and_pictures_come_through(sit: Sit) -> None:
    bench = await sit("litellm", whole=True)
    bench.simulator.add_script("Say hello", ["Hello to all of you."], repeat=True)
    bench.simulator.add_script("weather in Lisbon", [call("weather", city="Lisbon")])

    async with proxy(bench) as port, vendor(port) as client:
        asked = await bench.desk.shell(bench.desk.page["ask"].replace(PORT, str(port)))
        whole = await client.responses.create(model="bridge", input="Say hello")
        async with client.chat.completions.stream(
            model="bridge", messages=[{"role": "user", "content": "Say hello"}]
        ) as stream:
            streamed = await stream.get_final_completion()
        offered = {"type": "function", "function": {"name": "weather", "parameters": WEATHER}}
        called = await client.chat.completions.create(model="bridge", messages=PROMPT, tools=[offered])  # type: ignore[call-overload]
        drawn = await client.images.generate(model="bridge-image", prompt="a lighthouse")

    assert json.loads(asked.out)["choices"][0]["message"]["content"] == "Hello to all of you."
    assert whole.output_text == "Hello to all of you."
    assert streamed.choices[0].message.content == "Hello to all of you."
    assert json.loads(called.choices[0].message.tool_calls[0].function.arguments) == {"city": "Lisbon"}
    assert drawn.data[0].b64_json
    assert bench.turns == 5
    assert [asked.path for asked in bench.tap.heard] == [CHAT, RESPONSES, CHAT, CHAT, "/v1/images/generations"]


@pytest.mark.timeout(120)
async def test_an_error_keeps_its_status_and_is_not_repeated(sit: Sit) -> None:
    bench = await sit("litellm")

    async with proxy(bench) as port, vendor(port) as client:
        with pytest.raises(openai.BadRequestError, match="moderation blocked the turn"):
            await client.chat.completions.create(
                model="bridge", messages=[{"role": "user", "content": "[sim:fault=moderation] hello"}]
            )

    assert (bench.turns, len(bench.tap.heard)) == (1, 1)

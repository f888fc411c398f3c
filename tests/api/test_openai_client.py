"""The vendor's own client, unmodified, against our server."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator

import openai
import pytest

from core.contracts.operations import OperationRecord
from core.errors import ContentBlockedError, RateLimitedError
from provider.interface.turns import TextDelta
from tests.fakes.server import KEY, Served, complete
from tests.fakes.upstream import png

HELLO = [{"role": "user", "content": "Hi"}]


@pytest.fixture
async def sdk(served: Served) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{served.url}/v1", api_key=KEY, max_retries=1) as client:
        yield client


async def test_chat_whole_and_streamed(sdk: openai.AsyncOpenAI) -> None:
    whole = await sdk.chat.completions.create(model="auto", messages=HELLO)  # type: ignore[arg-type]
    stream = await sdk.chat.completions.create(  # type: ignore[call-overload]
        model="auto", messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]

    assert whole.choices[0].message.content == "Hello there"
    assert whole._request_id is not None
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "Hello there"
    assert chunks[-1].usage.total_tokens > 0


async def test_the_stream_helper_puts_an_answer_together(sdk: openai.AsyncOpenAI) -> None:
    async with sdk.chat.completions.stream(model="auto", messages=HELLO) as stream:  # type: ignore[arg-type]
        final = await stream.get_final_completion()

    assert final.choices[0].message.content == "Hello there"
    assert final.choices[0].finish_reason == "stop"


async def test_models_and_pictures(served: Served, sdk: openai.AsyncOpenAI) -> None:
    async def work(record: OperationRecord) -> None:
        await complete(served, record.id)

    served.temporal.work = work

    assert [model.id async for model in sdk.models.list()][0] == "auto"
    assert (await sdk.models.retrieve("auto")).id == "auto"
    image = await sdk.images.generate(prompt="A heron", model="gpt-image-1", size="1024x1024")
    assert image.data is not None
    assert base64.b64decode(image.data[0].b64_json or "") == png()


async def test_errors_have_the_classes_that_clients_catch(served: Served, sdk: openai.AsyncOpenAI) -> None:
    served.world.refusals["plus"] = [ContentBlockedError("no")]
    with pytest.raises(openai.BadRequestError) as blocked:
        await sdk.chat.completions.create(model="auto", messages=HELLO)  # type: ignore[arg-type]
    with pytest.raises(openai.AuthenticationError):
        await sdk.with_options(api_key="wrong").models.list()
    with pytest.raises(openai.NotFoundError):
        await sdk.embeddings.create(model="auto", input="Hi")

    assert blocked.value.code == "content_policy_violation"


async def test_a_limit_that_lasts_is_not_tried_again(served: Served, sdk: openai.AsyncOpenAI) -> None:
    served.world.refusals["plus"] = [RateLimitedError("slow", retry_after_seconds=900)]

    with pytest.raises(openai.RateLimitError):
        await sdk.chat.completions.create(model="auto", messages=HELLO)  # type: ignore[arg-type]

    assert len(served.world.asked) == 1


async def test_an_error_in_a_stream_is_raised(served: Served, sdk: openai.AsyncOpenAI) -> None:
    served.world.script = [TextDelta("Hel"), RateLimitedError("slow")]
    stream = await sdk.chat.completions.create(model="auto", messages=HELLO, stream=True)  # type: ignore[call-overload]

    with pytest.raises(openai.APIError, match="slow"):
        _ = [chunk async for chunk in stream]

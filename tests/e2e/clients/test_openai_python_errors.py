"""What OpenAI's client for Python makes of errors, and how often it asks."""

from __future__ import annotations

import base64
import time
from typing import Any

import openai
import pytest

from tests.e2e.clients.running import Bridge
from tests.fakes.upstream import png

pytestmark = [pytest.mark.asyncio(loop_scope="package"), pytest.mark.timeout(120)]

CHAT = "/v1/chat/completions"
TURN = "*/f/conversation"


def asks(text: str, **more: Any) -> dict[str, Any]:
    """A chat of one message."""
    return {"model": "auto", "messages": [{"role": "user", "content": text}], **more}


def by(account: str) -> dict[str, Any]:
    """Have one account answer: what it is refused costs the others nothing."""
    return {"extra_body": {"chatgpt_account": account}}


@pytest.mark.parametrize(
    ("account", "fault", "raised", "code"),
    [
        ("plus-2", "policy", openai.BadRequestError, "content_policy_violation"),
        ("plus-2", "too_long", openai.BadRequestError, "context_length_exceeded"),
        ("plus-2", "validation", openai.InternalServerError, "bad_request"),
        # What may have been paid for is a 400, because agents repeat everything else.
        ("plus-2", "server_error", openai.BadRequestError, "upstream_error"),
        ("plus-2", "empty", openai.BadRequestError, "empty_response"),
        ("plus-7", "challenge", openai.PermissionDeniedError, "browser_check_required"),
        ("plus-8", "token_expired", openai.PermissionDeniedError, "auth_expired"),
    ],
)
async def test_what_no_repetition_cures_is_asked_once(
    bridge: Bridge,
    vendor: openai.AsyncOpenAI,
    account: str,
    fault: str,
    raised: type[openai.APIStatusError],
    code: str,
) -> None:
    patient = vendor.with_options(max_retries=2)
    bridge.simulator.add_rule(path=TURN, account=account, times=0, scenario={"fault": fault})

    with pytest.raises(raised) as whole:
        await patient.chat.completions.create(**asks("Hello"), **by(account))

    assert whole.value.code == code
    assert whole.value.request_id is not None
    assert isinstance(whole.value.body, dict)
    assert whole.value.body["action"]
    assert len(bridge.tap.asked("POST", CHAT)) == 1


async def test_a_short_limit_is_waited_for_and_a_long_one_is_not(bridge: Bridge, vendor: openai.AsyncOpenAI) -> None:
    patient = vendor.with_options(max_retries=2)
    bridge.simulator.add_rule(path=TURN, account="plus-5", status=429, headers={"retry-after": "1"})
    bridge.simulator.add_rule(path=TURN, account="plus-6", status=429, headers={"retry-after": "900"})

    begun = time.monotonic()
    answer = await patient.chat.completions.create(**asks("Hello"), **by("plus-5"))
    waited = time.monotonic() - begun
    tries = [exchange.headers["x-stainless-retry-count"] for exchange in bridge.tap.asked("POST", CHAT)]
    bridge.tap.check()
    bridge.tap.forget()
    with pytest.raises(openai.RateLimitError) as limited:
        await patient.chat.completions.create(**asks("Hello"), **by("plus-6"))

    assert answer.choices[0].message.content
    assert waited >= 1
    assert tries == ["0", "1"]
    assert 800 < int(limited.value.response.headers["retry-after"]) <= 900
    assert len(bridge.tap.asked("POST", CHAT)) == 1


async def test_what_cost_nothing_is_asked_again(bridge: Bridge, vendor: openai.AsyncOpenAI) -> None:
    bridge.simulator.add_rule(path="/backend-api/files", account="plus-2", status=503)
    picture = "data:image/png;base64," + base64.b64encode(png("blue")).decode()
    wanted = asks("What is it?")
    wanted["messages"][0]["content"] = [{"type": "image_url", "image_url": {"url": picture}}]

    answer = await vendor.with_options(max_retries=2).chat.completions.create(**wanted, **by("plus-2"))

    assert answer.choices[0].message.content
    assert (len(bridge.tap.asked("POST", CHAT)), bridge.turns) == (2, 1)


async def test_a_retry_with_a_key_joins_what_it_gave_up_on(bridge: Bridge, vendor: openai.AsyncOpenAI) -> None:
    hasty = vendor.with_options(max_retries=4, timeout=0.8)

    answer = await hasty.chat.completions.create(**asks("[sim:slow=2] Hello"), extra_headers={"Idempotency-Key": "a"})
    again = await hasty.chat.completions.create(**asks("[sim:slow=2] Hello"), extra_headers={"Idempotency-Key": "a"})
    with pytest.raises(openai.ConflictError) as other:
        await hasty.chat.completions.create(**asks("Else"), extra_headers={"Idempotency-Key": "a"})

    assert again.id == answer.id
    assert other.value.code == "idempotency_conflict"
    assert len(bridge.tap.asked("POST", CHAT)) > 3
    assert bridge.turns == 1


async def test_a_background_response_is_begun_once_for_its_key(bridge: Bridge, vendor: openai.AsyncOpenAI) -> None:
    wanted: dict[str, Any] = {"model": "auto", "input": "Hello", "background": True}

    first, again = [await vendor.responses.create(**wanted, extra_headers={"Idempotency-Key": "b"}) for _ in range(2)]

    assert first.id == again.id


async def test_errors_in_streams_are_raised(bridge: Bridge, vendor: openai.AsyncOpenAI) -> None:
    bridge.simulator.add_rule(path=TURN, times=0, scenario={"fault": "stream_error", "pace": 20})

    with pytest.raises(openai.APIError) as chat:
        _ = [chunk async for chunk in await vendor.chat.completions.create(**asks("Hello", stream=True))]
    events = [event async for event in await vendor.responses.create(model="auto", input="Hello", stream=True)]
    with pytest.raises(openai.APIStatusError) as refused:
        await vendor.with_options(max_retries=2).responses.create(model="auto", input="Hello")

    assert chat.value.code == "upstream_error"
    assert events[-1].type == "response.failed"
    assert events[-1].response.error is not None
    # What was paid for is not to be sent again, and clients repeat a `server_error`.
    assert events[-1].response.error.code == "invalid_prompt"
    assert refused.value.code == "upstream_error"
    assert len(bridge.tap.asked("POST", "/v1/responses")) == 2


async def test_what_is_wrong_or_not_offered_is_said_by_name(bridge: Bridge, vendor: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        await vendor.chat.completions.create(**asks("Hello", logprobs=True))
    with pytest.raises(openai.BadRequestError) as wrong:
        await vendor.responses.create(model="auto", input="Hello", tools=[{"type": "function"}])  # type: ignore[list-item]
    with pytest.raises(openai.NotFoundError) as missing:
        await vendor.embeddings.create(model="auto", input="Hello")
    with pytest.raises(openai.AuthenticationError) as stranger:
        await vendor.with_options(api_key="wrong").models.list()

    assert (refused.value.code, refused.value.param) == ("unsupported_parameter", "logprobs")
    assert (wrong.value.code, wrong.value.param) == ("invalid_request", "tools[0].name")
    assert (missing.value.code, stranger.value.code) == ("not_offered", "invalid_api_key")
    assert bridge.turns == 0

"""`POST /v1/chat/completions` over a real socket."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from core.errors import (
    AuthExpiredError,
    BrowserCheckRequiredError,
    ContentBlockedError,
    RateLimitedError,
    StreamInterruptedError,
    UpstreamError,
    UpstreamTimeoutError,
)
from provider.interface.turns import ConversationKnown, TextDelta
from tests.fakes.chat import says
from tests.fakes.provider import capture
from tests.fakes.server import Served, events, open_server
from tests.fakes.upstream import png
from tests.fakes.waiting import until

CHAT = "/v1/chat/completions"


def chat(text: str = "Hi", **more: Any) -> dict[str, Any]:
    return {"model": "auto", "messages": [{"role": "user", "content": text}], **more}


async def until_true(condition: Callable[[], object], seconds: float = 5) -> None:
    async def holds() -> object:
        return condition()

    await until(holds, seconds=seconds)


async def test_a_whole_answer_has_the_shape_that_clients_expect(client: httpx2.AsyncClient) -> None:
    answer = await client.post(CHAT, json=chat(model="chatgpt-web/auto"))

    body = answer.json()
    assert answer.status_code == 200
    assert body["id"].startswith("chatcmpl_")
    assert (body["object"], body["model"]) == ("chat.completion", "chatgpt-web/auto")
    assert body["choices"] == [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hello there", "refusal": None, "annotations": []},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ]
    assert body["usage"]["total_tokens"] == body["usage"]["prompt_tokens"] + body["usage"]["completion_tokens"] > 0
    assert body["usage"]["chatgpt_estimated"] is True
    assert (body["chatgpt_account"], body["chatgpt_conversation_id"]) == ("plus", "conversation-1")
    assert answer.headers["x-chatgpt-account"] == "plus"
    assert answer.headers["x-request-id"].startswith("req_")


async def test_a_stream_has_role_text_one_finish_reason_usage_and_an_end(client: httpx2.AsyncClient) -> None:
    answer = await client.post(CHAT, json=chat(stream=True, stream_options={"include_usage": True}))

    *chunks, done = events(answer.text)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert done == "[DONE]"
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    assert "".join(c["choices"][0]["delta"].get("content", "") for c in chunks[:-1]) == "Hello there"
    assert [c["choices"][0]["finish_reason"] for c in chunks[:-1]] == [None, None, None, "stop"]
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["completion_tokens"] == 2
    assert len({(c["id"], c["created"], c["model"], c["object"]) for c in chunks}) == 1
    assert chunks[1]["chatgpt_conversation_id"] == "conversation-1"
    assert chunks[-2]["chatgpt_account"] == "plus"


async def test_without_being_asked_a_stream_has_no_usage(client: httpx2.AsyncClient) -> None:
    answer = await client.post(CHAT, json=chat(stream=True))

    assert all(event == "[DONE]" or event["choices"] for event in events(answer.text))


async def test_text_arrives_as_upstream_says_it(served: Served, client: httpx2.AsyncClient) -> None:
    gate = asyncio.Event()
    served.world.script = [*says("Hel")[:-1], gate, *says("Hel", "lo")[2:]]

    async with client.stream("POST", CHAT, json=chat(stream=True)) as answer:
        lines = answer.aiter_lines()
        seen = ""
        async for line in lines:
            seen += line
            if '"Hel"' in seen:
                gate.set()
                break
        rest = "".join([line async for line in lines])

    assert '"lo"' in rest


async def test_characters_of_all_kinds_come_through_also_in_halves(served: Served, client: httpx2.AsyncClient) -> None:
    served.world.script = says("สวัสดี ", '"\\\n\t\u2028', "\ud83d", "\ude00")

    answer = await client.post(CHAT, json=chat(stream=True))

    pieces = [e["choices"][0]["delta"].get("content", "") for e in events(answer.text)[:-1]]
    joined = "".join(pieces).encode("utf-16", "surrogatepass").decode("utf-16")
    assert joined == 'สวัสดี "\\\n\t\u2028😀'


async def test_a_length_limit_is_told(served: Served, client: httpx2.AsyncClient) -> None:
    served.world.script = says("Hello", reason="length")

    assert (await client.post(CHAT, json=chat())).json()["choices"][0]["finish_reason"] == "length"


async def test_the_request_reaches_upstream_with_roles_model_effort_and_privacy(
    served: Served, client: httpx2.AsyncClient
) -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    body = {"model": "gpt-5-5", "thinking_effort": "max", "messages": messages, "temporary_chat": "normal"}

    await client.post(CHAT, json=body)
    await client.post(CHAT, json=chat(metadata={"chatgpt_temporary_chat": False}))
    await client.post(CHAT, json=chat())

    asked = [request for _, request in served.world.asked]
    assert [(message.role, message.text) for message in asked[0].messages] == [
        ("system", "Be brief."),
        ("user", "Hi"),
    ]
    assert (asked[0].model, asked[0].effort) == ("gpt-5-5", "max")
    assert [request.temporary for request in asked] == [False, False, True]


async def test_a_picture_in_a_message_is_uploaded(served: Served, client: httpx2.AsyncClient) -> None:
    url = "data:image/png;base64," + base64.b64encode(png()).decode()
    parts = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": url}}]

    answer = await client.post(CHAT, json={"messages": [{"role": "user", "content": parts}]})

    assert answer.status_code == 200
    assert served.world.uploaded == [("plus", "image-1.png", "image/png")]


BAD_INPUT: list[tuple[dict[str, Any], str]] = [
    ({"messages": None}, "messages"),
    ({"messages": []}, "messages"),
    ({"messages": "Hi"}, "messages"),
    ({"messages": ["Hi"]}, "messages[0]"),
    ({"messages": [{"role": "user", "content": "Hi"}] * 10_001}, "messages"),
    ({"messages": [{"role": "user", "content": 3}]}, "messages[0].content"),
    ({"model": 5}, "model"),
    ({"stream": "yes"}, "stream"),
    ({"stream_options": {"include_usage": "yes"}}, "stream_options.include_usage"),
    ({"tools": "none"}, "tools"),
    ({"tools": [{"type": "function"}]}, "tools[0].name"),
    ({"temperature": "hot"}, "temperature"),
    ({"max_tokens": 0}, "max_tokens"),
    ({"n": 0}, "n"),
    ({"n": 5}, "n"),
    ({"logprobs": True}, "logprobs"),
    ({"modalities": ["text", "audio"]}, "modalities"),
    ({"audio": {"voice": "x"}}, "audio"),
    ({"stop": ["x"] * 17}, "stop"),
    ({"reasoning_effort": "huge"}, "reasoning_effort"),
    ({"response_format": {"type": "xml"}}, "response_format.type"),
    ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
    ({"agent_mode": "turbo"}, "agent_mode"),
    ({"stop": {"a": 1}}, "stop"),
    ({"thinking_effort": 7}, "thinking_effort"),
    ({"metadata": "x"}, "metadata"),
    ({"temporary_chat": "perhaps"}, "temporary_chat"),
    ({"metadata": {"temporary_chat": []}}, "metadata.temporary_chat"),
    ({"chatgpt_operation_id": "a/b"}, "chatgpt_operation_id"),
    ({"chatgpt_account": "nobody"}, "chatgpt_account"),
    ({"chatgpt_accounts": {"a": 1}}, "chatgpt_accounts"),
    ({"chatgpt_accounts": "plus,nobody"}, "chatgpt_accounts"),
    ({"chatgpt_account": "plus", "chatgpt_accounts": ["plus"]}, "chatgpt_accounts"),
    ({"chatgpt_account_strategy": "best"}, "chatgpt_account_strategy"),
    ({"deep_research": True, "output_name": "../x"}, "output_name"),
    ({"deep_research": True, "messages": [{"role": "assistant", "content": "x"}]}, "messages"),
    ({"system_hints": "search"}, "system_hints"),
]


@pytest.mark.parametrize("stream", [False, True])
async def test_bad_input_is_a_400_with_the_fields_name(
    served: Served, client: httpx2.AsyncClient, stream: bool
) -> None:
    for change, param in BAD_INPUT:
        answer = await client.post(CHAT, json={"stream": stream, **chat(), **change})

        error = answer.json()["error"]
        assert (answer.status_code, error["param"]) == (400, param), change
        assert set(error) >= {"message", "type", "param", "code", "fault", "action", "retryable"}
        assert answer.headers["x-should-retry"] == "false"
    assert not served.world.asked


async def test_fields_that_clients_send_anyway_are_accepted(client: httpx2.AsyncClient) -> None:
    body = chat(
        temperature=0,
        top_p=1.0,
        max_tokens=10,
        stop=["x"],
        seed=1,
        user="me",
        response_format={"type": "text"},
        tools=[],
        tool_choice="auto",
        logit_bias={"1": 2},
        unheard_of=[1],
        n=1,
    )

    assert (await client.post(CHAT, json=body)).status_code == 200


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("refusal", "status", "code", "retry"),
    [
        (RateLimitedError("slow", retry_after_seconds=7), 429, "rate_limited", "true"),
        (RateLimitedError("slow", retry_after_seconds=900), 429, "rate_limited", "false"),
        (AuthExpiredError("old"), 403, "auth_expired", "false"),
        (BrowserCheckRequiredError("you", reason="challenge_page"), 403, "browser_check_required", "false"),
        (ContentBlockedError("no"), 400, "content_policy_violation", "false"),
        (UpstreamError("500", upstream_status=500), 400, "upstream_error", "false"),
        (UpstreamTimeoutError("late"), 400, "upstream_timeout", "false"),
    ],
)
async def test_an_error_before_the_first_byte_is_a_real_status(
    tmp_path: Path, stream: bool, refusal: Exception, status: int, code: str, retry: str
) -> None:
    async with open_server(tmp_path) as served, served.client() as client:
        served.world.refusals["plus"] = [refusal]
        answer = await client.post(CHAT, json=chat(stream=stream))

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert answer.headers["x-should-retry"] == retry
    assert error["retryable"] is (retry == "true")
    assert error["chatgpt_account"] == answer.headers["x-chatgpt-account"] == "plus"
    if status == 429:
        assert int(answer.headers["retry-after"]) in (7, 900)


@pytest.mark.parametrize(
    ("failure", "code", "kind"),
    [
        (StreamInterruptedError("cut"), "stream_interrupted", "invalid_request_error"),
        (RateLimitedError("slow"), "rate_limited", "server_error"),
    ],
)
async def test_an_error_after_the_first_byte_is_an_error_object_and_the_end(
    served: Served, client: httpx2.AsyncClient, failure: Exception, code: str, kind: str
) -> None:
    served.world.script = [ConversationKnown("c"), TextDelta("Hel"), failure]

    answer = await client.post(CHAT, json=chat(stream=True))

    *chunks, last = events(answer.text)
    assert answer.status_code == 200
    assert (last["error"]["code"], last["error"]["type"]) == (code, kind)
    assert all(chunk["choices"][0]["finish_reason"] is None for chunk in chunks)


@pytest.mark.parametrize("script", [[], [TextDelta("Hel")]], ids=["before", "after"])
async def test_what_was_paid_for_has_no_words_that_agents_ask_again_for(
    served: Served, client: httpx2.AsyncClient, script: list[Any]
) -> None:
    failure = UpstreamError("Internal server error", upstream_status=500, upstream_text="Try again later.", spent=True)
    served.world.script = [*script, failure]

    answer = await client.post(CHAT, json=chat(stream=True))

    assert '"upstream_error"' in answer.text
    assert not re.search("500|server error|try again", answer.text, re.IGNORECASE)


async def test_a_fault_of_ours_in_a_stream_is_an_error_object_too(served: Served, client: httpx2.AsyncClient) -> None:
    served.world.script = [TextDelta("Hel"), ZeroDivisionError("oops")]

    answer = await client.post(CHAT, json=chat(stream=True))

    last = events(answer.text)[-1]
    assert last["error"]["code"] == "internal_error"
    assert "oops" not in answer.text


async def test_failover_is_told(tmp_path: Path) -> None:
    captures = {"a": capture("plus"), "b": capture("plus")}
    async with open_server(tmp_path, captures=captures) as served, served.client() as client:
        served.world.refusals["a"] = [AuthExpiredError("old")]
        answered = await client.post(CHAT, json=chat())
        served.world.refusals["b"] = [RateLimitedError("slow", upstream_text="Bearer abcdef says no")]
        refused = await client.post(CHAT, json=chat())

    assert answered.json()["chatgpt_account"] == "b"
    assert answered.headers["x-chatgpt-attempts"] == "2"
    assert refused.status_code == 429
    assert "abcdef" not in refused.text


async def test_every_account_that_failed_is_listed(tmp_path: Path) -> None:
    captures = {"a": capture("plus"), "b": capture("plus")}
    async with open_server(tmp_path, captures=captures) as served, served.client() as client:
        served.world.refusals = {"a": [AuthExpiredError("old")], "b": [AuthExpiredError("older")]}
        answer = await client.post(CHAT, json=chat())

    attempts = answer.json()["error"]["chatgpt_account_attempts"]
    assert answer.status_code == 403
    assert [(one["account"], one["code"], one["http_status"]) for one in attempts] == [
        ("a", "auth_expired", 403),
        ("b", "auth_expired", 403),
    ]


async def test_without_an_account_somebody_has_to_act(tmp_path: Path) -> None:
    async with open_server(tmp_path, captures={}) as served, served.client() as client:
        answer = await client.post(CHAT, json=chat(stream=True))

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "account_not_configured")


async def test_when_every_slot_is_taken_the_line_has_an_end(tmp_path: Path) -> None:
    captures = {"free": capture("free")}
    async with open_server(tmp_path, captures=captures, patience_seconds=0.1) as served, served.client() as client:
        gate = asyncio.Event()
        served.world.script = [gate, *says("Hi")]
        first = asyncio.create_task(client.post(CHAT, json=chat()))
        await until_true(lambda: served.world.asked)
        second = await client.post(CHAT, json=chat())
        gate.set()

        assert (await first).status_code == 200
        assert (second.status_code, second.json()["error"]["code"]) == (429, "accounts_busy")
        assert second.headers["x-should-retry"] == "true"


async def test_a_pinned_account_answers(tmp_path: Path) -> None:
    captures = {"a": capture("plus"), "b": capture("plus")}
    async with open_server(tmp_path, captures=captures) as served, served.client() as client:
        await client.post(CHAT, json=chat(chatgpt_account="b"))
        await client.post(CHAT, json=chat(metadata={"chatgpt_accounts": "b, a"}))

    assert served.world.accounts == ["b", "b"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("where", ["accepting", "silent", "speaking"])
async def test_a_client_that_leaves_stops_upstream_at_once(
    served: Served, client: httpx2.AsyncClient, stream: bool, where: str
) -> None:
    if where == "accepting":
        served.world.accepting.clear()
    served.world.script = [*says("Hel")[:-1], asyncio.Event()] if where == "speaking" else [asyncio.Event()]

    asking = asyncio.create_task(client.post(CHAT, json=chat(stream=stream)))
    await until_true(lambda: served.world.asked)
    await asyncio.sleep(0.05)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    left = time.monotonic()
    await until_true(lambda: served.world.stopped == ["plus"])

    assert time.monotonic() - left < 1
    served.world.accepting.set()
    served.world.script = says("Hi")
    assert (await client.post(CHAT, json=chat())).status_code == 200


async def test_a_client_that_leaves_the_line_holds_nothing(tmp_path: Path) -> None:
    captures = {"free": capture("free")}
    async with open_server(tmp_path, captures=captures, patience_seconds=5) as served, served.client() as client:
        gate = asyncio.Event()
        served.world.script = [gate, *says("Hi")]
        first = asyncio.create_task(client.post(CHAT, json=chat()))
        await until_true(lambda: served.world.asked)
        waiting = asyncio.create_task(client.post(CHAT, json=chat("never")))
        await asyncio.sleep(0.2)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        gate.set()

        assert (await first).status_code == 200
        assert (await client.post(CHAT, json=chat())).status_code == 200
        assert [request.messages[-1].text for _, request in served.world.asked] == ["Hi", "Hi"]


async def test_a_silent_stream_begins_after_a_while_and_pings(tmp_path: Path) -> None:
    async with open_server(tmp_path, first_event_seconds=0.1, ping_seconds=0.1) as served, served.client() as client:
        served.world.script = [0.45, *says("Hi")]
        answer = await client.post(CHAT, json=chat(stream=True))

    assert 1 <= answer.text.count(": ping\n\n") <= 4
    assert answer.text.index('"role"') < answer.text.index(": ping")
    assert events(answer.text)[-1] == "[DONE]"


async def test_a_refusal_after_the_late_beginning_is_an_error_object(tmp_path: Path) -> None:
    captures = {"a": capture("plus"), "b": capture("plus")}
    async with (
        open_server(tmp_path, captures=captures, first_event_seconds=0.05) as served,
        served.client() as client,
    ):
        served.world.script = [0.2, RateLimitedError("slow")]
        answer = await client.post(CHAT, json=chat(stream=True))

    assert answer.status_code == 200
    assert events(answer.text)[-1]["error"]["code"] == "rate_limited"
    assert served.world.accounts == ["a"]


async def test_a_whole_answer_that_takes_long_begins_with_white_space(tmp_path: Path) -> None:
    async with open_server(tmp_path, sync_patience_seconds=0.1, ping_seconds=0.1) as served, served.client() as client:
        served.world.script = [0.35, *says("Hi")]
        answer = await client.post(CHAT, json=chat())

    assert answer.text.startswith("  ")
    assert answer.json()["choices"][0]["message"]["content"] == "Hi"


async def test_a_failure_after_white_space_is_never_taken_for_success(tmp_path: Path) -> None:
    async with open_server(tmp_path, sync_patience_seconds=0.1) as served:
        served.world.script = [0.3, UpstreamError("broken")]
        body = json.dumps(chat()).encode()
        answer = await served.raw(
            f"POST {CHAT} HTTP/1.1",
            "Host: localhost",
            f"Authorization: Bearer {served.services.key.value}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            body=body,
        )

    head, _, rest = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert b'"upstream_error"' in rest
    assert not rest.endswith(b"0\r\n\r\n")


async def test_a_chat_with_an_id_is_read_and_cancelled_by_it(served: Served, client: httpx2.AsyncClient) -> None:
    served.world.script = [*says("Hel")[:-1], asyncio.Event()]
    asking = asyncio.create_task(client.post(CHAT, json=chat(stream=True, chatgpt_operation_id="mine-1")))
    await until_true(lambda: served.world.asked)
    await asyncio.sleep(0.05)

    read = (await client.get("/v1/chatgpt/operations/mine-1")).json()["operation"]
    taken = await client.post(CHAT, json=chat(chatgpt_operation_id="mine-1"))
    cancelled = await client.post("/v1/chatgpt/operations/mine-1/cancel")
    answer = await asking

    assert (read["kind"], read["state"], read["account"]) == ("chat", "running", "plus")
    assert read["conversation_id"] == "conversation-1"
    assert (taken.status_code, taken.json()["error"]["code"]) == (409, "operation_id_taken")
    assert cancelled.json()["operation"]["cancel_requested"] is True
    assert events(answer.text)[0]["chatgpt_operation_id"] == "mine-1"
    assert events(answer.text)[-1]["error"]["code"] == "operation_cancelled"
    assert answer.headers["x-chatgpt-operation-id"] == "mine-1"
    assert served.world.stopped == ["plus"]
    assert (await client.get("/v1/chatgpt/operations/mine-1")).status_code == 404


async def test_a_whole_chat_that_is_cancelled_says_so(served: Served, client: httpx2.AsyncClient) -> None:
    served.world.script = [asyncio.Event()]
    asking = asyncio.create_task(client.post(CHAT, json=chat(chatgpt_operation_id="mine-2")))
    await until_true(lambda: served.world.asked)
    await client.post("/v1/chatgpt/operations/mine-2/cancel")
    answer = await asking

    assert (answer.status_code, answer.json()["error"]["code"]) == (499, "operation_cancelled")


async def test_a_stopping_server_takes_nothing_new_and_ends_what_is_left(
    served: Served, client: httpx2.AsyncClient
) -> None:
    served.world.script = [*says("Hel")[:-1], asyncio.Event()]
    running = asyncio.create_task(client.post(CHAT, json=chat(stream=True)))
    await until_true(lambda: served.world.asked)
    await asyncio.sleep(0.05)

    served.services.leashes.stopping = True
    refused = await client.post(CHAT, json=chat())
    served.services.leashes.pull_all()
    answer = await running

    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "shutting_down")
    assert "retry-after" in refused.headers
    assert events(answer.text)[-1]["error"]["code"] == "shutting_down"
    assert served.world.stopped == ["plus"]

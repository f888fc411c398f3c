"""Chats that call tools."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from core.errors import UpstreamError
from tests.fakes.chat import says
from tests.fakes.server import Served, events, open_server
from tests.fakes.upstream import png

CHAT = "/v1/chat/completions"
READ = {
    "type": "function",
    "function": {
        "name": "read",
        "description": "Read a file.",
        "parameters": {
            "type": "object",
            "properties": {"path": {"type": "string"}, "lines": {"type": "integer"}},
            "required": ["path"],
            "additionalProperties": False,
        },
    },
}
LIST = {"type": "function", "function": {"name": "list_files"}}
CALL = '{"tool_calls":[{"name":"read","arguments":{"path":"a.txt"}}]}'
WRONG = '{"tool_calls":[{"name":"read","arguments":{"lines":3}}]}'
UNKNOWN = '{"tool_calls":[{"name":"write","arguments":{}},{"name":"read","arguments":{"path":"a.txt"}}]}'


def chat(text: str = "Read a.txt", **more: Any) -> dict[str, Any]:
    return {"model": "auto", "messages": [{"role": "user", "content": text}], "tools": [READ, LIST], **more}


async def answered(client: httpx2.AsyncClient, body: dict[str, Any], *, stream: bool) -> dict[str, Any]:
    """Content, calls and finish reason of an answer, whichever way it comes."""
    answer = await client.post(CHAT, json={**body, "stream": stream})
    assert answer.status_code == 200, answer.text
    if not stream:
        choice = answer.json()["choices"][0]
        return {**choice["message"], "finish_reason": choice["finish_reason"], "whole": answer.json()}
    chunks = [event for event in events(answer.text) if event != "[DONE]"]
    assert "error" not in chunks[-1], chunks[-1]
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    content = "".join(delta.get("content") or "" for delta in deltas)
    calls = [call for delta in deltas for call in delta.get("tool_calls", ())]
    assert [call["index"] for call in calls] == list(range(len(calls)))
    return {
        "content": content or None,
        "tool_calls": [{name: call[name] for name in ("id", "type", "function")} for call in calls],
        "finish_reason": chunks[-1]["choices"][0]["finish_reason"],
        "whole": chunks[-1],
        "pieces": [delta["content"] for delta in deltas if delta.get("content")],
    }


def called(answer: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(call["function"]["name"], json.loads(call["function"]["arguments"])) for call in answer["tool_calls"]]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("script", "content"),
    [
        ([CALL], None),
        (["Let me ", "look.\n", CALL], "Let me look."),
        (["```json\n", CALL, "\n```"], None),
        (["<tool_call>", '{"name": "read", ', '"arguments": {"path": "a.txt"}}', "</tool_call>"], None),
        (['{"name":"read","arguments":"{\\"path\\":\\"a.txt\\"}"}'], None),
    ],
)
async def test_a_call_is_told_however_it_is_written(
    served: Served, client: httpx2.AsyncClient, stream: bool, script: list[str], content: str | None
) -> None:
    served.world.script = says(*script)

    answer = await answered(client, chat(), stream=stream)

    assert called(answer) == [("read", {"path": "a.txt"})]
    assert (answer["content"], answer["finish_reason"]) == (content, "tool_calls")
    assert all(call["type"] == "function" and call["id"].startswith("call_") for call in answer["tool_calls"])
    assert len(served.world.asked) == 1


async def test_words_before_a_call_are_streamed_at_once(served: Served, client: httpx2.AsyncClient) -> None:
    served.world.script = says("Let ", "me ", "look.", "\n" + CALL)

    answer = await answered(client, chat(), stream=True)

    assert answer["pieces"] == ["Let", " me", " look."]


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_in_json_that_calls_nothing_is_content_as_it_is(
    served: Served, client: httpx2.AsyncClient, stream: bool
) -> None:
    told = '{"answer": {"name": "read", "arguments": {"path": "x"}}, "tool_calls": "none"}'
    served.world.script = says(told[:20], told[20:])

    answer = await answered(client, chat(), stream=stream)

    assert (answer["content"], answer["finish_reason"]) == (told, "stop")
    assert not answer.get("tool_calls")


@pytest.mark.parametrize("stream", [False, True])
async def test_a_wrong_call_is_asked_for_once_more_and_then_told(
    served: Served, client: httpx2.AsyncClient, stream: bool
) -> None:
    served.world.scripts = [says("Looking.\n", WRONG), says("Sorry, now right:\n", CALL)]

    answer = await answered(client, chat(), stream=stream)

    assert called(answer) == [("read", {"path": "a.txt"})]
    assert answer["content"] == "Looking."
    assert answer["whole"]["chatgpt_asked_again"] is True
    again = served.world.asked[1][1]
    assert (again.conversation_id, again.parent_message_id) == ("conversation-1", "answer-1")
    assert '"path" is missing' in again.messages[0].text


@pytest.mark.parametrize("stream", [False, True])
async def test_a_call_that_stays_wrong_is_content_and_no_empty_turn(
    served: Served, client: httpx2.AsyncClient, stream: bool
) -> None:
    served.world.script = says(WRONG)

    answer = await answered(client, chat(), stream=stream)

    assert answer["finish_reason"] == "stop"
    assert json.loads(answer["content"]) == json.loads(WRONG)
    assert not answer.get("tool_calls")
    assert len(served.world.asked) == 2


@pytest.mark.parametrize("stream", [False, True])
async def test_right_calls_beside_a_wrong_one_are_kept(
    served: Served, client: httpx2.AsyncClient, stream: bool
) -> None:
    served.world.scripts = [says(UNKNOWN), says("There is nothing else to do.")]

    answer = await answered(client, chat(), stream=stream)

    assert called(answer) == [("read", {"path": "a.txt"})]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "read"}}])
async def test_a_call_that_is_required_is_asked_for_once_more(
    served: Served, client: httpx2.AsyncClient, stream: bool, choice: Any
) -> None:
    served.world.scripts = [says("I would rather talk."), says(CALL)]

    answer = await answered(client, chat(tool_choice=choice), stream=stream)

    assert called(answer) == [("read", {"path": "a.txt"})]


async def test_a_required_call_that_never_comes_is_an_error(served: Served, client: httpx2.AsyncClient) -> None:
    served.world.script = says("I would rather talk.")

    answer = await client.post(CHAT, json=chat(tool_choice="required"))
    streamed = events((await client.post(CHAT, json=chat(tool_choice="required", stream=True))).text)

    assert answer.json()["error"]["code"] == "tool_call_missing"
    assert answer.headers["x-should-retry"] == "false"
    assert streamed[-1]["error"]["code"] == "tool_call_missing"
    assert streamed[-1]["error"]["type"] == "invalid_request_error"
    assert len(served.world.asked) == 4


async def test_where_no_tool_may_be_called_calls_are_words(served: Served, client: httpx2.AsyncClient) -> None:
    served.world.script = says(CALL)

    answer = await answered(client, chat(tool_choice="none"), stream=False)

    assert (answer["content"], answer["finish_reason"]) == (CALL, "stop")
    assert "read" not in served.world.asked[0][1].messages[0].text.partition("--- ")[0]


async def test_where_one_call_at_a_time_is_welcome_the_others_are_counted(
    served: Served, client: httpx2.AsyncClient
) -> None:
    served.world.script = says('{"tool_calls":[{"name":"read","arguments":{"path":"a"}},{"name":"list_files"}]}')

    answer = await answered(client, chat(parallel_tool_calls=False), stream=False)

    assert called(answer) == [("read", {"path": "a"})]
    assert answer["whole"]["chatgpt_tool_calls_left_out"] == 1


async def test_a_call_without_arguments_says_so(served: Served, client: httpx2.AsyncClient) -> None:
    served.world.script = says('{"tool_calls":[{"name":"list_files"}]}')

    answer = await answered(client, chat(), stream=True)

    assert answer["tool_calls"][0]["function"] == {"name": "list_files", "arguments": "{}"}


async def test_the_model_is_told_of_tools_and_of_what_was_done(served: Served, client: httpx2.AsyncClient) -> None:
    made = {"id": "call_1", "type": "function", "function": {"name": "read", "arguments": '{"path": "a.txt"}'}}
    messages = [
        {"role": "system", "content": "Be careful."},
        {"role": "user", "content": "Read a.txt"},
        {"role": "assistant", "content": None, "tool_calls": [made]},
        {"role": "tool", "tool_call_id": "call_1", "content": "Hello from a.txt"},
    ]

    await client.post(CHAT, json=chat(messages=messages))

    (message,) = served.world.asked[0][1].messages
    assert message.role == "user"
    for words in ("- read ", "Read a file.", "Be careful.", "result of call 1, read", "Hello from a.txt"):
        assert words in message.text


async def test_results_of_tools_are_said_without_tools_too(served: Served, client: httpx2.AsyncClient) -> None:
    messages = [
        {"role": "user", "content": "Read a.txt"},
        {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "read", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c", "content": "Hello"},
    ]

    answer = await client.post(CHAT, json={"messages": messages})

    assert answer.status_code == 200
    assert "result of call 1, read\nHello" in served.world.asked[0][1].messages[0].text


async def test_the_mode_is_in_the_models_name(served: Served, client: httpx2.AsyncClient) -> None:
    await client.post(CHAT, json=chat(model="chatgpt-web/auto@opencode"))
    await client.post(CHAT, json=chat(model="auto@optimized"))
    await client.post(CHAT, json=chat(model="auto", metadata={"agent_mode": "opencode"}))

    whole, short, by_switch = (asked.messages[0].text for _, asked in served.world.asked)
    assert '"additionalProperties":false' in whole
    assert '"additionalProperties":false' not in short
    assert by_switch == whole
    assert {asked.model for _, asked in served.world.asked} == {"auto"}


async def test_older_functions_are_answered_in_their_own_form(served: Served, client: httpx2.AsyncClient) -> None:
    served.world.script = says(CALL)
    body = {"messages": chat()["messages"], "functions": [READ["function"]], "function_call": "auto"}

    whole = (await client.post(CHAT, json=body)).json()["choices"][0]
    chunks = events((await client.post(CHAT, json={**body, "stream": True})).text)

    assert whole["message"]["function_call"] == {"name": "read", "arguments": '{"path":"a.txt"}'}
    assert (whole["finish_reason"], "tool_calls" in whole["message"]) == ("function_call", False)
    assert [
        c["delta"]["function_call"]["name"] for e in chunks[:-1] for c in e["choices"] if "function_call" in c["delta"]
    ]


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_may_be_a_call_or_have_a_form(served: Served, client: httpx2.AsyncClient, stream: bool) -> None:
    shape = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object", "required": ["n"]}}}
    served.world.scripts = [says("Looking.\n", CALL), says('{"m":1}'), says('{"n":1}')]

    first = await answered(client, chat(response_format=shape), stream=stream)
    second = await answered(client, chat(response_format=shape), stream=stream)

    assert called(first) == [("read", {"path": "a.txt"})]
    assert (second["content"], second["finish_reason"]) == ('{"n":1}', "stop")


@pytest.mark.parametrize("stream", [False, True])
async def test_a_call_that_was_cut_off_is_no_call(served: Served, client: httpx2.AsyncClient, stream: bool) -> None:
    served.world.script = says("Looking.\n", CALL[:40], reason="length")

    answer = await answered(client, chat(), stream=stream)

    assert answer["finish_reason"] == "length"
    assert answer["content"].startswith("Looking.")
    assert len(served.world.asked) == 1


async def test_a_key_keeps_calls_too(served: Served, client: httpx2.AsyncClient) -> None:
    served.world.script = says("Looking.\n", CALL)
    headers = {"idempotency-key": "one"}

    first = (await client.post(CHAT, json=chat(), headers=headers)).json()
    again = (await client.post(CHAT, json=chat(), headers=headers)).json()

    assert again["choices"] == first["choices"]
    assert len(served.world.asked) == 1


BAD: list[tuple[dict[str, Any], str]] = [
    ({"tools": [READ, READ]}, "tools"),
    ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools[0].function.name"),
    (
        {"tools": [{"type": "function", "function": {"name": "a", "parameters": {"type": "no"}}}]},
        "tools[0].function.parameters.type",
    ),
    ({"tool_choice": "always"}, "tool_choice"),
    ({"tool_choice": {"type": "function", "function": {"name": "nothing"}}}, "tool_choice"),
    ({"tools": [], "tool_choice": "required"}, "tool_choice"),
    ({"parallel_tool_calls": "no"}, "parallel_tool_calls"),
]


async def test_tools_that_cannot_be_offered_are_named(served: Served, client: httpx2.AsyncClient) -> None:
    for change, param in BAD:
        answer = await client.post(CHAT, json={**chat(), **change})

        assert (answer.status_code, answer.json()["error"]["param"]) == (400, param), change
    assert not served.world.asked


async def test_what_does_not_fit_is_refused_before_anything_is_sent(served: Served, client: httpx2.AsyncClient) -> None:
    answer = await client.post(CHAT, json=chat("word " * 70_000))

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "context_length_exceeded")
    assert not served.world.asked


async def test_a_picture_that_stays_in_the_history_is_uploaded_once(served: Served, client: httpx2.AsyncClient) -> None:
    url = f"data:image/png;base64,{base64.b64encode(png()).decode()}"
    shown = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}
    turns = [shown, {"role": "assistant", "content": "A square."}, {"role": "user", "content": "Sure?"}]

    await client.post(CHAT, json={"model": "auto", "messages": turns[:1]})
    await client.post(CHAT, json={"model": "auto", "messages": turns})
    assert len(served.world.uploaded) == 1

    served.world.refusals["plus"] = [UpstreamError("files are gone")]
    await client.post(CHAT, json={"model": "auto", "messages": turns})
    await client.post(CHAT, json={"model": "auto", "messages": turns})
    assert len(served.world.uploaded) == 2


@pytest.mark.parametrize("workspace", [False, True])
async def test_the_policy_for_workspaces_is_told_where_it_is_wanted(tmp_path: Path, workspace: bool) -> None:
    async with open_server(tmp_path, chat={"tool_workspace": workspace}) as served, served.client() as client:
        await client.post(CHAT, json=chat())

    (message,) = served.world.asked[0][1].messages
    assert ("never say it was done without one" in message.text) is workspace

"""The checker of answers: what is right passes, and each way of being wrong does not."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.fakes import strict, vendor_document

CHAT, RESPONSES, IMAGES = "/v1/chat/completions", "/v1/responses", "/v1/images/generations"


@pytest.fixture(autouse=True)
def _models_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The samples here are as small as the models allow."""
    monkeypatch.delenv(vendor_document.VARIABLE, raising=False)


COMPLETION: dict[str, Any] = {
    "id": "chatcmpl_1",
    "object": "chat.completion",
    "created": 1,
    "model": "auto",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hi", "refusal": None, "annotations": []},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2, "chatgpt_estimated": True},
    "chatgpt_account": "plus",
}
ERROR: dict[str, Any] = {
    "error": {
        "message": "No.",
        "type": "invalid_request_error",
        "param": None,
        "code": "invalid_request",
        "fault": "caller",
        "action": "Say it otherwise.",
        "retryable": False,
    }
}
RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "status": "completed",
    "model": "auto",
    "output": [
        {
            "id": "msg_1",
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Hi", "annotations": [], "logprobs": []}],
        }
    ],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "error": None,
    "incomplete_details": None,
}
CHUNK: dict[str, Any] = {
    "id": "chatcmpl_1",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "auto",
    "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
}
NOTHING = object()


def hold(path: str, body: Any, *, status: int = 200, method: str = "POST", **headers: str) -> None:
    told = {"content-type": "application/json", "x-request-id": "req_1", "x-should-retry": "false", **headers}
    strict.hold(method, path, httpx2.Response(status, headers=told), json.dumps(body).encode())


def hold_stream(path: str, *events: str) -> None:
    told = {"content-type": "text/event-stream", "x-request-id": "req_1"}
    strict.hold("POST", path, httpx2.Response(200, headers=told), "".join(f"{event}\n\n" for event in events).encode())


def changed(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The body with another value at a path; `NOTHING` takes the field out."""
    other = copy.deepcopy(body)
    inner: Any = other
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in way:
        inner = inner[step]
    if value is NOTHING:
        del inner[last]
    else:
        inner[last] = value
    return other


def event(body: Any, name: str | None = None) -> str:
    return (f"event: {name}\n" if name else "") + f"data: {body if isinstance(body, str) else json.dumps(body)}"


def test_what_is_right_passes() -> None:
    hold(CHAT, COMPLETION)
    hold(CHAT, ERROR, status=400)
    hold(RESPONSES, RESPONSE)
    hold_stream(CHAT, event(CHUNK), event("[DONE]"))
    hold_stream(CHAT, event(ERROR))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("id", NOTHING),
        ("choices", NOTHING),
        ("choices.0.finish_reason", NOTHING),
        ("choices.0.message.role", NOTHING),
        ("object", "chat.completions"),
        ("choices.0.finish_reason", "done"),
        ("choices.0.message.role", "bot"),
        ("created", "1"),
        ("created", 1.5),
        ("usage.total_tokens", None),
        ("choices.0.index", True),
        ("choices", {}),
        ("choices.0.message.contents", "Hi"),
        ("account", "plus"),
    ],
)
def test_a_wrong_completion_fails(path: str, value: Any) -> None:
    with pytest.raises((ValueError, AssertionError)):
        hold(CHAT, changed(COMPLETION, path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("status", "done"),
        ("output.0.type", "massage"),
        ("output.0.content.0.annotations", NOTHING),
        ("output.0.content.0.type", "text"),
        ("output.0.status", NOTHING),
        ("tools", NOTHING),
        ("tool_choice", "perhaps"),
        ("incomplete_details", {"reason": "tired"}),
        ("error", {"code": "no_such_code", "message": "No."}),
        ("created_at", "now"),
        ("output.0.contents", []),
    ],
)
def test_a_wrong_response_fails(path: str, value: Any) -> None:
    with pytest.raises((ValueError, AssertionError)):
        hold(RESPONSES, changed(RESPONSE, path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("error.code", "no_such_code"),
        ("error.code", NOTHING),
        ("error.param", NOTHING),
        ("error.param", 7),
        ("error.type", None),
        ("error.message", NOTHING),
        ("error.fault", "nobody"),
        ("error.retryable", "false"),
        ("error.surprise", 1),
        ("detail", "No."),
    ],
)
def test_a_wrong_error_fails_whether_it_is_a_body_or_an_event(path: str, value: Any) -> None:
    wrong = changed(ERROR, path, value)

    with pytest.raises((ValueError, AssertionError)):
        hold(CHAT, wrong, status=400)
    with pytest.raises((ValueError, AssertionError)):
        hold_stream(CHAT, event(wrong))


@pytest.mark.parametrize(
    "events",
    [
        [event(CHUNK)],
        [event(CHUNK, "chunk"), event("[DONE]")],
        [event(changed(CHUNK, "choices.0.delta.role", NOTHING)), event("[DONE]")],
        [event(changed(CHUNK, "choices.0.finish_reason", None)), event("[DONE]")],
        [event(changed(CHUNK, "choices.0.finish_reason", "done")), event("[DONE]")],
        [event(changed(CHUNK, "object", "chat.completion")), event("[DONE]")],
        [event(CHUNK), event(changed(CHUNK, "id", "chatcmpl_2")), event("[DONE]")],
    ],
    ids=range(7),
)
def test_a_wrong_stream_of_a_chat_fails(events: list[str]) -> None:
    with pytest.raises((ValueError, AssertionError)):
        hold_stream(CHAT, *events)


def test_a_wrong_event_of_a_response_fails() -> None:
    completed = {"type": "response.completed", "sequence_number": 0, "response": RESPONSE}
    hold_stream(RESPONSES, event({**completed, "sequence_number": 1}, "response.completed"))

    for wrong, name in (
        ({**completed, "sequence_number": 1}, "response.done"),
        ({**completed, "sequence_number": "1"}, "response.completed"),
        ({**completed, "sequence_number": 1, "type": "response.done"}, "response.done"),
        ({"type": "error", "code": "server_error", "message": "No.", "sequence_number": 1}, "error"),
        ({**completed, "sequence_number": 1, "response": changed(RESPONSE, "status", "done")}, "response.completed"),
    ):
        with pytest.raises((ValueError, AssertionError)):
            hold_stream(RESPONSES, event(wrong, name))


def test_an_answer_without_a_model_or_an_undeclared_status_fails() -> None:
    with pytest.raises(StopIteration):
        hold("/v1/new", {})
    with pytest.raises(AssertionError, match="does not declare"):
        hold(CHAT, ERROR, status=418)
    with pytest.raises(AssertionError, match="'text/html'"):
        hold(CHAT, COMPLETION, **{"content-type": "text/html"})
    with pytest.raises(AssertionError):
        hold(CHAT, ERROR, status=400, **{"x-should-retry": "true"})
    with pytest.raises(AssertionError):
        hold(CHAT, ERROR, status=400, **{"x-request-id": ""})


def test_a_body_that_openais_document_has_otherwise_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small document, so that this is proved where the large one is not."""
    schemas = {
        "Chat": {
            "type": "object",
            "required": ["moderation"],
            "properties": {"moderation": {"nullable": True, "enum": ["x"]}},
        },
        "ErrorResponse": {"type": "object", "properties": {"error": {"required": ["message"]}}},
    }
    answer = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Chat"}}}}
    document = {"paths": {"/chat/{x}": {"post": {"responses": {"200": answer}}}}, "components": {"schemas": schemas}}
    file = tmp_path / "openapi.yaml"
    file.write_text(json.dumps(document))
    monkeypatch.setenv(vendor_document.VARIABLE, str(file))
    vendor_document.forget()

    vendor_document.hold_body("POST", "/v1/chat/completions", 200, {"moderation": None})
    for status, body in ((200, {}), (200, {"moderation": "y"}), (400, {"error": {}})):
        with pytest.raises(AssertionError, match="OpenAI's document"):
            vendor_document.hold_body("POST", "/v1/chat/completions", status, body)
    vendor_document.forget()

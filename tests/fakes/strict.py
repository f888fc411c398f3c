"""A transport that holds every answer of the API against the models of OpenAI's own client, and against the rules of
its streams. Whatever a test asks for, a body that those models would not take fails it."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, TypeAlias

import httpx2
from openai.types import FileDeleted, FileObject, ImageEditStreamEvent, ImageGenStreamEvent, ImagesResponse, Model
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.conversations import Conversation, ConversationDeletedResource, ConversationItemList
from openai.types.conversations.conversation_item import ConversationItem
from openai.types.responses import (
    CompactedResponse,
    InputTokenCountResponse,
    Response,
    ResponseItemList,
    ResponseStreamEvent,
)
from openai.types.shared import ErrorObject
from pydantic import BaseModel, TypeAdapter

from api.document.failures import ErrorBody
from tests.fakes import documented, vendor_document

Check: TypeAlias = Callable[[Any], None]


_OURS = frozenset(
    {"annotations", "reasoning_content"}  # of messages, which clients read though the models have other places for them
    | {"content_type", "download_url", "file_id", "filename", "height", "path", "sha256", "width"}  # of files
    | {"aspect_ratio", "estimated", "input_image_count", "model", "output_tokens_details", "warnings"}  # of pictures
    | {"action", "fault", "retryable", "provider", "provider_status", "raw_provider_error"}  # of errors
    | {"first_id", "last_id", "has_more"}  # of pages
    | {"frequency_penalty", "presence_penalty", "store"}  # of responses: Open Responses has them, the client does not
    | {"name"}  # of finished arguments: OpenAI's document wants it, the client does not have it
)
"""Fields that OpenAI's models do not have; all others of ours begin with `chatgpt_`."""

_THEIRS = frozenset({"tools", "tool_choice"})
"""What a response gives back as its client sent it, with whatever fields that client knows."""


def _model(of: Any) -> Check:
    """Nothing missing, no value that the model does not know, nothing that has to be converted, no field misspelt."""
    adapter: TypeAdapter[Any] = TypeAdapter(of)

    def check(body: Any) -> None:
        strange = set(_strangers(adapter.validate_python(_ours_of(body), strict=True))) - _OURS
        assert not strange, f"{of} has no {sorted(strange)}"

    return check


def _ours_of(body: Any) -> Any:
    """The body without those tools that a response gives back as they were sent, even where they are none."""
    if not isinstance(body, dict):
        return body
    if isinstance(body.get("response"), dict):
        return {**body, "response": _ours_of(body["response"])}
    if body.get("object") != "response" or "tools" not in body:
        return body
    return {**body, "tools": [tool for tool in body["tools"] if tool["type"] == "function"]}


def _strangers(found: Any) -> Iterator[str]:
    if isinstance(found, list):
        for one in found:
            yield from _strangers(one)
    elif isinstance(found, BaseModel):
        yield from (name for name in found.model_extra or () if not name.startswith("chatgpt_"))
        for name in set(type(found).model_fields) - _THEIRS:
            yield from _strangers(getattr(found, name))


class _Deleted(BaseModel):
    """What has no model of its own in the client."""

    id: str
    deleted: bool


def _page(of: Any) -> Check:
    entry = _model(of)

    def check(body: Any) -> None:
        assert body["object"] == "list"
        for one in body["data"]:
            entry(one)

    return check


_BODIES: list[tuple[str, str, Check]] = [
    ("POST", r"/v1/chat/completions", _model(ChatCompletion)),
    ("POST", r"/v1/responses", _model(Response)),
    ("POST", r"/v1/responses/compact", _model(CompactedResponse)),
    ("POST", r"/v1/responses/input_tokens", _model(InputTokenCountResponse)),
    ("GET", r"/v1/responses/[^/]+", _model(Response)),
    ("POST", r"/v1/responses/[^/]+/cancel", _model(Response)),
    ("DELETE", r"/v1/responses/[^/]+", _model(_Deleted)),
    ("GET", r"/v1/responses/[^/]+/input_items", _model(ResponseItemList)),
    ("POST", r"/v1/conversations(/[^/]+)?", _model(Conversation)),
    ("GET", r"/v1/conversations/[^/]+", _model(Conversation)),
    ("DELETE", r"/v1/conversations/[^/]+", _model(ConversationDeletedResource)),
    ("DELETE", r"/v1/conversations/[^/]+/items/[^/]+", _model(Conversation)),
    ("GET", r"/v1/conversations/[^/]+/items", _model(ConversationItemList)),
    ("POST", r"/v1/conversations/[^/]+/items", _model(ConversationItemList)),
    ("GET", r"/v1/conversations/[^/]+/items/[^/]+", _model(ConversationItem)),
    ("POST", r"/v1/images/(generations|edits)", _model(ImagesResponse)),
    ("GET", r"/v1/models", _page(Model)),
    ("GET", r"/v1/models/.+", _model(Model)),
    ("POST", r"/v1/files", _model(FileObject)),
    ("GET", r"/v1/files", _page(FileObject)),
    ("GET", r"/v1/files/[^/]+", _model(FileObject)),
    ("DELETE", r"/v1/files/[^/]+", _model(FileDeleted)),
]
_EVENTS: list[tuple[str, Check]] = [
    (r"/v1/chat/completions", _model(ChatCompletionChunk)),
    (r"/v1/responses(/[^/]+)?", _model(ResponseStreamEvent)),
    (r"/v1/images/generations", _model(ImageGenStreamEvent)),
    (r"/v1/images/edits", _model(ImageEditStreamEvent)),
]
_ERROR = _model(ErrorObject)


class StrictTransport(httpx2.AsyncBaseTransport):
    """Reads along with its client; streams are held against the rules when they end."""

    def __init__(self, inner: httpx2.AsyncBaseTransport | None = None) -> None:
        self._inner = inner or httpx2.AsyncHTTPTransport(trust_env=False)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._inner.handle_async_request(request)
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _ReadAlong(response.stream, request, response)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _ReadAlong(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream, request: httpx2.Request, response: httpx2.Response) -> None:
        self._inner = inner
        self._request = request
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces: list[bytes] = []
        async for piece in self._inner:
            pieces.append(piece)
            yield piece
        # Only what came to its end is whole: a client that left has nothing to complain of.
        hold(self._request.method, self._request.url.path, self._response, b"".join(pieces))

    async def aclose(self) -> None:
        await self._inner.aclose()


def hold(method: str, path: str, response: httpx2.Response, content: bytes) -> None:
    """Hold one whole answer against its models."""
    documented.hold(method, path, response, content)
    if not path.startswith("/v1/") or path.startswith("/v1/chatgpt/"):
        return
    assert response.headers.get("x-request-id"), "every answer names its request"
    kind = response.headers.get("content-type", "")
    if kind.startswith("text/event-stream"):
        _hold_stream(path, content.decode())
    elif content and kind.startswith("application/json") and not path.endswith("/content"):
        body = json.loads(content)
        vendor_document.hold_body(method, path, response.status_code, body)
        if response.status_code >= 400 or "error" in body and "id" not in body:
            _hold_error(body)
            retry = response.headers.get("x-should-retry")
            assert response.status_code < 400 or retry == str(body["error"]["retryable"]).lower()
        elif response.status_code == 200:
            next(check for wanted, pattern, check in _BODIES if wanted == method and re.fullmatch(pattern, path))(body)


def _hold_error(body: Any) -> None:
    """The four keys that clients know, and those of ours."""
    assert set(body) == {"error"}
    _ERROR(body["error"])
    ErrorBody.model_validate_json(json.dumps(body), strict=True)


def _hold_stream(path: str, text: str) -> None:
    check = next(check for pattern, check in _EVENTS if re.fullmatch(pattern, path))
    events = _events(text)
    told = [body for _, body in events if body != "[DONE]"]
    for body in told:
        vendor_document.hold_event(path, body)
        if "error" in body and body.get("type", "error") == "error":
            _hold_error({name: value for name, value in body.items() if name != "type"})
        else:
            check(body)
            assert body.get("type") != "error" or {"code", "param"} <= set(body)
    if path == "/v1/chat/completions":
        _hold_chunks(events)
    elif path.startswith("/v1/responses"):
        _hold_response_events(events)


def _events(text: str) -> list[tuple[str | None, Any]]:
    found = []
    for block in text.split("\n\n"):
        lines = [line for line in block.split("\n") if line and not line.startswith(":")]
        if not lines:
            continue
        name = next((line.removeprefix("event: ") for line in lines if line.startswith("event: ")), None)
        data = "\n".join(line.removeprefix("data: ") for line in lines if line.startswith("data: "))
        found.append((name, data if data == "[DONE]" else json.loads(data)))
    return found


def _hold_chunks(events: list[tuple[str | None, Any]]) -> None:
    """One name, roles first, one finish reason a choice, usage last, and an end that says so."""
    assert all(name is None for name, _ in events)
    *chunks, last = [body for _, body in events]
    if last != "[DONE]":
        assert "error" in last, "a stream ends with [DONE] or with an error"
        return
    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}) == 1
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    for index in {choice["index"] for choice in choices}:
        own = [choice for choice in choices if choice["index"] == index]
        assert own[0]["delta"].get("role") == "assistant"
        assert [choice["finish_reason"] is not None for choice in own] == [False] * (len(own) - 1) + [True]
    with_usage = [number for number, chunk in enumerate(chunks) if chunk.get("usage")]
    assert with_usage in ([], [len(chunks) - 1])
    assert not with_usage or chunks[-1]["choices"] == []


def _hold_response_events(events: list[tuple[str | None, Any]]) -> None:
    """Names that are the types, numbers without gaps, pairs of added and done, deltas that sum to what is done."""
    bodies = [body for _, body in events]
    assert [name for name, _ in events] == [body["type"] for body in bodies]
    if not bodies:
        return
    first = bodies[0]["sequence_number"]
    assert [body["sequence_number"] for body in bodies] == list(range(first, first + len(bodies)))
    if first:
        return
    open_items: dict[int, str] = {}
    said: dict[tuple[str, str], str] = {}
    for body in bodies:
        kind = body["type"]
        if kind == "response.output_item.added":
            assert body["output_index"] not in open_items
            open_items[body["output_index"]] = body["item"]["id"]
        elif kind == "response.output_item.done":
            assert open_items[body["output_index"]] == body["item"]["id"]
        elif kind.endswith(".delta"):
            key = (kind.removesuffix(".delta"), f"{body['item_id']}:{body.get('summary_index')}")
            said[key] = said.get(key, "") + body["delta"]
        elif kind.endswith(".done") and "part" not in kind:
            key = (kind.removesuffix(".done"), f"{body['item_id']}:{body.get('summary_index')}")
            whole = next(body[name] for name in ("text", "arguments", "input", "refusal") if name in body)
            assert said[key] == whole
    closing = bodies[-1]["type"]
    assert closing in ("response.completed", "response.incomplete", "response.failed")
    if closing == "response.completed":
        done = [body["item"] for body in bodies if body["type"] == "response.output_item.done"]
        assert bodies[-1]["response"]["output"] == done

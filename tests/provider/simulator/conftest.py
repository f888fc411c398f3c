"""A browser's side of the protocol, small and strict, over real sockets."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from provider.simulator import Simulator, SimulatorConfig, start

FAST = SimulatorConfig(time_scale=0.02, image_seconds=2.0)


@dataclass
class Reply:
    """One answer; `events` are `(event name, data text)` without comments."""

    status: int
    headers: Any
    body: bytes
    broken: bool = False

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[tuple[str | None, str]]:
        return read_events(self.body)

    @property
    def typed(self) -> list[dict[str, Any]]:
        return [json.loads(data) for name, data in self.events if name is None and data != "[DONE]"]

    @property
    def types(self) -> list[str]:
        return [event.get("type", "") for event in self.typed]

    @property
    def done(self) -> bool:
        return self.events[-1:] == [(None, "[DONE]")]

    @property
    def conversation_id(self) -> str:
        return str(next(event["conversation_id"] for event in self.typed if event.get("conversation_id")))

    @property
    def documents(self) -> dict[int, Any]:
        return apply_deltas(self.events)

    @property
    def text(self) -> str:
        final = [
            document["message"] for document in self.documents.values() if document["message"]["channel"] == "final"
        ]
        return str(final[0]["content"]["parts"][0]) if final else ""


@dataclass
class Browser:
    """One account's browser: knows its capture and nothing else."""

    http: aiohttp.ClientSession
    url: str
    capture: str
    headers: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.headers = dict(re.findall(r"-H '([^:']+): ([^']*)'", self.capture))

    @property
    def login(self) -> dict[str, str]:
        return {"authorization": self.headers["authorization"]}

    async def call(self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None) -> Reply:
        sent = self.login if headers is None else headers
        url = path if path.startswith("http") else self.url + path
        data = body if isinstance(body, bytes) else None
        payload = None if isinstance(body, bytes) else body
        received = bytearray()
        async with self.http.request(method, url, data=data, json=payload, headers=sent) as response:
            broken = False
            try:
                async for chunk in response.content.iter_any():
                    received.extend(chunk)
            except aiohttp.ClientPayloadError:
                broken = True
            return Reply(response.status, response.headers, bytes(received), broken)

    def read(self, body: bytes) -> Reply:
        """Server-sent events from elsewhere, such as a WebSocket, as a reply."""
        return Reply(200, {}, body)

    async def get(self, path: str) -> Reply:
        return await self.call("GET", path)

    async def post(self, path: str, body: Any) -> Reply:
        return await self.call("POST", path, body)

    async def requirements(self) -> dict[str, str]:
        """Fresh sentinel headers."""
        asked = (await self.post("/backend-api/sentinel/chat-requirements", {"p": None})).json
        headers = {"openai-sentinel-chat-requirements-token": asked["token"]}
        if asked["proofofwork"]["required"]:
            headers["openai-sentinel-proof-token"] = solve(asked["proofofwork"], self.proof_config())
        return headers

    def solve(self, challenge: dict[str, Any], config: list[Any]) -> str:
        """The answer to a challenge with any configuration."""
        return solve(challenge, config)

    def of(self, capture: str) -> Browser:
        """Another account's browser on the same machine."""
        return Browser(self.http, self.url, capture)

    def proof_config(self) -> list[Any]:
        encoded = self.headers["openai-sentinel-proof-token"].removeprefix("gAAAAAB").partition("~")[0]
        config: list[Any] = json.loads(base64.b64decode(encoded))
        return config

    def body(self, prompt: str, **changes: Any) -> dict[str, Any]:
        message = {
            "id": str(uuid.uuid4()),
            "author": {"role": "user"},
            "create_time": 1790000000.5,
            "content": {"content_type": "text", "parts": [prompt]},
            "metadata": {},
        }
        return {
            "action": "next",
            "messages": [message],
            "parent_message_id": "client-created-root",
            "model": "auto",
            "client_prepare_state": "sent",
            "system_hints": [],
            "supported_encodings": ["v1"],
            **changes,
        }

    async def turn(self, prompt: str, *, headers: dict[str, str] | None = None, **changes: Any) -> Reply:
        """A whole turn with fresh tokens."""
        sentinel = await self.requirements()
        sent = {**self.login, **sentinel, "accept": "text/event-stream", **(headers or {})}
        return await self.call("POST", "/backend-api/f/conversation", self.body(prompt, **changes), headers=sent)

    async def draw(self, prompt: str, **changes: Any) -> Reply:
        return await self.turn(prompt, system_hints=["picture_v2"], **changes)


def read_events(body: bytes) -> list[tuple[str | None, str]]:
    """Server-sent events, framing as docs/protocol.md section 3.1."""
    text = body.decode().replace("\r\n", "\n")
    events = []
    for block in text.split("\n\n"):
        name, data = None, []
        for line in block.split("\n"):
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                data.append(line[6:])
        if data:
            events.append((name, "\n".join(data)))
    return events


def apply_deltas(events: list[tuple[str | None, str]]) -> dict[int, Any]:
    """The documents by channel; refuses everything that strict v1 does not emit."""
    documents: dict[int, Any] = {}
    channel, path, operation = 0, "", "add"
    started = False
    for name, data in events:
        if name != "delta":
            continue
        frame = json.loads(data)
        assert set(frame) <= {"c", "p", "o", "v"}
        assert started or ("c" in frame and frame["p"] == "" and frame["o"] == "add"), "explicit on the first document"
        started = True
        channel, path, operation = frame.get("c", channel), frame.get("p", path), frame.get("o", operation)
        if operation == "patch":
            for entry in frame["v"]:
                assert set(entry) == {"p", "o", "v"}, "explicit in nested patches"
                documents[channel] = _set(documents.get(channel), path + entry["p"], entry["o"], entry["v"])
        else:
            documents[channel] = _set(documents.get(channel), path, operation, frame["v"])
    return documents


def _set(document: Any, path: str, operation: str, value: Any) -> Any:
    if path == "":
        assert operation in ("add", "replace")
        return json.loads(json.dumps(value))
    *before, last = path.split("/")[1:]
    target = document
    for step in before:
        target = target[int(step)] if isinstance(target, list) else target[step]
    key: Any = int(last) if isinstance(target, list) else last
    if operation == "append":
        present = target[key]
        target[key] = {**present, **value} if isinstance(present, dict) else present + value
    else:
        assert operation in ("replace", "add")
        target[key] = value
    return document


def solve(challenge: dict[str, Any], config: list[Any]) -> str:
    """The proof of work, written from docs/protocol.md section 7.1."""
    for attempt in range(500_000):
        config[3] = attempt
        text = json.dumps(config, ensure_ascii=False, separators=(",", ":"))
        encoded = base64.b64encode(text.encode()).decode()
        digest = hashlib.sha3_512((challenge["seed"] + encoded).encode()).hexdigest()
        if digest[: len(challenge["difficulty"])] <= challenge["difficulty"]:
            return f"gAAAAAB{encoded}~S"
    raise AssertionError("unsolvable")


StartBrowser = Callable[..., Awaitable[tuple[Simulator, Browser]]]


@pytest.fixture
async def open_browser() -> AsyncIterator[StartBrowser]:
    """Starts a simulator and a browser of one of its accounts; both end with the test."""
    simulators: list[Simulator] = []
    sessions: list[aiohttp.ClientSession] = []

    async def open_one(alias: str = "plus", config: SimulatorConfig = FAST) -> tuple[Simulator, Browser]:
        simulator = await start(config)
        simulators.append(simulator)
        session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        sessions.append(session)
        return simulator, Browser(session, simulator.url, simulator.capture(alias))

    yield open_one
    for session in sessions:
        await session.close()
    for simulator in simulators:
        await simulator.aclose()


@pytest.fixture
async def pair(open_browser: StartBrowser) -> tuple[Simulator, Browser]:
    """A fast simulator and the browser of its `plus` account."""
    return await open_browser()


@pytest.fixture
def simulator(pair: tuple[Simulator, Browser]) -> Simulator:
    """The test's simulator."""
    return pair[0]


@pytest.fixture
def browser(pair: tuple[Simulator, Browser]) -> Browser:
    """The `plus` account's browser on the test's simulator."""
    return pair[1]


@pytest.fixture
def vector() -> Callable[[str], Any]:
    """Reads one of the shared test vectors."""
    folder = Path(__file__).parents[2] / "vectors"
    return lambda name: json.loads((folder / name).read_text(encoding="utf-8"))

"""A bridge that answers over real sockets what a test says, and remembers what it was asked."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Answer:
    """One answer. `cut`: the connection ends before the body does."""

    body: bytes = b"{}"
    status: int = 200
    content_type: str = "application/json"
    cut: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """One request; header names are lower-case."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class FakeBridge:
    """Answers with what is `first`, each once and in order; then by path, and `otherwise` where no path is set."""

    port: int = 0
    answers: dict[str, Answer] = field(default_factory=dict)
    otherwise: Answer = field(default_factory=Answer)
    first: list[Answer] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def says(self, body: Any, status: int = 200, path: str | None = None) -> None:
        """Answer with JSON."""
        self._set(Answer(json.dumps(body).encode(), status), path)

    def streams(self, *events: str, path: str | None = None) -> None:
        """Answer with a stream of events."""
        body = "".join(f"data: {event}\n\n" for event in events).encode()
        self._set(Answer(body, content_type="text/event-stream"), path)

    def sends(self, body: bytes, content_type: str, path: str | None = None) -> None:
        """Answer with bytes."""
        self._set(Answer(body, content_type=content_type), path)

    def fails(
        self,
        code: str,
        status: int,
        message: str,
        action: str,
        *,
        param: str | None = None,
        path: str | None = None,
        fault: str = "caller",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer with an error as the bridge writes it."""
        error = {"code": code, "fault": fault, "message": message, "action": action, "type": "x", "param": param}
        self._set(Answer(json.dumps({"error": error}).encode(), status, headers=headers or {}), path)

    def _set(self, answer: Answer, path: str | None) -> None:
        if path is None:
            self.otherwise = answer
        else:
            self.answers[path] = answer


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client may leave as soon as it knows enough; anything else is shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def fake_bridge() -> Iterator[FakeBridge]:
    """A fake bridge that listens until the block is left."""
    bridge = FakeBridge()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            content = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            bridge.asked.append(Asked(self.command, self.path, headers, json.loads(content) if content else None))
            known = bridge.answers.get(self.path.partition("?")[0], bridge.otherwise)
            answer = bridge.first.pop(0) if bridge.first else known
            self.send_response(answer.status)
            self.send_header("content-type", answer.content_type)
            self.send_header("x-request-id", "req_1")
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.status == 204:
                self.end_headers()
                return
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            if answer.body:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(answer.body), answer.body))
            if answer.cut:
                self.close_connection = True
            else:
                self.wfile.write(b"0\r\n\r\n")

        do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing: a test's output is its own."""

    server = _Server(("127.0.0.1", 0), Handler)
    bridge.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield bridge
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

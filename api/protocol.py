"""What does not even parse as HTTP is answered like everything else."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.errors import answer_to
from api.keepalive import json_bytes
from core import ids
from core.errors import InvalidRequestError


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol with our error body and a request id."""

    def send_400_response(self, msg: str) -> None:
        """Refuse the bytes and close the connection."""
        answer = answer_to(InvalidRequestError(msg))
        content = json_bytes(answer.body)
        lines = {
            "content-type": "application/json",
            "content-length": str(len(content)),
            "connection": "close",
            "x-request-id": ids.request_id(),
            **answer.headers,
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self.transport.write(b"HTTP/1.1 400 Bad Request\r\n" + head.encode("latin-1") + b"\r\n" + content)
        self.transport.close()

"""The operator's older routes as typed calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.client.models import Answer, ChatAnswer, ImageAnswer
from integrations.client.transport import Transport

_ADMIN = "/chatgpt/admin"


class Status(Answer):
    """Where the server listens, how it routes, and where files lie."""

    ok: bool = False
    server: dict[str, Any] = {}
    routing: dict[str, Any] = {}
    storage: dict[str, Any] = {}
    routes: dict[str, str] = {}


class StoredFile(Answer):
    """A kept file."""

    file_id: str
    kind: str = ""
    filename: str = ""
    download_url: str = ""
    bytes: int = 0
    prompt: str | None = None


class StoredFiles(Answer):
    """The newest kept files."""

    artifacts: tuple[StoredFile, ...] = ()


class DeletedFile(Answer):
    """What was removed; `path` is where the bytes go on lying, on the server's machine."""

    deleted: dict[str, bool] = {}
    path: str | None = None


class TriedChat(Answer):
    """A chat that was tried; `response` is what a client would have got."""

    ok: bool = False
    latency_ms: int = 0
    content: str = ""
    response: ChatAnswer


class TriedImage(Answer):
    """A picture that was tried; `response` is what a client would have got."""

    ok: bool = False
    latency_ms: int = 0
    response: ImageAnswer


class AdminCalls:
    """What `BridgeClient.admin` can do; needs a key that administers."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def status(self) -> Status:
        """How the server is set up."""
        return Status.model_validate(self._transport.json("GET", f"{_ADMIN}/status"))

    def files(self, limit: int) -> StoredFiles:
        """The newest kept files."""
        return StoredFiles.model_validate(self._transport.json("GET", f"{_ADMIN}/artifacts?limit={limit}"))

    def delete_file(self, file_id: str, *, delete_file: bool) -> DeletedFile:
        """Forget a kept file, with its bytes or without."""
        body = {"file_id": file_id, "delete_file": delete_file}
        return DeletedFile.model_validate(self._transport.json("POST", f"{_ADMIN}/artifacts/delete", body))

    def try_chat(self, body: Mapping[str, Any]) -> TriedChat:
        """Run a chat to its end."""
        return TriedChat.model_validate(self._transport.json("POST", f"{_ADMIN}/test/chat", body))

    def try_image(self, body: Mapping[str, Any]) -> TriedImage:
        """Have a picture drawn."""
        return TriedImage.model_validate(self._transport.json("POST", f"{_ADMIN}/test/image", body))

"""The bridge's HTTP API as typed calls."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any
from urllib.parse import quote

from integrations.client.models import (
    Accounts,
    ChatAnswer,
    DeletedAccount,
    Health,
    ImageAnswer,
    Inspection,
    Model,
    Operation,
    Readiness,
    SavedCapture,
)
from integrations.client.streams import ChatStream
from integrations.client.transport import Transport

_ADMIN = "/chatgpt/admin"


class BridgeClient:
    """Calls one running bridge; a context manager that closes its connections.

    Every method raises `ClientError` for an error answer and for none.

    Args:
        base_url: such as `http://127.0.0.1:8000/v1`.
        api_key: the bearer key, `None` to send none.
        silence_seconds: longest silence of the server, not the longest answer.
    """

    def __init__(self, base_url: str, api_key: str | None = None, *, silence_seconds: float = 120) -> None:
        self._transport = Transport(base_url, api_key, silence_seconds=silence_seconds)

    def __enter__(self) -> BridgeClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def base_url(self) -> str:
        """Where the bridge is, without a trailing slash."""
        return self._transport.base_url

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def health(self) -> Health:
        """What the server says of itself."""
        return Health.model_validate(self._transport.json("GET", "//health"))

    def ready(self) -> Readiness:
        """The state of each part; an answer also while parts are missing."""
        return Readiness.model_validate(self._transport.json("GET", "//health/ready", accept=(503,)))

    def models(self) -> tuple[Model, ...]:
        """The models that can be asked for."""
        body = self._transport.json("GET", "/models")
        return tuple(Model.model_validate(entry) for entry in body.get("data", ()))

    def chat(self, body: Mapping[str, Any]) -> ChatAnswer:
        """One answer to a chat, complete."""
        return ChatAnswer.model_validate(self._transport.json("POST", "/chat/completions", {**body, "stream": False}))

    def stream_chat(self, body: Mapping[str, Any]) -> ChatStream:
        """One answer to a chat, as it comes."""
        return ChatStream(self._transport.events("/chat/completions", {**body, "stream": True}))

    def image(self, body: Mapping[str, Any]) -> ImageAnswer:
        """One picture; returns when it is there."""
        return ImageAnswer.model_validate(self._transport.json("POST", "/images/generations", body))

    def operation(self, operation_id: str) -> Operation:
        """How an operation stands."""
        return self._operation("GET", operation_id, "")

    def cancel(self, operation_id: str) -> Operation:
        """Ask an operation to stop; returns how it stands then."""
        return self._operation("POST", operation_id, "/cancel")

    def download(self, url: str) -> tuple[bytes, str]:
        """A file of the bridge and its content type."""
        return self._transport.content(url)

    def accounts(self) -> Accounts:
        """Every account the bridge knows."""
        return Accounts.model_validate(self._transport.json("GET", f"{_ADMIN}/accounts"))

    def inspect_capture(self, account: str, text: str) -> Inspection:
        """What a capture holds; nothing is written, and a bad one is an answer too."""
        body = {"account": account, "capture_text": text}
        return Inspection.model_validate(self._transport.json("POST", f"{_ADMIN}/captures/inspect", body))

    def save_capture(self, account: str, text: str, *, verify: bool = True, replace: bool = False) -> SavedCapture:
        """Make an account of a capture.

        Args:
            verify: ask upstream whether the capture works.
            replace: the account may exist already.
        """
        body = {"account": account, "capture_text": text, "verify": verify, "replace": replace}
        return SavedCapture.model_validate(self._transport.json("POST", f"{_ADMIN}/captures/save", body))

    def delete_account(self, account: str) -> DeletedAccount:
        """Remove an account and its capture."""
        return DeletedAccount.model_validate(
            self._transport.json("POST", f"{_ADMIN}/accounts/delete", {"account": account})
        )

    def _operation(self, method: str, operation_id: str, verb: str) -> Operation:
        path = f"/chatgpt/operations/{quote(operation_id, safe='')}{verb}"
        return Operation.model_validate(self._transport.json(method, path).get("operation"))

"""The bridge's HTTP API as typed calls."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from types import TracebackType
from typing import Any
from urllib.parse import quote, urlencode

from integrations.client.accounts import AccountCalls
from integrations.client.admin import AdminCalls
from integrations.client.admin_models import Accounts, CheckedAccounts, DeletedAccount, Inspection, SavedCapture
from integrations.client.audit import AuditCalls
from integrations.client.keys import KeyCalls
from integrations.client.models import (
    ChatAnswer,
    Health,
    ImageAnswer,
    Model,
    Operation,
    OperationEvent,
    OperationPage,
    Readiness,
    ResponseAnswer,
    VisionAnswer,
)
from integrations.client.routing import RoutingCalls
from integrations.client.streams import ChatStream
from integrations.client.transport import Transport
from integrations.client.usage import LimitCalls, UsageCalls

_ADMIN = "/chatgpt/admin"


class BridgeClient:
    """Calls one running bridge; a context manager that closes its connections.

    Every method raises `ClientError` for an error answer and for none.

    Args:
        base_url: such as `http://127.0.0.1:8000/v1`, or without the `/v1`.
        api_key: the bearer key, `None` to send none.
        silence_seconds: longest silence of the server, not the longest answer.
    """

    def __init__(self, base_url: str, api_key: str | None = None, *, silence_seconds: float = 120) -> None:
        self._transport = Transport(base_url, api_key, silence_seconds=silence_seconds)
        self.account = AccountCalls(self._transport)
        self.admin = AdminCalls(self._transport)
        self.audit = AuditCalls(self._transport)
        self.keys = KeyCalls(self._transport)
        self.routing = RoutingCalls(self._transport)
        self.usage = UsageCalls(self._transport)
        self.limits = LimitCalls(self._transport)

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

    def response(self, body: Mapping[str, Any]) -> ResponseAnswer:
        """One response: complete, or as it was begun where `background` says that nobody waits."""
        return ResponseAnswer.model_validate(self._transport.json("POST", "/responses", {**body, "stream": False}))

    def read_response(self, response_id: str) -> ResponseAnswer:
        """A kept response as it stands."""
        return ResponseAnswer.model_validate(self._transport.json("GET", f"/responses/{quote(response_id, safe='')}"))

    def response_events(self, response_id: str, *, after: int | None = None) -> Generator[dict[str, Any]]:
        """The events of a response in the background behind number `after`, as they come."""
        behind = "" if after is None else f"&starting_after={after}"
        yield from self._transport.follow(f"/responses/{quote(response_id, safe='')}?stream=true{behind}")

    def image(self, body: Mapping[str, Any]) -> ImageAnswer:
        """One picture; returns when it is there."""
        return ImageAnswer.model_validate(self._transport.json("POST", "/images/generations", body))

    def edit(self, body: Mapping[str, Any]) -> ImageAnswer:
        """One changed picture; returns when it is there."""
        return ImageAnswer.model_validate(self._transport.json("POST", "/images/edits", body))

    def vision(self, body: Mapping[str, Any]) -> VisionAnswer:
        """What upstream sees in pictures; returns when it has said it."""
        return VisionAnswer.model_validate(self._transport.json("POST", "/chatgpt/vision", body))

    def start_research(self, body: Mapping[str, Any]) -> Operation:
        """Begin a research; returns at once, and the operation goes on by itself."""
        return self._started("/chatgpt/research", body, {"Prefer": "respond-async"})

    def start_response(self, body: Mapping[str, Any]) -> Operation:
        """Begin a chat in the background; returns at once."""
        return self._started("/chat/completions", body, {"Prefer": "respond-async"})

    def operations(self, **filters: str | int | None) -> OperationPage:
        """Operations, newest first; `filters` are the route's query parameters, `None` is left out."""
        wanted = {name: str(value) for name, value in filters.items() if value is not None}
        query = f"?{urlencode(wanted)}" if wanted else ""
        return OperationPage.model_validate(self._transport.json("GET", f"/chatgpt/operations{query}"))

    def events(self, operation_id: str, *, after: int = 0) -> Iterator[OperationEvent]:
        """The events of an operation behind number `after`, as they come; ends after the last one there will be."""
        path = f"{_path(operation_id)}/events?after={after}"
        for event in self._transport.follow(path):
            yield OperationEvent.model_validate(event)

    def past_events(self, operation_id: str) -> Iterator[OperationEvent]:
        """The events of an operation that there are by now."""
        after = 0
        while True:
            page = self._transport.json("GET", f"{_path(operation_id)}/events?after={after}&format=json")
            for entry in page.get("data", ()):
                event = OperationEvent.model_validate(entry)
                after = event.number
                yield event
            if not page.get("has_more"):
                return

    def result(self, operation_id: str) -> dict[str, Any]:
        """What a finished operation's own route would have answered."""
        return self._transport.json("GET", f"{_path(operation_id)}/result")

    def decide_plan(self, operation_id: str, decision: str, text: str | None = None) -> Operation:
        """`approve`, `reject` or `edit` a research's plan; returns how the operation stands then."""
        body = {"decision": decision, **({} if text is None else {"text": text})}
        return Operation.model_validate(self._transport.json("POST", f"{_path(operation_id)}/plan", body)["operation"])

    def rerun(self, operation_id: str) -> Operation:
        """Begin a new operation with a finished one's request."""
        return self._started(f"{_path(operation_id)}/rerun", {}, {})

    def delete_operation(self, operation_id: str, *, files: bool) -> None:
        """Forget a finished operation, with or without the files it made."""
        self._transport.send("DELETE", f"{_path(operation_id)}?files={str(files).lower()}")

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

    def check_accounts(self, account: str = "all") -> CheckedAccounts:
        """Ask upstream whether accounts work; costs no chat."""
        body = {"account": account}
        return CheckedAccounts.model_validate(self._transport.json("POST", f"{_ADMIN}/accounts/check", body))

    def delete_account(
        self, account: str, *, delete_capture: bool = True, delete_settings: bool = True
    ) -> DeletedAccount:
        """Remove an account; a capture that is not deleted is put aside."""
        body = {"account": account, "delete_capture": delete_capture, "delete_settings": delete_settings}
        return DeletedAccount.model_validate(self._transport.json("POST", f"{_ADMIN}/accounts/delete", body))

    def _operation(self, method: str, operation_id: str, verb: str) -> Operation:
        return Operation.model_validate(self._transport.json(method, f"{_path(operation_id)}{verb}").get("operation"))

    def _started(self, path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Operation:
        return Operation.model_validate(self._transport.json("POST", path, body, headers=headers).get("operation"))


def _path(operation_id: str) -> str:
    return f"/chatgpt/operations/{quote(operation_id, safe='')}"

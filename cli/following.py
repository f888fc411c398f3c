"""Following an operation to its end, also while the server comes and goes."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

from cli import output

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from integrations.client import BridgeClient
    from integrations.client.models import OperationEvent

PATIENCE_SECONDS = 600.0
_PAUSES = (0.5, 1.0, 2.0, 5.0)
_ENDS = ("completed", "failed", "cancelled")


def follow(
    client: BridgeClient, operation_id: str, *, after: int = 0, patience_seconds: float = PATIENCE_SECONDS
) -> Iterator[OperationEvent]:
    """The events behind number `after` until the last one, each once.

    A connection that breaks, and a server that is restarted, are waited for; the events go on where they were.

    Raises:
        ClientError: the operation is not there, or the server stayed away for longer than `patience_seconds`.
    """
    from integrations.client import ClientError

    failures, lost_at = 0, 0.0
    while True:
        try:
            for event in client.events(operation_id, after=after):
                after, failures = event.number, 0
                yield event
                if ends(event):
                    return
            ended = client.operation(operation_id)
            if ended.completed and ended.last_event <= after:
                return
        except ClientError as error:
            if not error.failure.retryable or (failures and time.monotonic() - lost_at > patience_seconds):
                raise
        if not failures:
            lost_at = time.monotonic()
            output.note("The server has gone; waiting for it to come back. The operation itself goes on.")
        time.sleep(_PAUSES[min(failures, len(_PAUSES) - 1)])
        failures += 1


def ends(event: OperationEvent) -> bool:
    """Whether nothing follows this event."""
    return event.type == "state" and event.data.get("state") in _ENDS


class Watch:
    """Shows events on stderr: a moving line on a terminal, one line an event elsewhere. Text that grows is counted."""

    def __init__(self) -> None:
        self._letters = 0
        self._live: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Watch:
        if sys.stderr.isatty():
            self._live = _line()
            self._live.start()
            self._task = self._live.add_task("", total=None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, event: OperationEvent) -> None:
        """Show one event."""
        said = self._said(event)
        if self._live is not None and self._task is not None:
            done, total = event.data.get("done"), event.data.get("total")
            self._live.update(self._task, description=said, completed=done, total=total)
        elif event.type != "delta":
            at = time.strftime("%H:%M:%S", time.localtime(event.at))
            output.note(f"{at} {event.number:>3} {said}")

    def _said(self, event: OperationEvent) -> str:
        data = event.data
        if event.type == "state":
            return _state(data)
        if event.type == "progress":
            return _progress(data)
        if event.type == "delta":
            self._letters = int(data.get("offset", 0)) + len(str(data.get("text", "")))
            return f"{self._letters:,} characters so far"
        return event.type.replace("_", " ")


def _line() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    return Progress(
        SpinnerColumn(),
        TimeElapsedColumn(),
        BarColumn(bar_width=24),
        TextColumn("{task.description}", markup=False),
        console=Console(stderr=True),
    )


def _state(data: dict[str, Any]) -> str:
    words = str(data.get("state", "")).replace("_", " ")
    if data.get("account"):
        words += f" on {data['account']}"
    waits = [_skip(skip) for skip in data.get("skipped") or ()]
    failure = data.get("failure") or {}
    return words + (f" ({'; '.join(waits)})" if waits else "") + (f": {failure['message']}" if failure else "")


def _skip(skip: dict[str, Any]) -> str:
    words = str(skip.get("text") or skip.get("reason"))
    return f"{skip['account']}: {words}" if skip.get("account") else words


def _progress(data: dict[str, Any]) -> str:
    words = str(data.get("message") or data.get("phase") or "").replace("_", " ")
    if data.get("total"):
        words += f" ({data.get('done', 0)} of {data['total']})"
    return words

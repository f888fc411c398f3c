"""What the tests of responses send, and how they read the answers."""

from __future__ import annotations

from typing import Any

from bridge.operations import results
from core.contracts.operations import OperationState
from tests.fakes.server import Served

URL = "/v1/responses"


def body(given: Any = "Hi", **more: Any) -> dict[str, Any]:
    """A request."""
    return {"model": "auto", "input": given, **more}


def text_of(answer: dict[str, Any]) -> str:
    """Everything that an answer says."""
    return "".join(
        part.get("text", "") for item in answer["output"] if item["type"] == "message" for part in item["content"]
    )


def user(text: str) -> dict[str, Any]:
    """An item."""
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


async def said(served: Served, operation_id: str, text: str) -> None:
    """Have upstream's answer come as far as `text`, as a worker does."""
    await served.bridge.store.write(lambda conn: results.extend(conn, operation_id, None, text))


async def completed(served: Served, operation_id: str, text: str) -> None:
    """Have an operation end with a text."""
    await served.bridge.store.write(lambda conn: results.finish(conn, operation_id, None, text))
    await served.bridge.operations.close(operation_id, OperationState.COMPLETED)

"""What the tests of kept responses keep."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from bridge.responses.conversations import KeptConversation
from bridge.responses.places import Item, Place
from bridge.responses.records import KeptResponse
from core.clock import utc_now

PLACE = Place("plus", "conversation-1", "message-1", told="tools-1")


def item(name: str, text: str = "Hi") -> Item:
    """Something that was said."""
    return {"id": name, "type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def ago(days: float) -> datetime:
    """A time that has passed."""
    return utc_now() - timedelta(days=days)


def response(name: str, *, owner: str = "ann", days: float = 0, **more: Any) -> KeptResponse:
    """A response that was made some days ago."""
    return KeptResponse(
        id=name,
        owner=owner,
        created_at=ago(days),
        body={"id": name, "output": [item(f"out-{name}", "Hello")]},
        items=(item(f"in-{name}"),),
        **more,
    )


def conversation(name: str, *, owner: str = "ann", days: float = 0, **metadata: str) -> KeptConversation:
    """A conversation that was made, and never used since, some days ago."""
    return KeptConversation(name, owner, ago(days), metadata)

"""The requests of conversations."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from api.responses.schemas import Metadata
from api.validation import Request

_MOST_ITEMS = 20


class ConversationBody(Request):
    """A new conversation, or what an old one is to be called."""

    metadata: Metadata = None
    items: Annotated[list[Any], Field(max_length=_MOST_ITEMS)] | None = None


class ItemsBody(Request):
    """Items to be added."""

    items: Annotated[list[Any], Field(min_length=1, max_length=_MOST_ITEMS)]

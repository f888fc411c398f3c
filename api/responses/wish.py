"""A response, as its client wants it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from api.answers.asked import Asked
from api.answers.commands import OwnWords
from api.responses.schemas import ResponseBody
from bridge.responses.places import Item


@dataclass(frozen=True, slots=True)
class Wish:
    """Everything that is known of it before it is answered.

    Attributes:
        asked: what is run for it.
        request: the validated body.
        items: its own input.
        words: what the body says of the answer's form.
        told: names the tools that the model knows by the end of it.
        private: whether the request itself asks for a chat that upstream does not keep; `None`: it says nothing.
        detached: it is answered in the background.
        compacts: a sealed summary is wanted in place of an answer.
        ignored: kinds of tools and items that say nothing to the model.
        own_words: makes the answer where the bridge has it itself.
    """

    asked: Asked
    request: ResponseBody = field(repr=False)
    items: tuple[Item, ...] = field(repr=False)
    words: dict[str, Any] = field(repr=False)
    told: str | None
    private: bool | None
    detached: bool
    compacts: bool = False
    ignored: tuple[str, ...] = ()
    own_words: OwnWords | None = None

"""The words in which a route is described, beyond what its address and its signature say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from core.errors import BridgeError

JSON = "application/json"
EVENTS = "text/event-stream"
FORM = "multipart/form-data"
ANY = "*/*"

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
BYTES: Schema = {"type": "string", "format": "binary"}
EVENT: Schema = {
    "type": "object",
    "description": "One event of the stream.",
    "properties": {"event": TEXT, "id": TEXT, "data": {**TEXT, "description": "JSON, or `[DONE]`."}},
    "required": ["data"],
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One way to answer. `kinds`: schemas by content type; none for an answer without a body."""

    status: int
    kinds: Mapping[str, Schema] = field(default_factory=dict)
    text: str = ""

    @property
    def described(self) -> dict[str, Any]:
        """The answer as OpenAPI has it."""
        shown: dict[str, Any] = {"description": self.text or HTTPStatus(self.status).phrase}
        if self.kinds:
            shown["content"] = {kind: {"schema": schema} for kind, schema in self.kinds.items()}
        return shown


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of a route.

    Attributes:
        answers: all that are no errors.
        summary: for routes whose function does not say it.
        takes: the model that checks its body, or the schema of a body without one.
        form: what a form has beside the model's fields; `None` where no form is taken.
        only_form: JSON is not taken.
        beside: what a JSON body has beside the model's fields.
        example: a body that works.
        headers: those of `document.headers` that it reads.
        query: parameters that its signature does not show.
        fails: errors of its own, whole families by their root.
    """

    answers: tuple[Answer, ...]
    summary: str = ""
    takes: type[BaseModel] | Schema | None = None
    form: Schema | None = None
    only_form: bool = False
    beside: Schema | None = None
    example: Mapping[str, Any] | None = None
    headers: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    fails: tuple[type[BridgeError], ...] = ()


def thing(name: str | None, keys: str, **properties: Any) -> Schema:
    """An object that names itself in `object`, where it does, and the keys that it always has."""
    if name is not None:
        properties["object"] = {"const": name}
        keys = f"object {keys}"
    return {"type": "object", "required": keys.split(), "properties": properties}


def page(entry: Schema, keys: str = "has_more next_cursor") -> Schema:
    """A list of such things, or a page of it."""
    return thing("list", f"data {keys}", data={"type": "array", "items": entry})


def ok(schema: Schema, *, status: int = 200, text: str = "") -> tuple[Answer, ...]:
    """The usual: one JSON answer."""
    return (Answer(status, {JSON: schema}, text),)


def ok_or_events(schema: Schema) -> tuple[Answer, ...]:
    """JSON, or a stream of events where the request asks for it."""
    return (Answer(200, {JSON: schema, EVENTS: EVENT}),)

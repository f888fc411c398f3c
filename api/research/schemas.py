"""The request of a research."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, WithJsonSchema

from api.images.schemas import OnDisconnect
from api.overrides import AccountOptions
from api.validation import WORDS


def _words(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value


def _file_name(value: str | None) -> str | None:
    if value is None:
        return None
    name = value.strip()
    if not name or len(name.encode()) > 200 or name.startswith(".") or not name.isprintable() or set(name) & set("/\\"):
        raise ValueError("must be a plain file name, without a folder and not hidden")
    return name


Plan = Literal["auto", "ask"]
OutputName = Annotated[str | None, AfterValidator(_file_name)]


class ResearchOptions(AccountOptions):
    """What may stand in the body or in its `metadata`."""

    plan: Plan | None = None
    output_name: OutputName = None
    chatgpt_on_disconnect: OnDisconnect = None


class ResearchBody(ResearchOptions):
    """A research. `plan: ask` waits for a person to approve it."""

    prompt: Annotated[str, AfterValidator(_words), WithJsonSchema(WORDS)]
    model: str | None = None
    metadata: dict[str, Any] | None = None

"""What operations that end in text are asked for: looking at pictures, and chat in the background."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from core.contracts.base import Contract
from core.contracts.inputs import InputRef
from core.contracts.routing import Strategy


class VisionRequest(Contract):
    """A validated question about pictures, stored with its operation.

    Attributes:
        prompt: the whole instruction that goes upstream.
        mode: which built-in instruction it came from; `custom` is the caller's own.
        model: the requested public name, unchanged.
        slug: the upstream slug it stands for.
        effort: thinking effort, `None` for the account's own choice.
        temporary: a chat that upstream does not keep; asked for by the request itself.
        accounts: the pool to choose from in this order; empty means every account.
        strategy: the order in which they are asked, `None` for the bridge's own.
    """

    prompt: str
    mode: Literal["custom", "ocr", "describe"] = "custom"
    model: str = "auto"
    slug: str = "auto"
    effort: str | None = None
    temporary: bool = False
    inputs: tuple[InputRef, ...] = ()
    accounts: tuple[str, ...] = ()
    strategy: Strategy | None = None


class ResponseMessage(Contract):
    """One message of the transcript; its pictures come before its text."""

    role: Literal["system", "user", "assistant"]
    text: str
    inputs: tuple[InputRef, ...] = ()


class ResponseRequest(Contract):
    """A validated chat that runs in the background, stored with its operation; fields as `VisionRequest`.

    Attributes:
        messages: as upstream is sent them, oldest first; the last one is the user's.
        wire: the API that asked, in whose words `asked` is.
        asked: what the client said of its answer: tools, form, limits.
        fallback: the public name of the model that answers in place of `model`, which no account offers.
    """

    messages: tuple[ResponseMessage, ...]
    wire: Literal["chat", "responses"] = "chat"
    asked: dict[str, Any] = Field(default_factory=dict)
    fallback: str | None = None
    model: str = "auto"
    slug: str = "auto"
    effort: str | None = None
    temporary: bool = False
    accounts: tuple[str, ...] = ()
    strategy: Strategy | None = None

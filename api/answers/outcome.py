"""How a chat ended, as its idempotency key remembers it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from api.answers.asked import Identity
from api.errors import ErrorAnswer
from bridge.chat.answer import Answer
from bridge.chat.choices import Answered
from bridge.chat.tokens import Usage
from bridge.chat.tools.offer import ToolCall


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answers or an error, and what every connection that hears it is told beside it.

    Attributes:
        headers: those that name the account, the tries and the operation.
    """

    identity: Identity
    headers: dict[str, str]
    result: Answered | ErrorAnswer = field(repr=False)

    def dumped(self) -> str:
        """The outcome as one text, which `loaded` reads."""
        told: dict[str, Any] = {"identity": asdict(self.identity), "headers": self.headers}
        if isinstance(self.result, ErrorAnswer):
            told["error"] = asdict(self.result)
        else:
            told |= asdict(self.result)
        return json.dumps(told, separators=(",", ":"))


def loaded(text: str) -> Outcome:
    """The outcome of what `Outcome.dumped` made."""
    told: dict[str, Any] = json.loads(text)
    if "error" in told:
        result: Answered | ErrorAnswer = ErrorAnswer(**told["error"])
    else:
        result = Answered(tuple(_answer(one) for one in told["answers"]), Usage(**told["usage"]))
    return Outcome(Identity(**told["identity"]), told["headers"], result)


def _answer(told: dict[str, Any]) -> Answer:
    calls = tuple(ToolCall(**call) for call in told.pop("calls"))
    return Answer(**told | {"thoughts": tuple(told["thoughts"])}, calls=calls)

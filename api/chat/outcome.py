"""How a chat ended, as its idempotency key remembers it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from api.chat.naming import Identity
from api.errors import ErrorAnswer
from bridge.chat.answer import Answer


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer or an error, and what every connection that hears it is told beside it.

    Attributes:
        headers: those that name the account, the tries and the operation.
    """

    identity: Identity
    headers: dict[str, str]
    result: Answer | ErrorAnswer = field(repr=False)

    def dumped(self) -> str:
        """The outcome as one text, which `loaded` reads."""
        kind = "answer" if isinstance(self.result, Answer) else "error"
        told = {"identity": asdict(self.identity), "headers": self.headers, kind: asdict(self.result)}
        return json.dumps(told, separators=(",", ":"))


def loaded(text: str) -> Outcome:
    """The outcome of what `Outcome.dumped` made."""
    told: dict[str, Any] = json.loads(text)
    result = Answer(**told["answer"]) if "answer" in told else ErrorAnswer(**told["error"])
    return Outcome(Identity(**told["identity"]), told["headers"], result)

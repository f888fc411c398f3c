"""How a response's client wants its answer worded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from api.responses.shell import shell
from api.responses.wish import Wish
from bridge.chat.tools.offer import Offer


@dataclass(frozen=True, slots=True)
class Wording:
    """What is told beside the answer itself.

    Attributes:
        told: the response before anything was answered.
        offer: the tools that may be called.
        thoughts: what the model shows of its thinking is told.
        compacted: the answer's text is a sealed summary.
    """

    told: dict[str, Any] = field(repr=False)
    offer: Offer | None = field(repr=False)
    thoughts: bool
    compacted: bool = False


def wording_of(wish: Wish, *, response_id: str, created: int) -> Wording:
    """The wording of one response; `created` is Unix time."""
    reasoning = wish.request.reasoning
    told = shell(wish.request, response_id=response_id, created=created, model=wish.asked.model, ignored=wish.ignored)
    thoughts = reasoning is not None and (reasoning.summary or reasoning.generate_summary) is not None
    return Wording(told, wish.asked.order.form.offer, thoughts and not wish.compacts, wish.compacts)

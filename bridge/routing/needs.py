"""What a request asks of an account."""

from __future__ import annotations

from typing import Literal

from core.contracts.base import Contract
from core.contracts.buckets import Bucket


class Needs(Contract):
    """The slots, the model and the accounts a request may use; kept with an operation's ticket.

    Attributes:
        kind: what the request is, for people.
        buckets: a slot is needed in each of them.
        slug: upstream model slug; `auto` is served by every plan.
        effort: thinking effort, `None` for the account's own choice.
        accounts: the only accounts to use, in this order; empty means the whole pool in its order.
    """

    kind: Literal["chat", "image", "edit", "vision", "research", "response"]
    buckets: tuple[Bucket, ...]
    slug: str = "auto"
    effort: str | None = None
    accounts: tuple[str, ...] = ()

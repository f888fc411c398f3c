"""What a request asks of an account."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from core.contracts.base import Contract
from core.contracts.buckets import FEATURES, Bucket
from core.contracts.routing import Strategy

_PLAIN: Mapping[str, int] = MappingProxyType({})


class Needs(Contract):
    """The slots, the model, the quota and the accounts a request may use; kept with an operation's ticket.

    Attributes:
        kind: what the request is, for people.
        buckets: a slot is needed in each of them.
        slug: upstream model slug; `auto` is served by every plan.
        effort: thinking effort, `None` for the account's own choice.
        accounts: the only accounts to use, in this order; empty means the whole pool in its order.
        strategy: the order in which they are asked, `None` for the bridge's own.
        inputs: files that are uploaded for it.
        tried: accounts that refused it before, and the code of each one's error; told, and passed over by `accounts`.
    """

    kind: Literal["chat", "image", "edit", "vision", "research", "response"]
    buckets: tuple[Bucket, ...]
    slug: str = "auto"
    effort: str | None = None
    accounts: tuple[str, ...] = ()
    strategy: Strategy | None = None
    inputs: int = 0
    tried: dict[str, str] = {}

    def under(self, strategy: Strategy) -> Needs:
        """The same with a strategy, where it asks for none of its own."""
        return self if self.strategy is not None else self.model_copy(update={"strategy": strategy})

    @property
    def features(self) -> Mapping[str, int]:
        """How much it takes of which feature (docs/protocol.md section 9); nothing for a chat in words."""
        if self.buckets in ((Bucket.CHAT,), (Bucket.HELPER,)):
            return _PLAIN
        amounts = {Bucket.UPLOAD: max(self.inputs, 1)}
        return {FEATURES[bucket]: amounts.get(bucket, 1) for bucket in self.buckets if bucket in FEATURES}

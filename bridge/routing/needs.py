"""What a request asks of an account."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from core.contracts.base import Contract
from core.contracts.buckets import Bucket
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
    """

    kind: Literal["chat", "image", "edit", "vision", "research", "response"]
    buckets: tuple[Bucket, ...]
    slug: str = "auto"
    effort: str | None = None
    accounts: tuple[str, ...] = ()
    strategy: Strategy | None = None
    inputs: int = 0

    @property
    def features(self) -> Mapping[str, int]:
        """How much it takes of which feature (docs/protocol.md section 9); nothing for a chat in words."""
        if self.buckets in ((Bucket.CHAT,), (Bucket.HELPER,)):
            return _PLAIN
        wanted = {}
        if Bucket.UPLOAD in self.buckets:
            wanted["file_upload"] = max(self.inputs, 1)
        if Bucket.IMAGE in self.buckets:
            wanted["image_gen"] = 1
        if Bucket.RESEARCH in self.buckets:
            wanted["deep_research"] = 1
        return wanted

"""What is known of an account's quota, as routing sees it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from core.contracts.base import Contract


class QuotaFact(Contract):
    """Whether an account has enough left of what a request needs.

    Attributes:
        status: unknown is neither zero nor plenty: it ranks behind what is known to suffice, before what is not.
        remaining: of the scarcest feature, `None` when nobody said.
        until: when that is reset, `None` when nobody said.
        feature: which one that is, `None` where nothing is needed.
        needed: how much of it the request takes.
        blocked: upstream has said that it may not be used, whatever is left.
    """

    status: Literal["sufficient", "unknown", "insufficient"]
    remaining: float | None = None
    until: datetime | None = None
    feature: str | None = None
    needed: float | None = None
    blocked: bool = False

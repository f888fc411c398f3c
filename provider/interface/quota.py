"""Who is told what a provider learns of an account's quota, while it works."""

from __future__ import annotations

from typing import Literal, Protocol

from provider.interface.accounts import Limits

Source = Literal["stream", "probe"]
"""Where limits were read: at the end of a turn, or by asking for them."""


class QuotaWatcher(Protocol):
    """Hears of quota. Called on the event loop in the middle of a turn: no call may wait or raise."""

    def told(self, alias: str, limits: Limits, *, source: Source) -> None:
        """Upstream named the account's limits; what it did not report is not known."""

    def spent(self, alias: str, feature: str) -> None:
        """Upstream took something that costs one of the feature, by its canonical name."""

    def refused(self, alias: str, feature: str, *, retry_after_seconds: float | None) -> None:
        """Upstream refused because the feature is used up."""

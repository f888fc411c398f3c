"""Care: how often every account is looked at."""

from __future__ import annotations

from pydantic import Field

from core.settings.base import Area


class CareSettings(Area):
    """Looking after accounts before they stop working."""

    interval_seconds: float = Field(
        6 * 3600,
        ge=0,
        validation_alias="CHATGPT_CARE_INTERVAL_SECONDS",
        description="Seconds from one look at all accounts to the next; 0 switches it off.",
    )
    canary: bool = Field(
        True,
        validation_alias="CHATGPT_CARE_CANARY",
        description="Whether each look also asks upstream for the accounts' limits, to see that they still work; "
        "costs no quota.",
    )

"""Quota: when upstream is asked for it, and how long what it said is kept."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from core.settings.base import Area


class QuotaSettings(Area):
    """What is left of each account's features."""

    preflight: Literal["off", "operations", "all"] = Field(
        "operations",
        validation_alias="CHATGPT_QUOTA_PREFLIGHT",
        description="Who asks upstream where nothing is known of the quota that a request needs: `operations` before "
        "they are given an account, `all` chats with pictures too, or `off`.",
    )
    probe_seconds: float = Field(
        5,
        gt=0,
        validation_alias="CHATGPT_QUOTA_PROBE_SECONDS",
        description="Longest that asking an account for its limits may take.",
    )
    cache_seconds: float = Field(
        60,
        ge=0,
        validation_alias="CHATGPT_QUOTA_CACHE_SECONDS",
        description="How old an account's limits may be before they are asked for again.",
    )
    history_days: float = Field(
        30,
        gt=0,
        validation_alias="CHATGPT_QUOTA_HISTORY_DAYS",
        description="Days that readings of quota are kept for plots.",
    )

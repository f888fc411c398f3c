"""Accounts and what is remembered of them, without a database."""

from __future__ import annotations

from datetime import datetime, timedelta

from bridge.accounts.cooldowns import Cooldown


def cooling(scope: str, until: datetime, reason: str = "burst") -> Cooldown:
    """A cooldown that began a minute before its end."""
    since = until - timedelta(minutes=1)
    return Cooldown(scope, reason, "told", "upstream said so", since, until, timedelta(minutes=15))

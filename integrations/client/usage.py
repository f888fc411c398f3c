"""Quota, usage and slots as typed calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from integrations.client.models import Answer
from integrations.client.transport import Transport

_USAGE = "/chatgpt/usage"
_LIMITS = "/chatgpt/limits"


class Usage(Answer):
    """What is left of each account's quota; an entry is as the API describes it."""

    generated_at: str = ""
    accounts: tuple[dict[str, Any], ...] = ()


class UsageCounts(Answer):
    """What was asked for, one entry for each combination of what `by` names."""

    since: str = ""
    by: tuple[str, ...] = ()
    data: tuple[dict[str, Any], ...] = ()


class SlotLimits(Answer):
    """Slots by plan and by account, with their sources, what is saved of them, and what is worth knowing."""

    plans: dict[str, dict[str, dict[str, Any]]] = {}
    accounts: dict[str, dict[str, dict[str, Any]]] = {}
    saved: dict[str, dict[str, dict[str, int]]] = {}
    warnings: tuple[str, ...] = ()


class UsageCalls:
    """What `BridgeClient.usage` can do."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def now(self, *, refresh: bool = False) -> Usage:
        """What is left; `refresh` asks upstream also where the figures are new."""
        query = "?refresh=true" if refresh else ""
        return Usage.model_validate(self._transport.json("GET", f"{_USAGE}{query}"))

    def counts(self, *, by: str, since: str | None = None) -> UsageCounts:
        """What was asked for since a day, told apart by what `by` names."""
        query = urlencode({"by": by} | ({} if since is None else {"since": since}))
        return UsageCounts.model_validate(self._transport.json("GET", f"{_USAGE}/counts?{query}"))


class LimitCalls:
    """What `BridgeClient.limits` can do; needs a key that administers."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def now(self) -> SlotLimits:
        """What is in force."""
        return SlotLimits.model_validate(self._transport.json("GET", _LIMITS))

    def change(self, changes: Mapping[str, Any]) -> SlotLimits:
        """Save some numbers beside those that are saved."""
        return SlotLimits.model_validate(self._transport.json("PATCH", _LIMITS, changes))

    def reset(self) -> SlotLimits:
        """Forget everything that was saved."""
        return SlotLimits.model_validate(self._transport.json("PUT", _LIMITS, {}))

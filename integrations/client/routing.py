"""Where requests go, and what stands in their way, as typed calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from integrations.client.models import Answer, OperationError
from integrations.client.transport import Transport

_COOLDOWNS = "/chatgpt/cooldowns"


class RouteVerdict(Answer):
    """What becomes of one account; `place` is `None` for one that is passed over."""

    account: str
    plan: str | None = None
    place: int | None = None
    reason: str | None = None
    eligible_again_at: float | None = None
    text: str = ""


class RouteExplanation(Answer):
    """Where a request would go. `outcome`: `served`, `waits_for_a_slot` (a chat), `waits` (long work) or `refused`.

    `retry_after` are the seconds of the refusal's header of that name; `fallback_model` is who would answer in place of
    the model that is asked for, and `own_model` what would become of it with that one.
    """

    kind: str = ""
    strategy: str = ""
    fallback_model: str | None = None
    own_model: RouteExplanation | None = None
    account: str | None = None
    outcome: str = ""
    error: OperationError | None = None
    retry_after: str | None = None
    accounts: tuple[RouteVerdict, ...] = ()


class Cooldown(Answer):
    """What an account is not asked for at present.

    `state`: `running`; `over`, so that the next request tries the account; or `trying`, because one does.
    """

    account: str
    scope: str = ""
    reason: str = ""
    source: str = ""
    evidence: str = ""
    until: float | None = None
    seconds_left: int = 0
    longest_seconds: int = 0
    strikes: int = 1
    state: str = ""


class CooldownList(Answer):
    """Cooldowns of one account or of all.

    `quota_unknown`: features that refusals had called used up and of which nothing is known any more.
    """

    data: tuple[Cooldown, ...] = ()
    quota_unknown: tuple[str, ...] = ()


class RoutingCalls:
    """What `BridgeClient.routing` can do; ending cooldowns needs a key that administers."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def explain(self, kind: str, request: Mapping[str, Any]) -> RouteExplanation:
        """Where a request would go now; nothing is sent upstream."""
        told = self._transport.json("POST", "/chatgpt/route/explain", {"kind": kind, "request": dict(request)})
        return RouteExplanation.model_validate(told)

    def cooldowns(self, account: str | None = None) -> CooldownList:
        """Those of one account or of all."""
        beside = "" if account is None else f"?account={quote(account, safe='')}"
        return CooldownList.model_validate(self._transport.json("GET", f"{_COOLDOWNS}{beside}"))

    def clear_cooldowns(self, account: str, scope: str | None = None) -> CooldownList:
        """End one or all of an account's; returns those that were ended."""
        body = {"account": account, **({} if scope is None else {"scope": scope})}
        return CooldownList.model_validate(self._transport.json("POST", f"{_COOLDOWNS}/clear", body))

"""`chatgpt-api admin account list`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cli import output
from cli.options import ApiKey, BaseUrl, Json, connect
from cli.times import moment

if TYPE_CHECKING:
    from integrations.client.admin_models import AccountHealth


def list_accounts(base_url: BaseUrl = None, api_key: ApiKey = None, as_json: Json = False) -> None:
    """Every account of the running bridge, one a line."""
    with connect(base_url, api_key) as client:
        accounts = client.accounts()
    if as_json:
        output.data(accounts.as_sent())
        return
    for entry in accounts.accounts:
        shown = [f"plan={entry.plan_type or '-'}", f"health={_health(entry.health)}"]
        if entry.health is not None and entry.health.until is not None:
            shown.append(f"until={moment(entry.health.until)}")
        if entry.state != "enabled":
            shown.append(f"state={entry.state}")
        if entry.error:
            shown.append(f"error={entry.error}")
        if entry.health is not None and entry.health.limited:
            shown.append(f"limited={_limited(entry.health.limited)}")
        output.result(f"{entry.account}: {' '.join(shown)}")
        if entry.health is not None and entry.health.what_to_do and entry.health.state != "ok":
            output.note(f"{entry.account}: {entry.health.what_to_do}")
    if not accounts.accounts:
        output.note("No account yet; add one with `chatgpt-api account add`.")


def _health(health: AccountHealth | None) -> str:
    """`quarantined (challenge: ChatGPT wants to see a person)`."""
    if health is None:
        return "-"
    cause = "" if health.cause in ("ok", health.state) else health.cause
    why = ": ".join(filter(None, (cause, health.detail)))
    return f"{health.state} ({why})" if why else health.state or "-"


def _limited(limited: Mapping[str, float]) -> str:
    """The models and features that it is not asked for: `bucket:image` is told as `image`."""
    return ", ".join(f"{scope.partition(':')[2] or scope} until {moment(end)}" for scope, end in limited.items())

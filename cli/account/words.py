"""What is said of an account, in words."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from cli.times import moment, moment_of, span

if TYPE_CHECKING:
    from integrations.client.accounts import Account, AccountCheck, BlockedFeature, ModelCap

_COUNTED = {"research": "deep_research", "image": "image_gen", "upload": "file_upload"}


def health(account: Account) -> str:
    """`ok`, `cooling (burst) until …`, `quarantined (challenge)`."""
    stands = account.health
    said = stands.state if stands.cause in ("", stands.state) else f"{stands.state} ({stands.cause})"
    return said if stands.until is None else f"{said} until {moment(stands.until)}"


def advice(account: Account) -> str:
    """What its operator should do; empty where there is nothing to do."""
    stands = account.health
    if not account.in_pool:
        return "Name it in CHATGPT_ACCOUNTS, or leave that unset, to have it serve."
    if stands.state != "ok" or stands.cause not in ("", "ok"):
        return stands.what_to_do
    return forecast(account) or ""


def forecast(account: Account) -> str | None:
    """What to do about a capture that ends soon, `None` for one that does not."""
    return None if account.forecast.stage in ("", "fine", "unknown") else account.forecast.message


def end(account: Account) -> str | None:
    """When the capture ends, how long that is, and what of it ends first."""
    told = account.forecast
    if told.expires_at is None:
        return None
    left = told.expires_at - time.time()
    when = f"in {span(left)}" if left > 0 else "over"
    return f"{moment(told.expires_at)} ({when}, by its {told.expires_by})"


def slots(account: Account) -> str:
    """Taken slots of each kind of work, and how many there are."""
    taken = account.in_flight.items()
    return " ".join(f"{bucket}={slot.get('used', 0)}/{slot.get('limit', 0)}" for bucket, slot in taken)


def efforts(account: Account) -> list[str] | None:
    """The thinking efforts of each model that has some."""
    known = account.capabilities.efforts
    return [f"{slug} ({' '.join(offered)})" for slug, offered in known.items()] or None


def limits(account: Account) -> list[str]:
    """What an account may not do now, and until when."""
    return limited(account.health.limited, account.blocked_features, account.model_limits)


def limited(
    scopes: Mapping[str, float | None], blocked: Iterable[BlockedFeature], capped: Iterable[ModelCap]
) -> list[str]:
    """What the account may not do now, and until when: as refusals have taught, and as upstream's limits say."""
    ends = {scope: moment(until) for scope, until in scopes.items()}
    ends |= {feature.name: moment_of(feature.resets_after) for feature in blocked}
    ends |= {f"model:{cap.model_slug}": moment_of(cap.resets_after) for cap in capped}
    return [name + (f" until {until}" if until else "") for name, until in ends.items()]


def remaining(checked: AccountCheck) -> dict[str, object]:
    """What is left of each feature, as far as it is known."""
    return {f"{name}_remaining": _left(checked.features.get(feature, {})) for name, feature in _COUNTED.items()}


def _left(feature: Mapping[str, object]) -> object:
    if feature.get("blocked"):
        return "blocked"
    left = feature.get("remaining")
    return "not reported" if left is None else left

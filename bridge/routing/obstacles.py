"""What stands in the way of an account: of several things, the one that ends last."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from bridge.accounts.account import Account, AccountState
from bridge.accounts.cooldowns import Cooldown, in_the_way, limiting
from bridge.accounts.leases import count
from bridge.routing.needs import Needs
from bridge.routing.reasons import (
    BUSY,
    EXHAUSTED,
    SWITCHED_OFF,
    TRYING,
    UNSUPPORTED,
    UNSUPPORTED_EFFORT,
    too_little,
    words,
)
from bridge.routing.strategies import Scene


class Obstacle(NamedTuple):
    """A reason, and when it ends: `None` where somebody has to act, or another request has to end.

    `text` is empty where the reason's own words say it all.
    """

    reason: str
    until: datetime | None = None
    text: str = ""


def obstacle(account: Account, needs: Needs, scene: Scene) -> Obstacle | None:
    """Why an account cannot serve, `None` when it can.

    What does not end by itself comes before what does, because waiting for the latter helps nobody. Of what ends by
    itself the one that ends last counts: that is when the account can serve again.
    """
    lasting = (
        _capability(account, needs)
        or _capture(account)
        or _switched_off(account, needs)
        or _state(account)
        or _health(account, scene.now)
    )
    if lasting is not None:
        return lasting
    ends = [found for found in (_cooling(account, needs, scene.now), _quota(account, needs)) if found is not None]
    if ends:
        return max(ends, key=lambda found: found.until or scene.now)
    return _tried(account, needs, scene) or _full(account, needs, scene)


def met(account: Account, needs: Needs) -> list[Cooldown]:
    """The cooldowns that a request meets, also those whose end has passed."""
    if not account.memory.cooldowns:
        return []
    return in_the_way(account.memory.cooldowns, limiting(needs.slug, needs.buckets))


def _capability(account: Account, needs: Needs) -> Obstacle | None:
    known = account.capabilities
    if needs.slug == "auto" or known.open_ended or not known.models:
        # Of a plan or a capture that nobody can read nothing can be ruled out.
        return None
    if needs.slug not in known.models:
        return Obstacle(UNSUPPORTED, text=f"its plan does not offer {needs.slug}")
    efforts = known.efforts.get(needs.slug, ())
    if needs.effort is None or not efforts or needs.effort in efforts:
        return None
    offered = " or ".join((", ".join(efforts[:-1]), efforts[-1])) if len(efforts) > 1 else efforts[0]
    return Obstacle(UNSUPPORTED_EFFORT, text=f"its plan offers {needs.slug} with the effort {offered}")


def _capture(account: Account) -> Obstacle | None:
    return None if account.error is None else Obstacle(account.error.code)


def _switched_off(account: Account, needs: Needs) -> Obstacle | None:
    off = [bucket.value for bucket in needs.buckets if account.slots(bucket) == 0]
    return Obstacle(SWITCHED_OFF, text=f"it has no slots for {' and '.join(off)}") if off else None


def _state(account: Account) -> Obstacle | None:
    if account.state is AccountState.ENABLED:
        return None
    said = account.memory.state_reason
    return Obstacle(account.state.value, text=f"{words(account.state.value)}: {said}" if said else "")


def _health(account: Account, now: datetime) -> Obstacle | None:
    cause = account.quarantined(now)
    return None if cause is None else Obstacle(cause.value)


def _cooling(account: Account, needs: Needs, now: datetime) -> Obstacle | None:
    running = [cooldown for cooldown in met(account, needs) if not cooldown.over(now)]
    if not running:
        return None
    last = max(running, key=lambda cooldown: cooldown.until)
    kind, _, slug = last.scope.partition(":")
    text = f"its limit for {'messages' if slug == 'auto' else slug} is reached" if kind == "model" else ""
    return Obstacle(last.reason, last.until, text)


def _quota(account: Account, needs: Needs) -> Obstacle | None:
    fact = account.quota(needs.features)
    return Obstacle(EXHAUSTED, fact.until, too_little(fact)) if fact.status == "insufficient" else None


def _tried(account: Account, needs: Needs, scene: Scene) -> Obstacle | None:
    tries = any((account.alias, cooldown.scope) in scene.trying for cooldown in met(account, needs))
    return Obstacle(TRYING) if tries else None


def _full(account: Account, needs: Needs, scene: Scene) -> Obstacle | None:
    for bucket in needs.buckets:
        slots = account.slots(bucket)
        if count(scene.used, account.alias, bucket) >= slots:
            taken = f"its {slots} slots" if slots > 1 else "its one slot"
            return Obstacle(BUSY, text=f"{taken} for {bucket.value} {'are' if slots > 1 else 'is'} taken")
    return None

"""What the operator says of an account: whether it works, how much, and what it is for (docs/accounts.md)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from typing import Any, Final

from bridge import audit
from bridge.accounts.account import Account, AccountState, Memory
from bridge.accounts.events import happened
from bridge.accounts.leases import Transaction
from bridge.accounts.memory import bump, recall_one, remember
from bridge.accounts.registry import Registry
from bridge.store.engine import Store
from core.clock import utc_now
from core.errors import InvalidRequestError, NotFoundError
from core.logging import get_logger

_log = get_logger(__name__)

MOST_WEIGHT = 100
MOST_TAGS = 16
LONGEST_NOTE = 500
LONGEST_REASON = 200
_TAG = re.compile(r"[a-z0-9-]{1,32}")
_VERBS = {
    AccountState.ENABLED: "account.resumed",
    AccountState.PAUSED: "account.paused",
    AccountState.DRAINING: "account.draining",
}


class Keep(Enum):
    """Stands for what is not said, where nothing is a value too."""

    IT = "keep"


KEEP: Final = Keep.IT


class AccountChanges:
    """Changes accounts while the bridge runs; a change counts from the next request on, in every process."""

    def __init__(self, store: Store, registry: Registry) -> None:
        self._store = store
        self._registry = registry

    async def change(
        self,
        alias: str,
        actor: str,
        *,
        state: AccountState | str | None = None,
        reason: str | None = None,
        weight: int | Keep | None = KEEP,
        tags: Sequence[str] | None = None,
        note: str | None = None,
    ) -> Account:
        """Change what is named; the rest stays.

        What an account has begun it goes on with, whatever its state. One that is woken serves those who wait.

        Args:
            actor: who does it, for the audit log.
            state: `enabled`, `paused` or `draining`; a reason that was given for another state goes with it.
            reason: why it is in that state, for people; 200 characters.
            weight: 1 to 100, its share under the strategy `weighted`; `None` leaves it to the plan.
            tags: up to 16 of `a-z`, `0-9` and `-`, each of 32 characters; doubles count once.
            note: for people; 500 characters.

        Returns:
            The account as it is now.

        Raises:
            NotFoundError: there is no account of that name.
            InvalidRequestError: a value is not allowed; `param` names it. Nothing was changed.
            StoreError: nothing was changed.
        """
        if all(account.alias != alias for account in await self._registry.every()):
            raise NotFoundError(f"There is no account {alias!r}.")
        wanted = _wanted(state, reason, weight, tags, note)

        def work(conn: Transaction) -> bool:
            return _change(conn, alias, actor, wanted)

        if await self._store.write(work, durable=True):
            self._registry.changed()
            _log.info("account_changed", account=alias, fields=sorted(wanted))
        return next(account for account in await self._registry.every() if account.alias == alias)


def _change(conn: Transaction, alias: str, actor: str, wanted: dict[str, Any]) -> bool:
    """Write what differs, and tell of it; returns whether anything does."""
    before = recall_one(conn, alias)
    was = plain(before)
    if wanted.get("state", was["state"]) != was["state"]:
        wanted.setdefault("state_reason", "")
    changed = {name: value for name, value in wanted.items() if was[name] != value}
    if not changed:
        return False
    now = utc_now()
    remember(conn, alias, now, **changed)
    action = _VERBS[AccountState(changed["state"])] if "state" in changed else "account.changed"
    old = {name: was[name] for name in changed}
    happened(conn, alias, action, now, before=old, after=changed)
    audit.record(conn, actor, action, alias, old, changed)
    bump(conn)
    return True


def plain(memory: Memory) -> dict[str, Any]:
    """What the operator has said of an account."""
    return {
        "state": memory.state.value,
        "state_reason": memory.state_reason,
        "weight": memory.weight,
        "tags": list(memory.tags),
        "note": memory.note,
    }


def _wanted(
    state: AccountState | str | None,
    reason: str | None,
    weight: int | Keep | None,
    tags: Sequence[str] | None,
    note: str | None,
) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    if state is not None:
        wanted["state"] = _state(state)
    if reason is not None:
        wanted["state_reason"] = _text(reason, "reason", LONGEST_REASON)
    if not isinstance(weight, Keep):
        wanted["weight"] = _weight(weight)
    if tags is not None:
        wanted["tags"] = _tags(tags)
    if note is not None:
        wanted["note"] = _text(note, "note", LONGEST_NOTE)
    return wanted


def _state(state: str) -> str:
    try:
        return AccountState(state).value
    except ValueError:
        known = ", ".join(one.value for one in AccountState)
        raise InvalidRequestError(f"`state` must be one of {known}.", param="state") from None


def _weight(weight: int | None) -> int | None:
    if weight is not None and not 1 <= weight <= MOST_WEIGHT:
        raise InvalidRequestError(f"`weight` must be 1 to {MOST_WEIGHT}, or null for the plan's.", param="weight")
    return weight


def _tags(tags: Sequence[str]) -> list[str]:
    distinct = list(dict.fromkeys(tags))
    if len(distinct) > MOST_TAGS or not all(_TAG.fullmatch(tag) for tag in distinct):
        raise InvalidRequestError(
            f"`tags` must be up to {MOST_TAGS} words of 1 to 32 small letters, digits and `-`.", param="tags"
        )
    return distinct


def _text(text: str, param: str, longest: int) -> str:
    text = text.strip()
    if len(text) > longest or not all(character.isprintable() or character in "\n\t" for character in text):
        raise InvalidRequestError(f"`{param}` must be at most {longest} printable characters.", param=param)
    return text

"""The errors of requests that nobody can serve; each says why for every account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from bridge.accounts.account import Account
from bridge.routing.eligibility import Choice, choose
from bridge.routing.needs import Needs
from bridge.routing.reasons import (
    NOT_CONFIGURED,
    SWITCHED_OFF,
    UNSUPPORTED,
    UNSUPPORTED_EFFORT,
    clause,
    header,
    sentence,
)
from bridge.routing.strategies import Scene
from core.contracts.operations import SkippedAccount
from core.errors import (
    AccountNotConfiguredError,
    AccountsBusyError,
    AccountsNeedCareError,
    BridgeError,
    FeatureSwitchedOffError,
    NoEligibleAccountError,
    UnsupportedModelError,
)

_NOBODY: Mapping[str, str] = MappingProxyType({})
_SLOT_SECONDS = 5.0
"""A sensible moment to try again for a slot: nobody knows when one is given back."""

_NOT_OFFERED = frozenset({UNSUPPORTED, UNSUPPORTED_EFFORT, NOT_CONFIGURED})


def refusal(choice: Choice, needs: Needs, now: datetime, *, tried: Mapping[str, str] = _NOBODY) -> BridgeError:
    """The error of a request that nobody can serve now, and when to come back.

    Args:
        tried: the accounts that failed at it, and the code of the error that each failed with.
    """
    never = refusal_for_ever(choice, needs)
    if never is not None:
        return never
    said = "no account can serve this: " + "; ".join(sentence(skip, now) for skip in choice.skipped)
    route, ends = header(needs.strategy, choice.skipped, tried=tried), _ends(choice, now)
    if not ends:
        return AccountsNeedCareError(said, route=route)
    return NoEligibleAccountError(said, retry_after_seconds=max(min(ends), 1), route=route)


def busy(choice: Choice, needs: Needs, now: datetime, *, tried: Mapping[str, str] = _NOBODY) -> AccountsBusyError:
    """The error of a chat that waits for a slot in vain; `tried` as in `refusal`."""
    said = "; ".join(sentence(skip, now) for skip in choice.skipped)
    after = max(min([_SLOT_SECONDS, *_ends(choice, now)]), 1)
    route = header(needs.strategy, choice.skipped, tried=tried)
    return AccountsBusyError(f"no slot is free for this: {said}", retry_after_seconds=after, route=route)


def require_possible(accounts: Sequence[Account], needs: Needs, now: datetime) -> None:
    """See that somebody could serve a request some day, which then may wait for that.

    Raises:
        AccountNotConfiguredError: there is no account, or none of those named in `needs`.
        UnsupportedModelError: no account's plan offers the model, or the effort.
        FeatureSwitchedOffError: no account that could do it has slots for such work.
    """
    choice = choose(accounts, needs, Scene({}, now))
    never = None if choice.account is not None else refusal_for_ever(choice, needs)
    if never is not None:
        raise never


def refusal_for_ever(choice: Choice, needs: Needs) -> BridgeError | None:
    """The error of a request that nobody serves and that waiting does not help; `None` where it might."""
    passed = choice.skipped
    reasons = {skip.reason for skip in passed}
    if reasons == {NOT_CONFIGURED}:
        named = ", ".join(skip.account for skip in passed if skip.account)
        return AccountNotConfiguredError(f"no such account: {named}" if named else "there is no account")
    if reasons <= _NOT_OFFERED:
        return _not_offered(passed, needs)
    if reasons <= {SWITCHED_OFF, *_NOT_OFFERED}:
        named = " and ".join(bucket.value for bucket in needs.buckets)
        return FeatureSwitchedOffError(f"every account that could serve this has no slots for {named}")
    return None


def _ends(choice: Choice, now: datetime) -> list[float]:
    """The seconds until reasons end by themselves."""
    return [(skip.until - now).total_seconds() for skip in choice.skipped if skip.until is not None]


def _not_offered(passed: Sequence[SkippedAccount], needs: Needs) -> UnsupportedModelError:
    some = [f"{skip.account}: {clause(skip)}" for skip in passed if skip.reason == UNSUPPORTED_EFFORT]
    if not some:
        return UnsupportedModelError(f"no account's plan offers {needs.slug}", param="model")
    return UnsupportedModelError(
        f"no account's plan offers {needs.slug} with the thinking effort {needs.effort}; {'; '.join(some)}",
        param="thinking_effort",
    )

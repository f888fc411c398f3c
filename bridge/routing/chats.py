"""A slot for a chat, inside one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from bridge.accounts import leases, memory
from bridge.accounts.account import Account
from bridge.accounts.leases import Transaction
from bridge.routing.eligibility import NOT_CONFIGURED, SWITCHED_OFF, UNSUPPORTED, Choice, choose
from bridge.routing.needs import Needs
from bridge.routing.reasons import sentence
from bridge.routing.strategies import Scene
from bridge.routing.taking import look, settle
from core.contracts.operations import SkippedAccount
from core.errors import (
    AccountNotConfiguredError,
    BridgeError,
    FeatureSwitchedOffError,
    NoEligibleAccountError,
    UnsupportedModelError,
)


@dataclass(frozen=True, slots=True)
class Want:
    """One chat that asks for a slot. The lease's id is made beforehand, so that it can be given back unseen."""

    lease_id: str
    needs: Needs
    exclude: Collection[str] = ()
    prefer: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """A slot that is taken.

    Attributes:
        skipped: who was passed over on the way.
        affine: whether it is the account that answered the conversation before.
    """

    lease_id: str
    account: Account
    skipped: tuple[SkippedAccount, ...] = ()
    affine: bool = False


def serving(
    wants: Sequence[Want], accounts: Sequence[Account], *, revision: int, process_id: str, now: datetime
) -> Callable[[Transaction], list[Grant | BridgeError | None]]:
    """Work for the store: takes a slot for each want in order.

    Args:
        accounts: the registry's snapshot at `revision`; where the rows have moved on, they are read anew.

    Returns:
        For each want a grant, the error that says why nobody can serve it, or `None` when slots are only taken.
    """

    def work(conn: Transaction) -> list[Grant | BridgeError | None]:
        pool = accounts if memory.revision(conn) == revision else memory.refreshed(conn, accounts)
        scene = look(conn, pool, [want.needs for want in wants], now)
        return [_serve(conn, want, pool, scene, process_id) for want in wants]

    return work


def _serve(
    conn: Transaction, want: Want, pool: Sequence[Account], scene: Scene, process_id: str
) -> Grant | BridgeError | None:
    choice = choose(pool, want.needs, scene, exclude=want.exclude, prefer=want.prefer)
    if choice.account is None:
        return None if choice.only_busy else refusal(choice, want.needs, scene.now)
    leases.take_for_process(
        conn,
        lease_id=want.lease_id,
        process_id=process_id,
        account=choice.account.alias,
        buckets=want.needs.buckets,
        now=scene.now,
    )
    settle(conn, scene, choice, want.needs, want.lease_id)
    return Grant(want.lease_id, choice.account, choice.skipped, affine=choice.score is None)


def refusal(choice: Choice, needs: Needs, now: datetime) -> BridgeError:
    """The error of a request that nobody can serve; it says why for each account, and when to come back."""
    reasons = {skip.reason for skip in choice.skipped}
    if reasons == {NOT_CONFIGURED}:
        named = ", ".join(skip.account for skip in choice.skipped if skip.account)
        return AccountNotConfiguredError(f"no such account: {named}" if named else "there is no account")
    if reasons <= {UNSUPPORTED, NOT_CONFIGURED}:
        return UnsupportedModelError(f"no account's plan offers {needs.slug}", param="model")
    if reasons <= {SWITCHED_OFF, UNSUPPORTED, NOT_CONFIGURED}:
        named = " and ".join(bucket.value for bucket in needs.buckets)
        return FeatureSwitchedOffError(f"every account that could serve this has no slots for {named}")
    ends = [skip.until for skip in choice.skipped if skip.until is not None]
    return NoEligibleAccountError(
        "no account can serve this: " + "; ".join(sentence(skip, now) for skip in choice.skipped),
        retry_after_seconds=max((min(ends) - now).total_seconds(), 1) if ends else None,
    )

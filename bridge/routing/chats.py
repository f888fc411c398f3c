"""A slot for a chat, inside one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bridge.accounts import conversations, leases, memory
from bridge.accounts.account import Account
from bridge.accounts.leases import Transaction
from bridge.routing.eligibility import Choice, choose
from bridge.routing.needs import Needs
from bridge.routing.queue import NotYet
from bridge.routing.refusing import busy, refusal
from bridge.routing.strategies import Scene
from bridge.routing.taking import look, settle
from core.contracts.operations import SkippedAccount
from core.contracts.routing import Strategy
from core.errors import AccountsBusyError, BridgeError

OTHERS_WAIT = NotYet(AccountsBusyError("others wait in line for a slot", retry_after_seconds=5))
"""Why somebody waits whom an account could serve: others were there before."""


@dataclass(frozen=True, slots=True)
class Want:
    """One chat that asks for a slot. The lease's id is made beforehand, so that it can be given back unseen.

    Attributes:
        exclude: accounts that failed at it, and the code of the error that each failed with.
        prefer: who answered the conversation before, as this process knows.
        key: the conversation's name, `None` without one.
    """

    lease_id: str
    needs: Needs
    exclude: Mapping[str, str] = field(default_factory=dict)
    prefer: str | None = None
    key: str | None = None


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
) -> Callable[[Transaction], list[Grant | BridgeError | NotYet]]:
    """Work for the store: takes a slot for each want in order.

    Args:
        accounts: the registry's snapshot at `revision`; where the rows have moved on, they are read anew.

    Returns:
        For each want a grant, the error that says why nobody can serve it, or why it has to wait for a slot.
    """

    def work(conn: Transaction) -> list[Grant | BridgeError | NotYet]:
        pool, scene = _seen(conn, wants, accounts, revision, now)
        return [_serve(conn, want, pool, scene, process_id) for want in wants]

    return work


def looking(
    want: Want, accounts: Sequence[Account], *, revision: int, now: datetime
) -> Callable[[Transaction], BridgeError | NotYet]:
    """Work for the store: what would be said to a want that others stand before; nothing is taken."""

    def work(conn: Transaction) -> BridgeError | NotYet:
        pool, scene = _seen(conn, [want], accounts, revision, now)
        choice = choose(pool, want.needs, scene, exclude=want.exclude, prefer=preferred(conn, want))
        return OTHERS_WAIT if choice.account is not None else _verdict(choice, want, now)

    return work


def preferred(conn: Transaction, want: Want) -> str | None:
    """Who answered the conversation before; under a strategy that never changes the account, as all processes know."""
    if want.needs.strategy is not Strategy.STICKY:
        return want.prefer
    return conversations.account_of(conn, want.key) or want.prefer


def _seen(
    conn: Transaction, wants: Sequence[Want], accounts: Sequence[Account], revision: int, now: datetime
) -> tuple[Sequence[Account], Scene]:
    pool = accounts if memory.revision(conn) == revision else memory.refreshed(conn, accounts)
    return pool, look(conn, pool, [want.needs for want in wants], now)


def _serve(
    conn: Transaction, want: Want, pool: Sequence[Account], scene: Scene, process_id: str
) -> Grant | BridgeError | NotYet:
    choice = choose(pool, want.needs, scene, exclude=want.exclude, prefer=preferred(conn, want))
    if choice.account is None:
        return _verdict(choice, want, scene.now)
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


def _verdict(choice: Choice, want: Want, now: datetime) -> BridgeError | NotYet:
    """What is said to a want that nobody can serve now."""
    if choice.only_busy:
        return NotYet(busy(choice, want.needs, now, tried=want.exclude))
    return refusal(choice, want.needs, now, tried=want.exclude)

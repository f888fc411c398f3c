"""Looking at the pool and taking what was chosen, inside one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bridge.accounts import cooldowns, leases, memory, turns
from bridge.accounts.account import Account
from bridge.accounts.leases import Transaction
from bridge.routing.eligibility import Choice, ended
from bridge.routing.needs import Needs
from bridge.routing.strategies import IN_TURN, Scene, share_of
from core.contracts.routing import Strategy


def look(conn: Transaction, pool: Sequence[Account], wanted: Sequence[Needs], now: datetime) -> Scene:
    """What this transaction sees, as far as anybody wants to know it."""
    probes = {
        cooldown.probe: (account.alias, cooldown.scope)
        for account in pool
        for cooldown in account.memory.cooldowns.values()
        if cooldown.probe is not None
    }
    held = cooldowns.held(conn, tuple(probes))
    strategies = {strategy for strategy in IN_TURN if any(needs.strategy is strategy for needs in wanted)}
    return Scene(
        leases.used(conn),
        now,
        trying={place for lease, place in probes.items() if lease in held},
        pool=frozenset(account.alias for account in pool),
        turns={strategy: turns.read(conn, strategy) for strategy in strategies},
    )


def settle(conn: Transaction, scene: Scene, choice: Choice, needs: Needs, lease_id: str) -> None:
    """Remember what the choice of an account means for those that follow, now and in this transaction.

    The slots themselves are the caller's to take.
    """
    account = choice.account
    assert account is not None
    leases.add(scene.used, account.alias, needs.buckets)
    if account.memory.cooldowns:
        _try(conn, scene, account, needs, lease_id)
    if needs.strategy in IN_TURN and choice.score is not None:
        _took(conn, scene, choice, account.alias, needs.strategy)


def _try(conn: Transaction, scene: Scene, account: Account, needs: Needs, lease_id: str) -> None:
    scopes = ended(account, needs, scene.now)
    cooldowns.try_with(conn, account.alias, scopes, lease_id)
    scene.trying.update((account.alias, scope) for scope in scopes)
    if scopes:
        memory.bump(conn)


def _took(conn: Transaction, scene: Scene, choice: Choice, alias: str, strategy: Strategy) -> None:
    shares = {able.alias: share_of(strategy, able) for able, _ in choice.order}
    after = turns.took(conn, strategy, scene.turns[strategy], alias, shares, scene.pool)
    scene.turns = {**scene.turns, strategy: after}

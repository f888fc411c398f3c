"""Accounts for those in line, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bridge.accounts import leases, tickets
from bridge.accounts.account import Account
from bridge.accounts.leases import Transaction, release_operation, release_upload
from bridge.accounts.memory import refreshed
from bridge.routing.eligibility import choose
from bridge.routing.needs import Needs
from bridge.routing.reasons import header
from bridge.routing.taking import look, settle
from core.contracts.operations import SkippedAccount

__all__ = ["grant_next", "release_operation", "release_upload"]


def grant_next(conn: Transaction, accounts: Sequence[Account], now: datetime) -> tuple[str, ...]:
    """Walk the line in order and give each operation the first account that can serve it.

    Whoever nobody can serve now is passed over, with the reasons on its ticket and in its row. Belongs into the
    transaction of every release.

    Args:
        accounts: the registry's snapshot; health, cooldowns and limits are read anew.

    Returns:
        The operations that hold an account since now: the caller signals their workflows after the commit.
    """
    line = tickets.waiting(conn)
    if not line:
        return ()
    pool, granted = refreshed(conn, accounts), []
    wanted = {ticket.needs: Needs.model_validate_json(ticket.needs) for ticket in line}
    scene = look(conn, pool, list(wanted.values()), now)
    # Slots only get fewer during the walk, so what was refused once is refused again.
    refused: dict[str, tuple[SkippedAccount, ...]] = {}
    for ticket in line:
        if ticket.needs in refused:
            tickets.passed_over(conn, ticket, refused[ticket.needs])
            continue
        needs = wanted[ticket.needs]
        choice = choose(pool, needs, scene)
        if choice.account is None:
            refused[ticket.needs] = choice.skipped
            tickets.passed_over(conn, ticket, choice.skipped)
            continue
        alias = choice.account.alias
        leases.take_for_operation(conn, operation_id=ticket.operation_id, account=alias, buckets=needs.buckets, now=now)
        route = header(needs.strategy, choice.skipped, tried=needs.tried)
        tickets.served(conn, operation_id=ticket.operation_id, account=alias, route=route)
        settle(conn, scene, choice, needs, ticket.operation_id)
        granted.append(ticket.operation_id)
    return tuple(granted)

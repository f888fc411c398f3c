"""Where a request would go now, and why not elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bridge.accounts.account import Account
from bridge.routing.eligibility import Choice, choose
from bridge.routing.needs import Needs
from bridge.routing.reasons import (
    NOT_ALLOWED,
    NOT_CHOSEN,
    NOT_IN_POOL,
    NOT_STICKY,
    again_in,
    clause,
    enough,
    number,
    skipped,
)
from bridge.routing.refusing import refusal, refusal_for_ever
from bridge.routing.strategies import Scene, Score, ranked, weight_of
from core.contracts.operations import SkippedAccount
from core.contracts.routing import Strategy
from core.errors import BridgeError

Outcome = Literal["served", "waits_for_a_slot", "waits", "refused"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one account.

    Attributes:
        place: 1 for the one that serves, 2 for the next, ...; `None` for an account that is passed over.
        reason: why it is passed over, `None` for an account that could serve.
        until: when that ends, `None` when nobody knows or somebody has to act.
        text: the same as a sentence.
        score: what its place comes from, `None` for an account that is passed over.
        affine: it answered the conversation before.
    """

    alias: str
    place: int | None
    reason: str | None
    until: datetime | None
    text: str
    score: Score | None = None
    weight: int | None = None
    affine: bool = False


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where a request would go.

    Attributes:
        account: who would serve it now, `None` for nobody.
        outcome: `waits_for_a_slot`: a chat, as long as its patience lasts; `waits`: long work, for as long as it takes.
        refusal: the error it would get, `None` when it would be served or wait.
        verdicts: every account: those that could serve first, in their order.
    """

    needs: Needs
    account: str | None
    outcome: Outcome
    refusal: BridgeError | None
    verdicts: tuple[Verdict, ...]


def explained(
    accounts: Sequence[Account],
    needs: Needs,
    scene: Scene,
    *,
    prefer: str | None = None,
    apart: Sequence[SkippedAccount] = (),
) -> Explanation:
    """What `choose` would say, with the reasons; nothing is taken and nothing is written.

    Args:
        needs: with its strategy resolved.
        prefer: who answered the conversation before.
        apart: accounts that are not among those that are chosen from.
    """
    choice = choose(accounts, needs, scene, prefer=prefer, thorough=True)
    scores = {account.alias: score for account, score in ranked([a for a, _ in choice.order], needs, scene)}
    order = [(account, scores[account.alias]) for account, _ in choice.order]
    verdicts = [
        _able(order[:place], needs, affine=account.alias == prefer) for place, (account, _) in enumerate(order, 1)
    ]
    passed = [skip for skip in choice.skipped if skip.account]
    seen = {verdict.alias for verdict in verdicts} | {skip.account for skip in passed}
    passed += _not_sticky(accounts, needs, seen)
    verdicts += [_passed(skip, scene.now) for skip in (*passed, *apart)]
    outcome, error = _outcome(choice, needs, scene.now)
    return Explanation(needs, None if choice.account is None else choice.account.alias, outcome, error, tuple(verdicts))


def left_out(
    every: Sequence[Account], pool: Sequence[Account], needs: Needs, allowed: Collection[str]
) -> tuple[SkippedAccount, ...]:
    """The accounts that the request, its API key or the configured pool keep out of the choice, and which of them."""
    inside = {account.alias for account in pool}
    apart = []
    for alias in (account.alias for account in every):
        if alias not in inside:
            apart.append(skipped(alias, NOT_IN_POOL))
        elif allowed and alias not in allowed:
            apart.append(skipped(alias, NOT_ALLOWED))
        elif needs.accounts and alias not in needs.accounts:
            apart.append(skipped(alias, NOT_CHOSEN))
    return tuple(apart)


def _outcome(choice: Choice, needs: Needs, now: datetime) -> tuple[Outcome, BridgeError | None]:
    if choice.account is not None:
        return "served", None
    if needs.kind != "chat":
        never = refusal_for_ever(choice, needs)
        return ("waits", None) if never is None else ("refused", never)
    if choice.only_busy:
        return "waits_for_a_slot", None
    return "refused", refusal(choice, needs, now)


def _able(order: Sequence[tuple[Account, Score]], needs: Needs, *, affine: bool) -> Verdict:
    """The last one of these."""
    (account, score), place = order[-1], len(order)
    parts = ["it answered this conversation before"] if affine else _by_strategy(order, needs.strategy)
    parts.append(f"{round(score.load * 100)} % of its slots for this are taken")
    if needs.features:
        parts.append(enough(score.quota))
    return Verdict(
        account.alias,
        place,
        None,
        None,
        f"{'Serves' if place == 1 else 'Could serve'}: {', '.join(parts)}.",
        score,
        weight_of(account),
        affine,
    )


def _by_strategy(order: Sequence[tuple[Account, Score]], strategy: Strategy | None) -> list[str]:
    """What the place comes from under a strategy that looks at neither slots nor quota."""
    if strategy is Strategy.RANDOM:
        return ["by chance, anew for each request"]
    if strategy in (Strategy.FAILOVER, Strategy.STICKY):
        return [f"it is number {len(order)} of those that could"]
    account, score = order[-1]
    if score.credit is None:
        return []
    weight = f" with a weight of {weight_of(account)}" if strategy is Strategy.WEIGHTED else ""
    return [f"it has {number(score.credit)} to its credit{weight}", *_compared(order)]


def _compared(order: Sequence[tuple[Account, Score]]) -> list[str]:
    """Why it comes after the one before it, where turns are taken."""
    if len(order) < 2:
        return []
    (before, theirs), (_, own) = order[-2:]
    if theirs.credit is None or own.credit is None or theirs.credit < own.credit:
        # That one comes first for another reason.
        return []
    if theirs.credit == own.credit:
        return [f"as much as {before.alias}, which stands before it in the pool"]
    return [f"less than {before.alias}"]


def _passed(skip: SkippedAccount, now: datetime) -> Verdict:
    text = f"Passed over: {clause(skip)}{again_in(skip.until, now)}."
    return Verdict(skip.account, None, skip.reason, skip.until, text)


def _not_sticky(accounts: Sequence[Account], needs: Needs, seen: set[str]) -> list[SkippedAccount]:
    """Those that a strategy which never changes the account does not look at."""
    if needs.strategy is not Strategy.STICKY:
        return []
    order = needs.accounts or [account.alias for account in accounts]
    return [skipped(alias, NOT_STICKY) for alias in order if alias not in seen]

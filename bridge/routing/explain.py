"""Where a request would go now, and why not elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bridge.accounts.account import Account
from bridge.routing.chats import refusal
from bridge.routing.eligibility import NOT_STICKY, choose
from bridge.routing.needs import Needs
from bridge.routing.reasons import lasting, words
from bridge.routing.strategies import Scene, Score, ranked, weight_of
from core.contracts.routing import Strategy
from core.errors import BridgeError


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
        waits: nobody now, but it would wait in line for a slot.
        refusal: the error it would get, `None` when it would be served or wait.
        verdicts: every account that was looked at: those that could serve first, in their order.
    """

    needs: Needs
    account: str | None
    waits: bool
    refusal: BridgeError | None
    verdicts: tuple[Verdict, ...]


def explained(accounts: Sequence[Account], needs: Needs, scene: Scene, *, prefer: str | None = None) -> Explanation:
    """What `choose` would say, with the reasons; nothing is taken and nothing is written.

    Args:
        needs: with its strategy resolved.
        prefer: who answered the conversation before.
    """
    choice = choose(accounts, needs, scene, prefer=prefer, thorough=True)
    scores = {account.alias: score for account, score in ranked([a for a, _ in choice.order], needs, scene)}
    verdicts = [
        _able(account, place, scores[account.alias], needs, affine=account.alias == prefer)
        for place, (account, _) in enumerate(choice.order, 1)
    ]
    verdicts += [_passed(skip.account, skip.reason, skip.until, scene.now) for skip in choice.skipped]
    verdicts += [_passed(alias, NOT_STICKY, None, scene.now) for alias in _left_out(accounts, needs, verdicts)]
    waits = choice.account is None and choice.only_busy
    return Explanation(
        needs,
        None if choice.account is None else choice.account.alias,
        waits,
        None if choice.account is not None or waits else refusal(choice, needs, scene.now),
        tuple(verdicts),
    )


def _able(account: Account, place: int, score: Score, needs: Needs, *, affine: bool) -> Verdict:
    parts = []
    if affine:
        parts.append("it answered this conversation before")
    parts.append(f"{round(score.load * 100)} % of its slots for this are taken")
    if needs.features:
        parts.append(_quota(score))
    if needs.strategy is Strategy.WEIGHTED:
        parts.append(f"its weight is {weight_of(account)}")
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


def _quota(score: Score) -> str:
    if score.quota.status == "unknown":
        return "what is left of its quota is not known"
    if score.quota.remaining is None:
        return "its quota is known to suffice"
    return f"{score.quota.remaining:g} are left of its quota"


def _passed(alias: str, reason: str, until: datetime | None, now: datetime) -> Verdict:
    again = "" if until is None else f", for another {lasting((until - now).total_seconds())}"
    return Verdict(alias, None, reason, until, f"Passed over: {words(reason)}{again}.")


def _left_out(accounts: Sequence[Account], needs: Needs, seen: Sequence[Verdict]) -> list[str]:
    """Those that a strategy which never changes the account does not look at."""
    if needs.strategy is not Strategy.STICKY:
        return []
    known = {verdict.alias for verdict in seen}
    return [alias for alias in needs.accounts or [account.alias for account in accounts] if alias not in known]

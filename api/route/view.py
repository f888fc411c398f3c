"""Explanations, as clients read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.errors import answer_to
from api.route.service import Told
from bridge.routing.explain import Explanation, Verdict
from bridge.routing.reasons import NOT_ALLOWED


def explanation(told: Told) -> dict[str, Any]:
    """The whole of it: who serves, or waits, or why nobody does, and every account's verdict."""
    explained, accounts = told.explanation, told.accounts
    needs, plans = explained.needs, {account.alias: account.plan for account in accounts}
    return {
        "object": "chatgpt.route_explanation",
        "kind": needs.kind,
        "strategy": needs.strategy,
        "needs": {
            "model": needs.slug,
            "effort": needs.effort,
            "slots": [bucket.value for bucket in needs.buckets],
            "quota": dict(needs.features),
            "accounts": list(needs.accounts) or None,
        },
        "fallback_model": told.fallback,
        "own_model": None if told.own is None else _fate(told.own, plans),
        **_fate(explained, plans),
    }


def _fate(explained: Explanation, plans: Mapping[str, str | None]) -> dict[str, Any]:
    refused = None if explained.refusal is None else answer_to(explained.refusal)
    return {
        "account": explained.account,
        "outcome": explained.outcome,
        "error": None if refused is None else refused.body["error"],
        "retry_after": None if refused is None else refused.headers.get("retry-after"),
        "accounts": [_verdict(verdict, plans.get(verdict.alias)) for verdict in explained.verdicts],
    }


def _verdict(verdict: Verdict, plan: str | None) -> dict[str, Any]:
    return {
        "account": verdict.alias,
        "plan": None if verdict.reason == NOT_ALLOWED else plan,
        "place": verdict.place,
        "eligible": verdict.place is not None,
        "reason": verdict.reason,
        "eligible_again_at": None if verdict.until is None else verdict.until.timestamp(),
        "text": verdict.text,
        "score": _score(verdict),
    }


def _score(verdict: Verdict) -> dict[str, Any] | None:
    score = verdict.score
    if score is None:
        return None
    return {
        "answered_before": verdict.affine,
        "load": round(score.load, 3),
        "quota": score.quota.status,
        "quota_left": score.quota.remaining,
        "quota_resets_at": None if score.quota.until is None else score.quota.until.timestamp(),
        "weight": verdict.weight,
        "credit": score.credit,
    }

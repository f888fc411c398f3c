"""What Temporal's own UI shows of an operation without opening a payload."""

from __future__ import annotations

from collections.abc import Mapping

from temporalio.common import SearchAttributeKey, SearchAttributePair, SearchAttributeUpdate, TypedSearchAttributes

from core.contracts.buckets import Bucket
from core.contracts.operations import OperationKind, OperationState

KIND = SearchAttributeKey.for_keyword("ChatGptKind")
ACCOUNT = SearchAttributeKey.for_keyword("ChatGptAccount")
STATE = SearchAttributeKey.for_keyword("ChatGptState")
BUCKET = SearchAttributeKey.for_keyword("ChatGptBucket")

ALL = (KIND, ACCOUNT, STATE, BUCKET)
"""What a namespace has to know before a workflow may carry them; `workflows.temporal` registers them."""

_BUCKETS = {
    OperationKind.IMAGE: Bucket.IMAGE,
    OperationKind.EDIT: Bucket.IMAGE,
    OperationKind.VISION: Bucket.CHAT,
    OperationKind.RESEARCH: Bucket.RESEARCH,
    OperationKind.RESPONSE: Bucket.CHAT,
}
"""The class of work that an operation counts as; the slot for its uploads comes and goes beside it."""

SUMMARIES: Mapping[OperationKind, str] = {
    OperationKind.IMAGE: "One picture from a prompt",
    OperationKind.EDIT: "One picture made of others",
    OperationKind.VISION: "A question about pictures",
    OperationKind.RESEARCH: "Deep Research: a report with its sources",
    OperationKind.RESPONSE: "A chat in the background",
}
"""A workflow's static summary by kind; fixed words, so that they may be readable to everybody."""

RETENTION_SUMMARY = "Removal of what is old"
"""The static summary of retention."""

CARE_SUMMARY = "A look at every account"
"""The static summary of the care of accounts."""

READABLE = (*SUMMARIES.values(), RETENTION_SUMMARY, CARE_SUMMARY)
"""Everything that stays readable in Temporal's database."""


def at_start(kind: OperationKind, state: OperationState) -> TypedSearchAttributes:
    """The attributes a workflow starts with."""
    return TypedSearchAttributes(
        [
            SearchAttributePair(KIND, kind.value),
            SearchAttributePair(STATE, state.value),
            SearchAttributePair(BUCKET, _BUCKETS[kind].value),
        ]
    )


def of(state: OperationState, account: str | None) -> list[SearchAttributeUpdate[str]]:
    """What changes with every state. An alias that holds `@` looks like an address and stays out."""
    changes: list[SearchAttributeUpdate[str]] = [STATE.value_set(state.value)]
    if account is not None and "@" not in account:
        changes.append(ACCOUNT.value_set(account))
    return changes


def details(state: OperationState, account: str | None, note: str) -> str:
    """The current details in Markdown: what is happening now."""
    where = f" on account `{account}`" if account else ""
    return f"**{state.value.replace('_', ' ')}**{where}" + (f"\n\n{note}" if note else "")

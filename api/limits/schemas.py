"""Bodies of the routes for limits."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from api.validation import StrictRequest
from bridge.accounts.buckets import MOST, PLANS
from bridge.vault.aliases import is_alias


def _plans(numbers: dict[str, int | None]) -> dict[str, int | None]:
    lowered = {name.strip().lower(): number for name, number in numbers.items()}
    for name in lowered:
        if name not in PLANS:
            raise ValueError(f"{name!r} is no plan; there are {', '.join(PLANS)}")
    return lowered


def _accounts(numbers: dict[str, int | None]) -> dict[str, int | None]:
    for name in numbers:
        if not is_alias(name):
            raise ValueError(f"{name!r} cannot be an account's name")
    return numbers


Slots = Annotated[int, Field(ge=0, le=MOST)]
TalkSlots = Annotated[int, Field(ge=1, le=MOST)]


class BucketBody(StrictRequest):
    """Slots of one bucket, 0 for off; `null` says that nothing is saved."""

    plans: Annotated[dict[str, Slots | None], AfterValidator(_plans)] = Field(default_factory=dict)
    accounts: Annotated[dict[str, Slots | None], AfterValidator(_accounts)] = Field(default_factory=dict)


class TalkBody(StrictRequest):
    """Slots of chats or helpers, which cannot be switched off."""

    plans: Annotated[dict[str, TalkSlots | None], AfterValidator(_plans)] = Field(default_factory=dict)
    accounts: Annotated[dict[str, TalkSlots | None], AfterValidator(_accounts)] = Field(default_factory=dict)


class LimitsRequest(StrictRequest):
    """Slots by bucket."""

    chat: TalkBody = Field(default_factory=TalkBody)
    helper: TalkBody = Field(default_factory=TalkBody)
    upload: BucketBody = Field(default_factory=BucketBody)
    image: BucketBody = Field(default_factory=BucketBody)
    research: BucketBody = Field(default_factory=BucketBody)

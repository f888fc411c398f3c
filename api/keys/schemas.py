"""Bodies of the routes for API keys."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from api.operations.schemas import moment
from api.validation import Names, StrictRequest
from core.clock import utc_now
from core.contracts.keys import AccessScope

_LONGEST_NAME = 100
_USUAL = (AccessScope.CHAT, AccessScope.IMAGES, AccessScope.RESEARCH, AccessScope.READ)


def _name(value: str) -> str:
    name = value.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise ValueError(f"must be 1 to {_LONGEST_NAME} printable characters")
    return name


def _scopes(names: tuple[str, ...]) -> tuple[AccessScope, ...]:
    known = [scope.value for scope in AccessScope]
    if not names or not set(names) <= set(known):
        raise ValueError(f"must be one or more of {', '.join(known)}")
    return tuple(scope for scope in AccessScope if scope in names)


def _moment(value: Any) -> Any:
    return moment(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else moment(value)


def _future(value: datetime | None) -> datetime | None:
    if value is not None and value <= utc_now():
        raise ValueError("must lie in the future")
    return value


KeyName = Annotated[str, AfterValidator(_name)]
Scopes = Annotated[Names, AfterValidator(_scopes)]
PerMinute = Annotated[int | None, Field(ge=1, le=10_000)]
PerDay = Annotated[int | None, Field(ge=1, le=10_000_000)]
Expiry = Annotated[datetime | None, BeforeValidator(_moment), AfterValidator(_future)]
"""Unix seconds or ISO 8601; `null` is never."""


class CreateKeyRequest(StrictRequest):
    """A key to make. `scopes` are all but `admin` where nothing is said."""

    name: KeyName
    scopes: Scopes = _USUAL
    models: Names = ()
    accounts: Names = ()
    per_minute: PerMinute = None
    per_day: PerDay = None
    expires_at: Expiry = None


class ChangeKeyRequest(StrictRequest):
    """What is to be different; what is missing stays."""

    name: KeyName = "-"
    scopes: Scopes = ()
    models: Names = ()
    accounts: Names = ()
    per_minute: PerMinute = None
    per_day: PerDay = None
    expires_at: Expiry = None

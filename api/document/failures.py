"""Which errors a route can answer with, by status. The table of statuses is that of `api.errors`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from api.document.told import JSON, Told
from api.errors import STATUSES, status_of
from api.scopes import WORK, Anybody, need_of
from core.contracts.failure import Failure
from core.errors import (
    AuthenticationError,
    BridgeError,
    HostNotAllowedError,
    InternalError,
    InvalidRequestError,
    KeyLimitError,
    MissingScopeError,
    NotFoundError,
    OriginNotAllowedError,
    RequestTooLargeError,
    StoreError,
    TooManyAttemptsError,
    TooManyConnectionsError,
    UnsupportedMediaTypeError,
    UnsupportedParameterError,
    VaultKeyError,
)
from core.errors.base import Fault

Code = StrEnum("Code", {code: code for code in STATUSES})  # type: ignore[misc]


class ErrorObject(BaseModel):
    """What went wrong, whose fault it is, and what to do."""

    model_config = ConfigDict(extra="allow")

    message: str
    type: str
    param: str | None
    code: Code
    fault: Fault
    action: str
    retryable: bool


class ErrorBody(BaseModel):
    """The body of every error."""

    error: ErrorObject


_ANYWHERE: tuple[type[BridgeError], ...] = (
    HostNotAllowedError, InternalError, InvalidRequestError, OriginNotAllowedError, RequestTooLargeError, StoreError,
    TooManyAttemptsError, TooManyConnectionsError, VaultKeyError,
)  # fmt: skip
"""What any request can meet, for its head, its key or its length."""

_BY_HEAD = {408: ("invalid_request",), 431: ("invalid_request",)}
"""A head that is slow or large has statuses of its own."""

Where = Literal["path", "query", "header", "body"]


def answers(path: str, told: Told, reads: Iterable[Where]) -> dict[str, Any]:
    """The error answers of a route.

    Args:
        reads: the places in a request that it looks at.
    """
    codes = {status: set(names) for status, names in _BY_HEAD.items()}
    for error in (*_ANYWHERE, *_of_key(path), *_of_places(reads), *told.fails):
        for concrete in _concrete(error):
            for status in _statuses(concrete):
                codes.setdefault(status, set()).add(concrete.code)
    if "query" in reads:
        codes[422] = {InvalidRequestError.code}
    return {str(status): described(codes[status]) for status in sorted(codes)}


def described(codes: Iterable[str]) -> dict[str, Any]:
    """The answer with one of these codes."""
    return {
        "description": ", ".join(f"`{code}`" for code in sorted(codes)),
        "content": {JSON: {"schema": {"$ref": "#/components/schemas/ErrorBody"}}},
    }


def _of_key(path: str) -> tuple[type[BridgeError], ...]:
    need = need_of(path)
    if need is Anybody.OPEN:
        return ()
    if need is Anybody.ANY_KEY:
        return (AuthenticationError,)
    return (AuthenticationError, MissingScopeError, *((KeyLimitError,) if need in WORK else ()))


_OF_PLACE: Mapping[Where, tuple[type[BridgeError], ...]] = {
    "path": (NotFoundError,),
    "query": (),
    "header": (),
    "body": (UnsupportedParameterError, UnsupportedMediaTypeError),
}


def _of_places(reads: Iterable[Where]) -> Iterator[type[BridgeError]]:
    for place in reads:
        yield from _OF_PLACE[place]


def _concrete(root: type[BridgeError]) -> Iterator[type[BridgeError]]:
    if "code" in root.__dict__:
        yield root
    for below in root.__subclasses__():
        yield from _concrete(below)


def _statuses(error: type[BridgeError]) -> set[int]:
    """One, or two where it depends on whether anybody knows when to come back."""
    kept = Failure(code=error.code, fault=error.fault.value, message="", action=error.action)
    return {status_of(kept), status_of(kept.model_copy(update={"retry_after_seconds": 1}))}

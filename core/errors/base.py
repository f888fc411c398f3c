"""The root of the error tree and the registry of its codes."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar


class Fault(StrEnum):
    """Whose fault a failure is, so that a reader knows who has to act."""

    CALLER = "caller"
    ACCOUNT = "account"
    UPSTREAM = "upstream"
    BRIDGE = "bridge"
    CONFIGURATION = "configuration"


_BY_CODE: dict[str, type[BridgeError]] = {}


class BridgeError(Exception):
    """Anything the bridge can fail with. Control flow reads the class or `code`, never the text.

    Class attributes:
        code: stable, snake_case, part of the public contract; unique in the tree.
        fault: who has to act.
        retryable: whether the same request may succeed later without anybody changing anything.
        other_account: whether another account of the same owner may be tried before the first byte.
        action: one sentence that says what to do.

    Attributes:
        message: one line for a person; never holds a credential.
        retry_after_seconds: earliest sensible retry, `None` when nobody knows.
        param: the request field that is at fault, if one is.
        upstream_status: HTTP status of the upstream's refusal, if there was one.
        upstream_text: the upstream's own words, redacted and bounded to 2,000 characters.
        spent: whether quota may have been spent before the failure.
    """

    code: ClassVar[str]
    fault: ClassVar[Fault]
    retryable: ClassVar[bool] = False
    other_account: ClassVar[bool] = False
    action: ClassVar[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        code = cls.__dict__.get("code")
        if code is None:
            return
        if code in _BY_CODE and _BY_CODE[code].__qualname__ != cls.__qualname__:
            raise TypeError(f"error code {code!r} is taken by {_BY_CODE[code].__name__}")
        _BY_CODE[code] = cls

    def __init__(
        self,
        message: str,
        *,
        retry_after_seconds: float | None = None,
        param: str | None = None,
        upstream_status: int | None = None,
        upstream_text: str | None = None,
        spent: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_seconds = retry_after_seconds
        self.param = param
        self.upstream_status = upstream_status
        self.upstream_text = upstream_text[:2000] if upstream_text else None
        self.spent = spent


def error_class(code: str) -> type[BridgeError] | None:
    """The class that owns `code`, or `None` for a code of another version of the bridge."""
    return _BY_CODE.get(code)


def error_codes() -> dict[str, type[BridgeError]]:
    """Every code and its class; the documentation test and the retry policies read it."""
    return dict(_BY_CODE)

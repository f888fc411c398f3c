"""What an account may be called."""

from __future__ import annotations

import re

from core.errors import InvalidRequestError

_GIVEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_FOUND = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_RESERVED = frozenset({"events"})
"""What stands in an address where an account's name does."""


def given_alias(text: str) -> str:
    """The alias a person typed, trimmed.

    Raises:
        InvalidRequestError: it is not 1 to 64 letters, digits, `_` or `-` that begin with a letter or digit.
    """
    alias = text.strip()
    if not _GIVEN.fullmatch(alias):
        raise InvalidRequestError(
            "an account's name is 1 to 64 letters, digits, `_` or `-`, beginning with a letter or digit",
            param="account",
        )
    return alias


def new_alias(text: str) -> str:
    """The same for an account that is not there yet.

    Raises:
        InvalidRequestError: also where the name is one of the API's own words.
    """
    alias = given_alias(text)
    if alias in _RESERVED:
        raise InvalidRequestError(f"`{alias}` is a word of the API's own; call the account otherwise", param="account")
    return alias


def is_alias(name: str) -> bool:
    """Whether a folder of that name can be an account; folders may be longer than what is accepted anew."""
    return _FOUND.fullmatch(name) is not None

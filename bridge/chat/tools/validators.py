"""Compiled JSON Schemas, kept for the next request that brings the same ones."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from bridge.chat.tools.jsontext import dumps

if TYPE_CHECKING:
    import jsonschema_rs

_KEPT = 512
_KEPT_BYTES = 64 * 1024
_BACKTRACKS = 20_000
"""Steps of one match of a pattern with look-around; patterns without it run in linear time anyway."""

_kept: OrderedDict[bytes, jsonschema_rs.Validator] = OrderedDict()


class UnusableSchemaError(ValueError):
    """A schema that nothing can be checked with; the message says why in one line."""


def validator(schema: Mapping[str, Any]) -> jsonschema_rs.Validator:
    """The validator of a schema, which is read as draft 2020-12 unless it names another or only fits an older one.

    Raises:
        UnusableSchemaError: it is no schema, has a pattern that is none, or refers elsewhere: nothing is fetched.
    """
    text = dumps(schema).encode()
    digest = blake2b(text, digest_size=16).digest()
    found = _kept.pop(digest, None) or _compiled(dict(schema))
    if len(text) <= _KEPT_BYTES:
        _kept[digest] = found
        if len(_kept) > _KEPT:
            _kept.popitem(last=False)
    return found


def _compiled(schema: dict[str, Any]) -> jsonschema_rs.Validator:
    # 8 MB and 40 ms that a bridge without tools does not need.
    import jsonschema_rs as library

    first: Exception | None = None
    for compile_schema in (library.validator_for, library.Draft7Validator, library.Draft4Validator):
        try:
            options = library.FancyRegexOptions(backtrack_limit=_BACKTRACKS)
            return compile_schema(schema, pattern_options=options, offline=True)
        except (ValueError, library.ReferencingError) as error:
            first = first or error
    raise UnusableSchemaError(getattr(first, "message", str(first)).splitlines()[0][:300]) from None

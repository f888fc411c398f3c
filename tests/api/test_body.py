"""Request bodies."""

from __future__ import annotations

import pytest

from api.body import parsed
from core.errors import InvalidRequestError


def test_an_object_is_read() -> None:
    assert parsed('{"text": "สวัสดี 😀 \\ud83d\\ude00"}'.encode()) == {"text": "สวัสดี 😀 😀"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": "\xff"}',
        b'{"a": "\\ud83d"}',
        '{"a": 1}'.encode("utf-16"),
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a": ' + b"9" * 10_000 + b"}",
    ],
    ids=range(12),
)
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        parsed(content)

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
        b'{"a": ' + b"9" * 310 + b"}",
        b'{"a": -' + b"9" * 100_000 + b"}",
        b'{"a": ' * 129 + b"1" + b"}" * 129,
        b'{"a": ' + b'[{"a": ' * 64 + b"[]" + b"}]" * 64 + b"}",
        b'{"a": 1e999999}',
        b'{"a": -1e400}',
        b'\xef\xbb\xbf{"a": 1}',
        b'{"a": [[]' + b",[]" * 500_000 + b"]}",
        b'{"a": "' + b"," * 1_000_001 + b'"}',
    ],
    ids=range(20),
)
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        parsed(content)


def test_a_body_may_nest_as_deep_as_anybody_needs() -> None:
    content = b'{"a": ' * 128 + b"1" + b"}" * 128

    assert parsed(content + b" ")["a"]["a"]
    assert parsed(b'{"a": [' + b'{"b": []}, ' * 10_000 + b"{}]}")["a"]
    assert parsed(b'{"a": "' + b"," * 999_000 + b'"}')["a"]


def test_of_a_key_that_is_there_twice_the_last_counts() -> None:
    assert parsed(b'{"a": 1, "b": {"c": 1, "c": 2}, "a": 3}') == {"a": 3, "b": {"c": 2}}


def test_numbers_are_what_they_say() -> None:
    found = parsed(b'{"huge": 1' + b"0" * 308 + b', "large": 1e308, "small": 1e-400, "zero": -0.0}')

    assert found == {"huge": 10**308, "large": 1e308, "small": 0.0, "zero": 0.0}

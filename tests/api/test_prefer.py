"""Request headers about how and how often."""

from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from api.prefer import idempotency_key, responds_async, retry_count
from core.errors import InvalidRequestError


@pytest.mark.parametrize(
    ("prefer", "wanted"),
    [
        ("respond-async", True),
        ("wait=5, Respond-Async", True),
        ("respond-async; wait=5", True),
        ("return=minimal", False),
        ("respond-asynchronously", False),
    ],
)
def test_prefer_is_a_list_of_wishes(prefer: str, wanted: bool) -> None:
    assert responds_async(Headers({"prefer": prefer})) is wanted
    assert not responds_async(Headers())


@pytest.mark.parametrize(("count", "number"), [("0", 0), ("2", 2), ("two", 0), ("-1", 0), ("²", 0), ("99999", 0)])
def test_a_count_that_is_none_is_a_first_try(count: str, number: int) -> None:
    assert retry_count(Headers(raw=[(b"x-stainless-retry-count", count.encode("latin-1"))])) == number
    assert retry_count(Headers()) == 0


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "\t"])
def test_a_key_is_visible_ascii(key: str) -> None:
    with pytest.raises(InvalidRequestError):
        idempotency_key(Headers({"idempotency-key": key}))


def test_a_good_key_is_kept_as_it_is() -> None:
    assert idempotency_key(Headers({"Idempotency-Key": "a-1"})) == "a-1"
    assert idempotency_key(Headers()) is None

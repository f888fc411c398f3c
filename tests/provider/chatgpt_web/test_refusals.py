from __future__ import annotations

import pytest

from provider.chatgpt_web.refusals import Refusal, read_body, read_error, retry_after_seconds


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ('{"detail":"No"}', Refusal("", "No", "no", None, False)),
        ('{"detail":{"code":"c","message":"M","clears_in":3}}', Refusal("c", "M", "m", 3, False)),
        ('{"error":"No","error_code":"c","clears_in":2.5}', Refusal("c", "No", "no", 2.5, False)),
        ('{"error":{"code":"c","message":null,"clears_in":"soon"}}', Refusal("c", "", "", None, False)),
        ('{"code":"c","message":"M","clears_in":-1}', Refusal("c", "M", "m", None, False)),
        ('{"detail":[{"msg":"Field required"}]}', Refusal("", "", "", None, True)),
        ('{"detail":null}', Refusal("", "", "", None, False)),
        ("plain words", Refusal("", "plain words", "plain words", None, False)),
        (" <html>limit</html>", Refusal("", "", "", None, False)),
        ("", Refusal("", "", "", None, False)),
        ("7", Refusal("", "", "", None, False)),
    ],
)
def test_a_body_is_taken_apart(body: str, refusal: Refusal) -> None:
    assert read_body(body) == refusal


def test_an_error_may_be_a_plain_string_or_nothing_useful() -> None:
    assert read_error("Stop").text == "Stop"
    assert read_error(None) == Refusal("", "", "", None, False)
    assert read_error({"clears_in": 10**400}).clears_in is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "12.5"}, 12.5),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "Tue, 01 Jan 2030 00:01:00 GMT", "date": "Tue, 01 Jan 2030 00:00:00 GMT"}, 60),
        ({"retry-after": "Tue, 01 Jan 2030 00:01:00 GMT"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_seconds(headers) == seconds

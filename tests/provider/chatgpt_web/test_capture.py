"""Captures: every format, what is kept of it, what is refused, and with which words."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import CaptureRejectedError
from provider.chatgpt_web.capture import inspect_capture, parse_capture
from provider.chatgpt_web.capture.checks import inspect
from provider.chatgpt_web.capture.cookies import apply_update, cookie_header, parse_cookies
from provider.chatgpt_web.capture.template import turn_template

VECTORS = Path(__file__).parents[2] / "vectors"
EXPECTED = json.loads((VECTORS / "captures-expected.json").read_text())
NOW = datetime.fromtimestamp(EXPECTED["now"], UTC)
READABLE = {name: case for name, case in EXPECTED["cases"].items() if "error" not in case}
REFUSED = {name: case for name, case in EXPECTED["cases"].items() if "error" in case}


def text_of(name: str) -> str:
    return (VECTORS / name).read_bytes().decode()


@pytest.mark.parametrize("name", READABLE)
def test_each_format_gives_the_same_request(name: str) -> None:
    case = READABLE[name]

    capture = parse_capture(text_of(name))

    assert (capture.format, capture.url, capture.method) == (case["format"], case["url"], case["method"])
    assert capture.status == case["status"]
    assert capture.headers == case["headers"]
    assert capture.cookies == case["cookies"]
    assert capture.body == case["body"]
    assert list(capture.dropped) == case["dropped"]


@pytest.mark.parametrize("name", READABLE)
def test_each_capture_is_checked(name: str) -> None:
    case = READABLE[name]

    inspection = inspect_capture(text_of(name), now=NOW)

    assert inspection.ok is case["ok"]
    assert list(inspection.missing) == case["missing"]
    assert list(inspection.warnings) == case["warnings"]


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_single_request_is_refused(name: str) -> None:
    with pytest.raises(CaptureRejectedError) as caught:
        parse_capture(text_of(name))

    assert caught.value.reason == REFUSED[name]["error"]


def test_an_inspection_masks_who_the_account_is() -> None:
    inspection = inspect_capture(text_of("capture-curl-bash.txt"), now=NOW)

    assert inspection.capabilities.plan == EXPECTED["claims"]["plan_type"]
    assert inspection.email == "s***e@example.test"
    assert inspection.account_id == "acc000...00aa"
    assert "fake-session" not in repr(inspection)


def test_a_capture_never_shows_its_secrets() -> None:
    shown = repr(parse_capture(text_of("capture-curl-bash.txt")))

    assert "eyJ" not in shown
    assert "fake-session" not in shown


def test_an_expired_token_is_refused_with_what_to_do() -> None:
    late = datetime(2040, 1, 1, tzinfo=UTC)

    inspection = inspect_capture(text_of("capture-curl-bash.txt"), now=late)

    assert inspection.missing == ("token_expiry",)
    assert "copy the request" in next(check.detail for check in inspection.checks if check.name == "token_expiry")


def test_a_capture_of_the_configured_origin_is_accepted() -> None:
    text = text_of("capture-curl-bash.txt").replace("https://chatgpt.com/backend", "http://127.0.0.1:9/backend")

    assert not inspect_capture(text, now=NOW).ok
    assert inspect_capture(text, now=NOW, base_origin="http://127.0.0.1:9").ok


def test_fences_and_a_byte_order_mark_are_taken_off() -> None:
    fenced = f"\ufeff```sh\n{text_of('capture-curl-bash.txt')}\n```"

    assert parse_capture(fenced) == parse_capture(text_of("capture-curl-bash.txt"))


def test_copy_as_fetch_for_node_is_read() -> None:
    plain = parse_capture(text_of("capture-curl-bash.txt"))
    options = {
        "headers": {**plain.headers, "cookie": cookie_header(plain.cookies)},
        "body": json.dumps(plain.body),
        "method": "POST",
    }

    capture = parse_capture(f'fetch("{plain.url}", {json.dumps(options)});')

    assert capture.format == "fetch"
    assert (capture.headers, capture.cookies, capture.body) == (plain.headers, plain.cookies, plain.body)


def test_a_har_without_the_message_says_what_was_recorded() -> None:
    document = json.loads(text_of("capture-har.json"))
    document["log"]["entries"] = [
        entry for entry in document["log"]["entries"] if entry["request"]["url"].endswith("/prepare")
    ]

    with pytest.raises(CaptureRejectedError, match="prepare request"):
        parse_capture(json.dumps(document))


def test_a_method_line_before_a_header_does_not_lose_it() -> None:
    capture = parse_capture(text_of("capture-incomplete.txt"))

    assert capture.headers["authorization"].startswith("Bearer ")


@given(st.text(max_size=400))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(CaptureRejectedError):
        inspect_capture(text, now=NOW)


@given(
    st.sampled_from(sorted(name for name in EXPECTED["cases"] if name.endswith(".txt"))),
    st.integers(0, 5000),
    st.integers(0, 400),
    st.text(max_size=5),
)
def test_damaged_captures_are_read_or_refused(name: str, at: int, length: int, instead: str) -> None:
    text = text_of(name)

    said = ""
    try:
        capture = parse_capture(text[:at] + instead + text[at + length :])
        said = repr((capture, inspect(capture, now=NOW, base_origin="https://chatgpt.com")))
        json.dumps(turn_template(capture.body), ensure_ascii=False, allow_nan=False).encode()
    except CaptureRejectedError as refused:
        said = refused.message

    assert "eyJ" not in said
    assert "fake-session" not in said


UPDATES: list[tuple[str, str, dict[str, str]]] = [
    ("set-cookie", '__cf_bm="new"; Path=/; HttpOnly', {"a": "1", "__cf_bm": "new"}),
    ("set-cookie", "a=; Path=/", {}),
    ("set-cookie", "a=2; Max-Age=0; Path=/", {}),
    ("set-cookie", "a=2; Path=/; max-age = 0 ", {}),
    ("set-cookie", "a=2; Max-Age=-1", {}),
    ("set-cookie", "no pair", {"a": "1"}),
    ("Set-Cookie", "a=2; Max-Age=60", {"a": "2"}),
    ("X-Oai-Is-Update", "ois1.x", {"a": "1", "__Secure-oai-is": "ois1.x"}),
    ("content-type", "text/html", {"a": "1"}),
]


@pytest.mark.parametrize(("name", "value", "expected"), UPDATES)
def test_response_headers_update_the_cookies(name: str, value: str, expected: dict[str, str]) -> None:
    cookies = {"a": "1"}

    apply_update(cookies, name, value)

    assert cookies == expected


def test_a_session_cookie_that_changes_shape_drops_the_old_shape() -> None:
    token = "__Secure-next-auth.session-token"
    cookies = {f"{token}.0": "x", f"{token}.1": "y", "b": "2"}

    apply_update(cookies, "set-cookie", f"{token}=whole; Secure")

    assert cookies == {"b": "2", token: "whole"}


@given(
    st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.from_regex(r"[a-z0-9={}:]{0,12}", fullmatch=True))
)
def test_a_cookie_header_survives_being_written_and_read(cookies: dict[str, Any]) -> None:
    assert parse_cookies(cookie_header(cookies)) == cookies

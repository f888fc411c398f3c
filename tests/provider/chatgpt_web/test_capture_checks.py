"""Checks of a capture: each says what is missing and what to copy instead."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from core.redaction import redact_text
from provider.chatgpt_web.capture import inspect_capture, parse_capture
from provider.chatgpt_web.capture.claims import read_claims
from provider.interface.accounts import Check, Inspection

VECTORS = Path(__file__).parents[2] / "vectors"
CURL = (VECTORS / "capture-curl-bash.txt").read_text()
EXPECTED = json.loads((VECTORS / "captures-expected.json").read_text())
NOW = datetime.fromtimestamp(EXPECTED["now"], UTC)
URL = "https://chatgpt.com/backend-api/f/conversation"


def inspected(text: str, **arguments: Any) -> Inspection:
    return inspect_capture(text, **{"now": NOW, **arguments})


def token(payload: str) -> str:
    """A bearer token around a payload."""
    return f"e30.{base64.urlsafe_b64encode(payload.encode()).decode().rstrip('=')}.c2ln"


def test_half_characters_in_token_and_cookies_do_not_come_out_again() -> None:
    half = '"\\ud800x"'
    claims = f'{{"https://api.openai.com/auth": {{"chatgpt_plan_type": {half}}}, "exp": 1e9}}'
    text = re.sub(r"Bearer [^\s']+", f"Bearer {token(claims)}", CURL)
    cookie = quote(f'{{"model": {half}}}')
    text = re.sub(r"oai-last-model-config=[^;']*", f"oai-last-model-config={cookie}", text)
    inspection = inspected(text)
    assert inspection.observed_models
    assert json.dumps(asdict(inspection), default=str, ensure_ascii=False).encode()


def check(inspection: Inspection, name: str) -> Check:
    return next(check for check in inspection.checks if check.name == name)


def at(url: str) -> str:
    return CURL.replace(URL, url)


@pytest.mark.parametrize(
    ("url", "base_origin", "ok"),
    [
        (URL, "https://chatgpt.com", True),
        (URL, "http://127.0.0.1:9/", True),
        ("https://CHATGPT.com:443/backend-api/f/conversation", "https://chatgpt.com", True),
        ("http://127.0.0.1:9/backend-api/f/conversation", "http://127.0.0.1:9/", True),
        ("http://[::1]:9/backend-api/f/conversation", "http://[::1]:9", True),
        ("http://127.0.0.1:8/backend-api/f/conversation", "http://127.0.0.1:9", False),
        ("http://127.0.0.1:9/backend-api/f/conversation", "https://chatgpt.com", False),
        ("http://chatgpt.com/backend-api/f/conversation", "https://chatgpt.com", False),
        ("https://chatgpt.com.example.test/backend-api/f/conversation", "https://chatgpt.com", False),
        ("https://example.test/chatgpt.com/backend-api/f/conversation", "https://chatgpt.com", False),
        ("https://chatgpt.com@example.test/backend-api/f/conversation", "https://chatgpt.com", False),
        ("https://me:pw@chatgpt.com/backend-api/f/conversation", "https://chatgpt.com", False),
        ("https://chatgpt.com:8443/backend-api/f/conversation", "https://chatgpt.com", False),
        ("https://chatgpt.com:x/backend-api/f/conversation", "nonsense", False),
        ("https://chatgpt.com/backend-api/f/conversation/", "https://chatgpt.com", False),
        ("https://chatgpt.com/backend-api/conversation/init", "https://chatgpt.com", False),
        ("https://chatgpt.com/ces/v1/t", "https://chatgpt.com", False),
        ("", "https://chatgpt.com", False),
    ],
)
def test_the_address_is_exactly_the_conversation(url: str, base_origin: str, ok: bool) -> None:
    inspection = inspected(at(url), base_origin=base_origin)

    assert check(inspection, "url").ok is ok
    assert inspection.ok is ok


def test_a_prepare_request_is_told_from_the_one_that_follows_it() -> None:
    inspection = inspected((VECTORS / "capture-prepare.txt").read_text())

    assert "the one named `conversation`, which follows it" in check(inspection, "url").detail


def test_a_sanitized_har_is_to_be_exported_with_its_secrets() -> None:
    inspection = inspected((VECTORS / "capture-har-sanitized.json").read_text())

    for name in inspection.missing:
        assert "`with sensitive data`" in check(inspection, name).detail


def test_a_har_that_lacks_only_the_cookies_was_not_sanitized() -> None:
    document = json.loads((VECTORS / "capture-har.json").read_text())
    for entry in document["log"]["entries"]:
        request = entry["request"]
        request["cookies"] = []
        request["headers"] = [header for header in request["headers"] if header["name"].lower() != "cookie"]
        entry["response"]["headers"] = []

    inspection = inspected(json.dumps(document))

    assert inspection.missing == ("cookies",)
    assert "sensitive" not in check(inspection, "cookies").detail


def test_a_parsed_payload_tree_is_to_be_copied_as_its_source() -> None:
    text = (VECTORS / "capture-chrome-two-line.txt").read_text()
    head = text[: text.index("Request Payload")]
    tree = 'Request Payload\naction: "next"\nmessages: [{id: "m1", author: {role: "user"},…}]\n0: {id: "m1"}\n'

    inspection = inspected(head + tree)

    assert inspection.missing == ("body",)
    assert "`view source`" in check(inspection, "body").detail


def test_copy_as_fetch_is_to_be_copied_as_curl() -> None:
    plain = parse_capture(CURL)
    headers = {name: value for name, value in plain.headers.items() if name != "user-agent"}
    options = {"headers": headers, "referrer": "https://chatgpt.com/", "body": json.dumps(plain.body), "method": "POST"}

    inspection = inspected(f'fetch("{plain.url}", {json.dumps(options)});')

    assert inspection.missing == ("cookies", "user-agent")
    assert all("Copy as cURL" in check(inspection, name).detail for name in inspection.missing)


@pytest.mark.parametrize(
    ("authorization", "words"),
    [
        ("", "no bearer token"),
        ("Basic e30.e30.x", "not readable"),
        ("Bearer e30", "not readable"),
        ("Bearer a.bm90IGpzb24.c", "not readable"),
        ("Bearer a.WzFd.c", "not readable"),
    ],
)
def test_only_a_readable_bearer_token_will_do(authorization: str, words: str) -> None:
    token = parse_capture(CURL).headers["authorization"]

    inspection = inspected(CURL.replace(token, authorization))

    assert inspection.missing == ("authorization",)
    assert words in check(inspection, "authorization").detail


@pytest.mark.parametrize("messages", ["[]", "{}", "null", '"x"'])
def test_a_payload_without_messages_is_no_message(messages: str) -> None:
    inspection = inspected(f"""{CURL[: CURL.index("--data-raw")]} -d '{{"action":"next","messages":{messages}}}'""")

    assert inspection.missing == ("body",)
    assert "holds no message" in check(inspection, "body").detail


def test_a_token_without_an_expiry_passes() -> None:
    token = parse_capture(CURL).headers["authorization"]

    inspection = inspected(CURL.replace(token, "Bearer e30.e30.x"))

    assert inspection.ok
    assert inspection.token_expires_at is None


def test_a_token_that_ends_within_a_day_is_worth_a_warning() -> None:
    expires = read_claims(parse_capture(CURL).headers["authorization"]).expires_at
    assert expires is not None

    assert inspected(CURL, now=expires - timedelta(hours=25)).warnings == ()
    assert inspected(CURL, now=expires - timedelta(hours=24)).warnings == ("freshness",)
    assert inspected(CURL, now=expires).missing == ("token_expiry",)


WARNINGS = [
    ("oai-did=d1ce0000", "oai-did=other", "oai-device-id"),
    ("-H 'oai-session-id", "-H 'x-else", "oai-session-id"),
    ("gAAAAAB", "gAAAAAC", "proof_configuration"),
    ("__Secure-next-auth.session-token", "other", "session_cookie"),
    ("-H 'x-conduit-token", "-H 'x-else", "x-conduit-token"),
    ('"model":"auto"', '"x":1', "model"),
    ('"action":"next"', '"x":1', "action"),
]


@pytest.mark.parametrize(("there", "instead", "name"), WARNINGS, ids=[warning[2] for warning in WARNINGS])
def test_what_is_only_recommended_warns(there: str, instead: str, name: str) -> None:
    inspection = inspected(CURL.replace(there, instead))

    assert inspection.ok
    assert inspection.warnings == (name,)
    assert not check(inspection, name).ok


@pytest.mark.parametrize("name", [name for name, case in EXPECTED["cases"].items() if "error" not in case])
def test_no_sentence_holds_a_secret_or_looks_like_one(name: str) -> None:
    inspection = inspected((VECTORS / name).read_bytes().decode())

    for each in inspection.checks:
        assert redact_text(each.detail) == each.detail
        assert "fake-" not in each.detail


def test_efforts_that_were_used_are_offered() -> None:
    text = CURL.replace("%22effort%22%3A%22extended%22", "%22effort%22%3A%22xhigh%22")

    inspection = inspected(text)

    assert inspection.capabilities.efforts["gpt-5-5-thinking"] == ("standard", "extended", "max", "xhigh")
    assert inspection.observed_models == ("auto", "gpt-5-5-thinking")

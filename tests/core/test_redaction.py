"""Redaction: by name and by shape, once is enough."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from core import logging as bridge_logging
from core.redaction import redact, redact_text, secret_name

SECRETS = {
    "bearer": "authorization: Bearer abcdefSECRET",
    "lower-case bearer": "got bearer abcSECRETdef in a sentence",
    "jwt": "token eyJhbGciOiJIUzI1NiJ9.eyJTRUNSRVQiOjF9.SECRET",
    "proof": "sent gAAAAABWzQwMSECRET~S today",
    "websocket": "wss://ws.chatgpt.test/p0/ws/user/u?verify=179-SECRET",
    "signed": "https://files.example.test/slot?sv=1&sig=SECRET%2B",
    "cookie header": "Cookie: a=1; b=SECRET",
    "session cookie": "sent __Secure-next-auth.session-token.0=SECRET; and more",
    "header in JSON": '{"openai-sentinel-turnstile-token": "SECRET", "x": 1}',
    "quoted value with a quote in it": r'{"cookie": "g_state={\"i_l\":0}; b=SECRET", "x": 1}',
    "JSON within JSON": r'{"text": "{\"set-cookie\":\"a=SECRET\"}"}',
    "Python mapping": "{'authorization': 'Basic SECRET'}",
    "header line with JSON in it": 'cookie: g_state={"i_l":0}; b=SECRET',
    "header line with quotes": 'Authorization: "Basic SECRET"',
    "upload address": '{"upload_url": "https://blob.example.test/SECRET"}',
    "resume token": '{"type": "resume", "token": "SECRET"}',
    "conduit token": '{"conduit_token": "a b SECRET"}',
    "key in an environment": "CHATGPT_API_KEY=SECRET",
    "passphrase": "the passphrase=SECRET",
    "API key": "used sk-SECRETSECRETSECRET here",
    "token cut short": "eyJSECRETSECRETSECRETSECRETSECRET",
}


@pytest.mark.parametrize("text", SECRETS.values(), ids=SECRETS)
def test_what_looks_like_a_credential_goes(text: str) -> None:
    clean = redact_text(text)

    assert "SECRET" not in clean
    assert "<redacted>" in clean
    assert redact_text(clean) == clean


def test_what_is_secret_by_name_goes_at_any_depth() -> None:
    value = {"a": [{"Cookie": "SECRET", "OpenAI-Sentinel-Proof-Token": "SECRET"}], "api_key": "SECRET", "plain": "kept"}

    assert redact(value) == {
        "a": [{"Cookie": "<redacted>", "OpenAI-Sentinel-Proof-Token": "<redacted>"}],
        "api_key": "<redacted>",
        "plain": "kept",
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "usage: 12 prompt tokens, 3 completion tokens",
        "There are no cookies. There is no bearer token. Bearer authentication is missing.",
        '{"max_tokens": 5, "model": "gpt-5-5", "capture": true}',
        "https://chatgpt.test/c/c0ffee00?verified=1&signal=2",
        "task-0123456789abcdefgh",
    ],
)
def test_what_is_no_credential_stays(text: str) -> None:
    assert redact_text(text) == text


@pytest.mark.parametrize(
    "headers",
    [
        [("Cookie", "a=SECRET"), ("accept", "*/*")],
        [(b"cookie", b"a=SECRET"), ("accept", "*/*")],
        [{"name": "cookie", "value": "a=SECRET"}, {"name": "accept", "value": "*/*"}],
        (["set-cookie", "a=SECRET"], ["accept", "*/*"]),
    ],
)
def test_headers_as_pairs_lose_their_secrets(headers: Any) -> None:
    clean = redact({"headers": headers})

    assert "SECRET" not in str(clean)
    assert "accept" in str(clean)


def test_any_object_is_shown_as_clean_text() -> None:
    moment = datetime(2030, 1, 1, tzinfo=UTC)

    assert redact({"error": ValueError("Bearer SECRET"), "path": Path("/x"), "at": moment, "n": 1, "ok": True}) == {
        "error": "Bearer <redacted>",
        "path": "/x",
        "at": moment,
        "n": 1,
        "ok": True,
    }


def test_a_name_is_secret_however_it_is_written() -> None:
    assert all(
        map(
            secret_name,
            ("Authorization", "SET-COOKIE", "accessToken", "conduit_token", "Openai-Sentinel-So-Token", "api-key"),
        )
    )
    assert not any(map(secret_name, ("max_tokens", "cookie_count", "account", "token_expires_at", "path")))


def test_what_contains_itself_is_cut_off() -> None:
    loop: dict[str, Any] = {}
    loop["inner"] = loop

    assert "<redacted>" in str(redact(loop))


def test_bytes_are_counted_and_not_shown() -> None:
    assert redact({"body": b"SECRET"}) == {"body": "<6 bytes>"}


PIECES = (
    "eyJhbGci . gAAAAAB Bearer cookie authorization set-cookie x-oai-is-update openai-sentinel-proof-token token= sig= "
    "verify= __Secure-a= cf_clearance= <redacted> redacted < > = : ; , & ? { } password capture upload_url sk- abc 12"
).split() + ['"', "'", "\\", '\\"', " ", "\n", "\t", "\u2028"]


@given(st.lists(st.sampled_from(PIECES), max_size=24).map("".join))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    once = redact_text(text)

    assert redact_text(once) == once


@given(
    st.text(alphabet="abcXYZ 019.,{}[]()/\n", max_size=30),
    st.sampled_from(sorted(SECRETS.values())),
    st.text(alphabet="abcXYZ 019.,{}[]()/\n", max_size=30),
)
def test_a_credential_goes_wherever_it_stands(before: str, text: str, after: str) -> None:
    assert "SECRET" not in redact_text(f"{before} {text} {after}")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@given(JSON, st.sampled_from(["cookie", "X-Conduit-Token", "resume_token", "upload_url", "CHATGPT_API_KEY"]))
def test_a_secret_goes_from_any_document_and_the_rest_keeps_its_shape(value: Any, name: str) -> None:
    clean = redact({"kept": value, "deep": [{"list": [{name: ["SECRET"]}]}]})

    assert "SECRET" not in str(clean)
    assert clean["deep"] == [{"list": [{name: "<redacted>"}]}]
    assert redact(clean) == clean


def test_no_log_path_lets_a_credential_through(tmp_path: Path) -> None:
    file = tmp_path / "bridge.log"
    before = logging.getLogger().handlers[:]
    bridge_logging.configure(process="test", style="json", file=file)
    try:
        with bridge_logging.bound(operation_id="chatgptop_1"):
            bridge_logging.get_logger("ours").info("sent", cookie="SECRET", url="wss://x?verify=SECRET")
            logging.getLogger("temporalio.activity").warning("failed: %s", "Bearer SECRETTOKEN")
            try:
                raise ValueError("authorization: Bearer SECRET")
            except ValueError:
                logging.getLogger("uvicorn.error").exception("broken")
    finally:
        for handler in logging.getLogger().handlers:
            handler.close()
        logging.getLogger().handlers = before
        structlog.reset_defaults()

    text = file.read_text()
    assert "SECRET" not in text
    assert text.count("chatgptop_1") == 3
    assert file.stat().st_mode & 0o077 == 0

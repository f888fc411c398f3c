"""Redaction: by name and by shape, once is enough."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from core import logging as bridge_logging
from core.redaction import redact, redact_text

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


def test_bytes_are_counted_and_not_shown() -> None:
    assert redact({"body": b"SECRET"}) == {"body": "<6 bytes>"}


@given(st.text(alphabet=st.sampled_from("eyJ.gA-B \"':=;Bearercookie\n"), max_size=80))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    once = redact_text(text)

    assert redact_text(once) == once


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

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import (
    BridgeError,
    BrowserCheckRequiredError,
    FeatureLimitError,
    FileUploadFailedError,
    ModelLimitError,
    OutcomeUnknownError,
    StreamInterruptedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from provider.chatgpt_web import errors
from provider.chatgpt_web.stream.reader import TurnReader

VECTORS = Path(__file__).parents[2] / "vectors"
CASES = json.loads((VECTORS / "errors.json").read_text())["cases"]
OUR_CODES = {
    "content_blocked": "content_policy_violation",
    "ambiguous_dispatch": "outcome_unknown",
    "message_too_long": "context_length_exceeded",
}
JSON = {"Content-Type": "application/json"}


def error_of(case: dict[str, Any]) -> BridgeError:
    if http := case.get("http"):
        return errors.from_response(http["status"], http["headers"], http["body"], context=case["context"])
    if "transport" in case:
        return errors.from_transport(case["transport"], context=case["context"])
    reader = TurnReader()
    reader.feed((VECTORS / case["stream_file"]).read_bytes())
    reader.end()
    assert reader.failure is not None
    return reader.failure


def refused(status: int, detail: object, *, context: errors.Context = "conversation", **more: Any) -> BridgeError:
    return errors.from_response(status, JSON, json.dumps({"detail": detail}), context=context, **more)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_symptoms_become_the_errors_of_the_vectors(case: dict[str, Any]) -> None:
    error = error_of(case)
    expected = case["expect"]
    assert error.code == OUR_CODES.get(expected["code"], expected["code"])
    assert error.other_account == (expected["retry_other_account"] == "yes")
    assert error.retry_after_seconds == expected["retry_after_seconds"]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_what_may_be_repeated_on_the_same_account_is_retryable(case: dict[str, Any]) -> None:
    if case["expect"]["retry_same_account"] in ("yes", "after_delay", "new_upload_slot", "read_only_recovery"):
        assert error_of(case).retryable


def test_upstreams_words_are_kept_apart_from_ours() -> None:
    error = refused(403, "You shall not pass")
    assert error.upstream_text == "You shall not pass"
    assert error.upstream_status == 403
    assert "pass" not in error.message


def test_a_credential_in_upstreams_words_is_not_kept() -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE4OTM0NTYwMDB9.c2lnbmF0dXJlLXNpZ25hdHVyZQ"
    error = refused(401, f"Bearer {token} is wrong")
    assert error.upstream_text
    assert token not in error.upstream_text


def test_a_page_is_not_kept_as_upstreams_words() -> None:
    error = errors.from_response(502, {"content-type": "text/html"}, b"<html>limit</html>", context="limits")
    assert (error.code, error.upstream_text, error.spent) == ("upstream_error", None, False)


def test_a_word_inside_a_broken_answer_decides_nothing() -> None:
    assert refused(500, "too many messages to the model").code == "upstream_error"
    assert refused(500, "upload limit", context="file_create").code == "upstream_error"


def test_only_a_turn_that_broke_may_have_spent_quota() -> None:
    assert refused(500, "").spent
    assert not refused(500, "", context="prepare").spent
    assert not refused(429, "Too many requests").spent


@pytest.mark.parametrize(
    ("status", "detail", "context", "code"),
    [
        (400, "This violates our content policies.", "conversation", "content_policy_violation"),
        (400, {"code": "content_policy_violation"}, "conversation", "content_policy_violation"),
        (400, "who knows", "conversation", "bad_request"),
        (401, {"code": "token_expired"}, "limits", "auth_expired"),
        (403, "You have reached the upload limit", "file_create", "feature_limit"),
        (429, "You've hit the limit for image creation", "conversation", "feature_limit"),
        (404, "Not found", "conversation_read", "conversation_not_found"),
        (410, "Gone", "conversation_read", "conversation_not_found"),
        (404, "Not found", "models", "protocol_error"),
        (404, "Not found", "requirements", "browser_check_required"),
        (404, "Not found", "file_metadata", "file_not_found"),
        (404, {"code": "file_not_found"}, "file_download", "file_not_found"),
        (405, "Method not allowed", "stop", "protocol_error"),
        (302, "", "conversation", "protocol_error"),
        (409, "state", "conversation", "bad_request"),
        (422, "x is not a valid model", "conversation", "unsupported_model"),
        (422, [{"msg": "limit"}], "conversation", "bad_request"),
        (408, "", "conversation_read", "upstream_error"),
        (503, "unavailable", "conversation", "upstream_error"),
    ],
)
def test_further_rows(status: int, detail: object, context: errors.Context, code: str) -> None:
    assert refused(status, detail, context=context).code == code


def test_a_bare_403_after_a_fresh_proof_refuses_the_proof() -> None:
    error = refused(403, "Forbidden", proof_answered=True)
    assert isinstance(error, BrowserCheckRequiredError)
    assert error.reason == "proof_rejected"
    assert refused(403, {"code": "account_deactivated"}, proof_answered=True).code == "account_disabled"


def test_a_challenge_says_why_and_keeps_the_status() -> None:
    page = errors.from_response(403, {"Content-Type": "text/html", "Server": "cloudflare"}, "", context="models")
    assert isinstance(page, BrowserCheckRequiredError)
    assert (page.reason, page.upstream_status) == ("challenge_page", 403)
    unusual = refused(403, "Unusual activity has been detected")
    assert isinstance(unusual, BrowserCheckRequiredError)
    assert unusual.reason == "unusual_activity"


def test_every_reason_of_a_challenge_has_its_words() -> None:
    documented = {
        "challenge_page", "unusual_activity", "proof_config_missing", "challenge_malformed", "proof_unsolved",
        "proof_rejected", "turnstile_missing", "arkose_missing", "requirements_token_missing", "login_required",
        "unknown_requirement",
    }  # fmt: skip
    assert len({errors.challenge(reason).message for reason in documented}) == len(documented)


def test_what_upstream_says_in_the_body_beats_the_header() -> None:
    body = json.dumps({"detail": {"code": "model_cap_exceeded", "clears_in": 9}})
    error = errors.from_response(429, {"retry-after": "99"}, body, context="conversation")
    assert error.retry_after_seconds == 9


def test_a_lost_answer_is_open_only_for_a_turn() -> None:
    symptoms: tuple[errors.Symptom, ...] = ("reset_after_send", "read_timeout_after_send")
    for symptom in symptoms:
        turn = errors.from_transport(symptom, context="conversation")
        assert isinstance(turn, OutcomeUnknownError)
        assert turn.spent
        assert isinstance(errors.from_transport(symptom, context="conversation_read"), UpstreamUnavailableError)
        assert isinstance(errors.from_transport(symptom, context="blob_put"), FileUploadFailedError)


def test_silence_and_a_cut_after_acceptance_may_have_spent_quota() -> None:
    expected: dict[errors.Symptom, type[BridgeError]] = {
        "idle": UpstreamTimeoutError,
        "wall": UpstreamTimeoutError,
        "stream_cut": StreamInterruptedError,
    }
    for symptom, error_type in expected.items():
        error = errors.from_transport(symptom, context="conversation")
        assert type(error) is error_type
        assert error.spent


def test_a_document_instead_of_a_stream_is_an_error_too() -> None:
    cap = errors.from_document(b'{"detail": {"code": "model_cap_exceeded", "clears_in": 3}}')
    assert isinstance(cap, ModelLimitError)
    assert not cap.spent
    assert errors.from_document("[]").code == "protocol_error"
    assert errors.from_document("no json").code == "protocol_error"
    assert errors.from_document('{"error": "It broke", "error_code": "file_upload_limit"}').code == "feature_limit"


def test_a_file_answer_names_its_error() -> None:
    assert errors.from_file_status({"status": "error", "error_code": "file_not_found"}).code == "file_not_found"
    assert errors.from_file_status({"status": "error", "error_code": None}).code == "upstream_error"


def test_a_refusal_before_any_work_costs_nothing_and_after_it_does() -> None:
    assert not errors.from_stream("You have sent too many messages to the model.", worked=False).spent
    assert errors.from_stream("You have sent too many messages to the model.", worked=True).spent
    assert errors.from_stream({"message": "It broke"}, worked=False).spent


def test_a_feature_limit_keeps_when_it_ends() -> None:
    error = errors.from_response(
        429, {"retry-after": "60"}, '{"detail":{"code":"file_upload_limit"}}', context="file_create"
    )
    assert isinstance(error, FeatureLimitError)
    assert error.retry_after_seconds == 60

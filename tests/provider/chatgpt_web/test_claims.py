"""Token claims, masking, model cookies."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider.chatgpt_web.capture.claims import (
    Claims,
    masked_email,
    masked_id,
    model_cookie,
    observed_efforts,
    read_claims,
)

CASES = json.loads((Path(__file__).parents[2] / "vectors" / "jwt.json").read_text())


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: case["name"])
def test_claims_are_read_without_verifying(case: dict[str, Any]) -> None:
    claims = read_claims(case["authorization"])

    seen = {name: getattr(claims, name) for name in ("plan_type", "account_id", "user_id", "email")}
    seen["expires_at"] = claims.expires_at.isoformat() if claims.expires_at else None
    seen["expired"] = claims.expired(datetime.fromtimestamp(case["now"], UTC))
    assert seen == case["expect"]


@pytest.mark.parametrize(("plain", "masked"), CASES["masking"]["email"])
def test_addresses_are_masked(plain: str, masked: str) -> None:
    assert masked_email(plain) == masked


@pytest.mark.parametrize(("plain", "masked"), CASES["masking"]["id"])
def test_ids_are_masked(plain: str, masked: str) -> None:
    assert masked_id(plain) == masked


@pytest.mark.parametrize("case", CASES["model_cookies"], ids=lambda case: str(case["value"])[:12])
def test_model_cookies_are_hints(case: dict[str, Any]) -> None:
    assert model_cookie(case["value"]) == case["parsed"]


def test_efforts_are_observed_by_the_model_they_were_used_with() -> None:
    cookies = {"oai-last-model-config": quote('{"model":"a","effort":"max"}')}

    assert observed_efforts({"model": "a", "thinking_effort": "standard"}, cookies) == {"a": ("standard", "max")}
    assert observed_efforts({"model": "b", "thinking_effort": 3}, {"oai-last-model-config": "[]"}) == {}
    assert observed_efforts(None, {}) == {}


@pytest.mark.parametrize(
    "payload",
    [
        {"exp": True},
        {"exp": "1893456000"},
        {"exp": 10**30},
        {"exp": -(10**30)},
        {"exp": 1e400},
        {"https://api.openai.com/auth": ["plus"], "https://api.openai.com/profile": "x"},
        {"https://api.openai.com/auth": {"chatgpt_plan_type": "", "chatgpt_account_id": 5}},
    ],
    ids=str,
)
def test_claims_of_another_shape_are_not_there(payload: dict[str, Any]) -> None:
    encoded = base64.urlsafe_b64encode(json.dumps(payload).encode()).decode().rstrip("=")

    assert read_claims(f"Bearer a.{encoded}.b") == Claims()


@given(st.text(max_size=40) | st.binary(max_size=40).map(lambda raw: f"Bearer a.{base64.b64encode(raw).decode()}.b"))
def test_any_header_has_claims_or_none(authorization: str) -> None:
    claims = read_claims(authorization)

    assert claims.expires_at is None or claims.expires_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("claim", "issued"),
    [(1_800_000_000, datetime(2027, 1, 15, 8, tzinfo=UTC)), (None, None), ("1800000000", None), (1e300, None)],
)
def test_the_time_of_issue_is_read_where_it_is_one(claim: Any, issued: datetime | None) -> None:
    payload = base64.urlsafe_b64encode(json.dumps({"iat": claim}).encode()).decode().rstrip("=")

    assert read_claims(f"Bearer e30.{payload}.x").issued_at == issued

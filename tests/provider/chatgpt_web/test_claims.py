"""Token claims, masking, model cookies."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from provider.chatgpt_web.capture.claims import masked_email, masked_id, model_cookie, read_claims

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

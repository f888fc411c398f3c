"""Proof of work: from the captured configuration only, or a stop that says why."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BrowserCheckRequiredError
from provider.chatgpt_web.proof import Challenge, decode_config, examine, solve

CASES = json.loads((Path(__file__).parents[2] / "vectors" / "pow.json").read_text())


def named(case: dict[str, Any]) -> str:
    return str(case["name"])


@pytest.mark.parametrize("case", CASES["decode"], ids=named)
def test_the_configuration_is_decoded(case: dict[str, Any]) -> None:
    assert decode_config(case["header"]) == case["config"]


@pytest.mark.parametrize("case", CASES["solve"], ids=named)
def test_the_first_attempt_that_fits_is_the_answer(case: dict[str, Any]) -> None:
    challenge = Challenge(case["seed"], case["difficulty"], case["config"])

    assert solve(challenge, max_attempts=case["max_attempts"]) == case["token"]


@pytest.mark.parametrize("case", CASES["unsolvable"], ids=named)
def test_no_placeholder_is_ever_given(case: dict[str, Any]) -> None:
    challenge = Challenge(case["seed"], case["difficulty"], case["config"])

    with pytest.raises(BrowserCheckRequiredError) as caught:
        solve(challenge, max_attempts=case["max_attempts"])

    assert caught.value.reason == "proof_unsolved"


def test_a_search_that_is_stopped_ends() -> None:
    asked = []

    with pytest.raises(BrowserCheckRequiredError):
        solve(Challenge("x", "0" * 12, [1, 2, 3, 4]), stopped=lambda: len(asked) > 3 or bool(asked.append(1)))

    assert len(asked) == 4


@pytest.mark.parametrize("case", CASES["gate"], ids=named)
def test_the_gate_decides_what_the_capture_can_answer(case: dict[str, Any]) -> None:
    headers = {f"openai-sentinel-{kind}-token": value for kind, value in case["capture"].items() if value}

    if case["expect"] == "browser_check_required":
        with pytest.raises(BrowserCheckRequiredError) as caught:
            examine(case["requirements"], headers)
        assert caught.value.reason == case["reason"]
        assert "copy that request again" in caught.value.message
    else:
        needed = examine(case["requirements"], headers)
        assert (needed.challenge is not None) is (case["expect"] == "proceed_with_proof")


def test_a_requirement_nobody_knows_stops_the_turn_by_its_name() -> None:
    with pytest.raises(BrowserCheckRequiredError, match="retina_scan") as caught:
        examine({"token": "t", "retina_scan": {"required": True}}, {})

    assert caught.value.reason == "unknown_requirement"


def test_a_captured_token_is_sent_unchanged_when_it_is_required() -> None:
    needed = examine(
        {"token": "t", "turnstile": {"required": True}}, {"openai-sentinel-turnstile-token": "as captured"}
    )

    assert needed.headers == {"openai-sentinel-turnstile-token": "as captured"}
    assert "as captured" not in repr(needed)


def test_the_answer_changes_nothing_of_the_configuration_but_the_attempt() -> None:
    config = [4000, "d", None, 0, "a\u2212b", {"k": [1.5, "x"]}, "\ud83d"]

    token = solve(Challenge("0.5\ud83d", "0f", config))

    answered = decode_config(token)
    assert answered is not None
    assert answered[:3] + answered[4:6] == config[:3] + config[4:6]
    assert config[3] == 0


@given(
    st.lists(st.none() | st.integers() | st.text(max_size=6) | st.booleans(), min_size=4, max_size=8),
    st.text(max_size=8),
)
def test_any_captured_configuration_answers_as_a_verifier_expects(config: list[Any], seed: str) -> None:
    token = solve(Challenge(seed, "1f", config))

    encoded = token.removeprefix("gAAAAAB")
    hashed = hashlib.sha3_512((seed + encoded).encode()).hexdigest()
    assert hashed[:2] <= "1f"
    answered = json.loads(base64.b64decode(encoded))
    assert [*answered[:3], None, *answered[4:]] == [*config[:3], None, *config[4:]]


REQUIREMENTS = st.dictionaries(
    st.sampled_from(["token", "force_login", "proofofwork", "turnstile", "arkose", "so", "expire_after", "persona"]),
    st.none()
    | st.booleans()
    | st.sampled_from([-1, 0, 600, 10**400, 1e400])
    | st.text(max_size=4)
    | st.dictionaries(st.sampled_from(["required", "seed", "difficulty", "dx"]), st.booleans() | st.text(max_size=3)),
)


@given(REQUIREMENTS, st.sampled_from([{}, {"openai-sentinel-proof-token": "gAAAAABWzQwMDAsImQiLG51bGwsMCwidWEiXQ=="}]))
def test_any_requirements_are_answered_or_stop_the_turn(requirements: dict[str, Any], captured: dict[str, str]) -> None:
    try:
        needed = examine(requirements, captured)
    except BrowserCheckRequiredError:
        return

    assert needed.token
    assert 0 < needed.expires_seconds <= 24 * 3600

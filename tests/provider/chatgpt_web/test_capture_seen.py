"""What is shown of a capture, and what the account's settings add to it."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest

from core.redaction import REDACTED
from provider.chatgpt_web.capture import inspect_capture
from provider.chatgpt_web.capture.seen import read_settings
from provider.interface.accounts import Inspection, PickerSettings

VECTORS = Path(__file__).parents[2] / "vectors"
CURL = (VECTORS / "capture-curl-bash.txt").read_text()
NOW = datetime.fromtimestamp(json.loads((VECTORS / "captures-expected.json").read_text())["now"], UTC)
SETTINGS = json.dumps(
    {
        "settings": {
            "default_model_config": {"default_model_slug": "gpt-5-5", "juices": {"pro": "extended"}},
            "last_used_model_config": {
                "slugs": {"web": "gpt-5-5-pro", "default": "gpt-5-5"},
                "juices": {"web": {"gpt-5-5-thinking": "heavy"}},
            },
            "wingman_thinking_effort": "instant",
        },
        "available_options": {"backend_reasoning_effort": ["instant", 3, "high"]},
    }
)


def inspected(text: str = CURL, settings: str | None = None) -> Inspection:
    return inspect_capture(text, now=NOW, settings=settings)


def test_the_request_is_shown_without_its_secrets() -> None:
    seen = inspected().seen
    assert seen.url == "https://chatgpt.com/backend-api/f/conversation"
    assert seen.headers["authorization"] == REDACTED
    assert {name for name, value in seen.headers.items() if value == REDACTED} >= {
        "openai-sentinel-proof-token",
        "x-conduit-token",
    }
    assert seen.headers["user-agent"].startswith("Mozilla")
    assert "cookie" not in seen.headers
    assert seen.cookie_count > 3
    assert (seen.action, seen.model) == ("next", "auto")


def test_an_address_loses_login_and_query() -> None:
    text = CURL.replace("https://chatgpt.com/backend", "https://me:pw@chatgpt.com/backend", 1)
    text = text.replace("f/conversation'", "f/conversation?token=abc'", 1)
    assert inspected(text).seen.url == "https://chatgpt.com/backend-api/f/conversation"


def test_what_cookies_say_of_models_is_shown_as_far_as_it_is_words() -> None:
    cookie = quote('{"model": "gpt-5-5", "effort": "max", "x": {"y": [NaN]}, "long": "' + "z" * 500 + '"}')
    seen = inspected(re.sub(r"oai-last-model-config=[^;']*", f"oai-last-model-config={cookie}", CURL)).seen
    assert (seen.last_model_config["model"], seen.last_model_config["effort"]) == ("gpt-5-5", "max")
    assert len(seen.last_model_config["long"]) == 128
    assert "x" not in seen.last_model_config


def test_settings_say_what_was_chosen_last() -> None:
    assert read_settings(SETTINGS) == PickerSettings(
        default_model="gpt-5-5",
        default_efforts={"pro": "extended"},
        last_models={"web": "gpt-5-5-pro", "default": "gpt-5-5"},
        last_efforts={"gpt-5-5-thinking": "heavy"},
        reasoning_efforts=("instant", "high"),
        wingman_effort="instant",
    )


@pytest.mark.parametrize("text", [None, "", "[]", "nonsense", '{"settings": 3}', '{"settings": {"last": 1}}'])
def test_other_settings_say_nothing(text: str | None) -> None:
    assert read_settings(text) in (None, PickerSettings())


def test_settings_count_for_what_an_account_can_do() -> None:
    plain, known = inspected().capabilities, inspected(settings=SETTINGS).capabilities
    assert plain.plan == "plus"
    assert (plain.default_model, known.default_model) == ("auto", "gpt-5-5")
    assert (plain.unlisted, known.unlisted) == ((), ("gpt-5-5-pro",))
    assert known.efforts["gpt-5-5-thinking"] == (*plain.efforts["gpt-5-5-thinking"], "heavy")
    assert known.backend_efforts == ("instant", "high")


def test_a_teams_account_that_has_used_pro_has_it() -> None:
    payload = {"https://api.openai.com/auth": {"chatgpt_plan_type": "team"}, "exp": NOW.timestamp() + 3600}
    token = f"e30.{urlsafe_b64encode(json.dumps(payload).encode()).decode().rstrip('=')}.c2ln"
    team = re.sub(r"Bearer [^\s']+", f"Bearer {token}", CURL)
    assert "gpt-5-5-pro" not in inspected(team).capabilities.models
    assert "gpt-5-5-pro" in inspected(team, SETTINGS).capabilities.models

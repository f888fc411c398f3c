"""Captures: complete, decodable, the same every time, good for their simulator alone."""

from __future__ import annotations

import base64
import json
import re
import shlex
import time
from typing import Any

import pytest

from core.errors import InvalidRequestError, NotFoundError
from provider.simulator import SimulatorConfig
from provider.simulator.captures import STYLES

AUTH = "https://api.openai.com/auth"


async def test_three_accounts_on_three_plans(simulator: Any) -> None:
    plans = {alias: _claims(_curl(text)[1])[AUTH]["chatgpt_plan_type"] for alias, text in simulator.captures().items()}
    assert plans == {"free": "free", "plus": "plus", "pro": "pro"}
    ids = {_claims(_curl(text)[1])[AUTH]["chatgpt_account_id"] for text in simulator.captures().values()}
    assert len(ids) == 3


async def test_capture_passes_every_check(simulator: Any) -> None:
    url, headers, cookies, body = _curl(simulator.capture("plus"))
    assert url == f"{simulator.url}/backend-api/f/conversation"
    claims = _claims(headers)
    assert claims["exp"] > time.time() + 24 * 3600
    assert claims["https://api.openai.com/profile"]["email"]
    assert headers["oai-device-id"] == cookies["oai-did"]
    assert any(name.startswith("__Secure-next-auth.session-token") for name in cookies)
    for name in ("chat-requirements-token", "proof-token", "turnstile-token"):
        assert headers[f"openai-sentinel-{name}"]
    assert headers["x-conduit-token"]
    assert headers["oai-session-id"]
    assert headers["user-agent"]
    assert body["messages"]
    assert body["action"] == "next"
    assert body["model"] == "auto"


async def test_proof_configuration_decodes(simulator: Any) -> None:
    header = _curl(simulator.capture("plus"))[1]["openai-sentinel-proof-token"]
    config = json.loads(base64.b64decode(header.removeprefix("gAAAAAB").removesuffix("~S")))
    assert isinstance(config, list)
    assert len(config) >= 4


async def test_credentials_are_the_same_for_the_same_seed(open_browser: Any) -> None:
    captures = []
    for seed in (1, 1, 2):
        simulator, _ = await open_browser(config=SimulatorConfig(seed=seed))
        captures.append(simulator.capture("plus").replace(simulator.url, ""))
    assert captures[0] == captures[1]
    assert captures[0] != captures[2]


async def test_capture_of_another_seed_is_refused(open_browser: Any) -> None:
    _, browser = await open_browser(config=SimulatorConfig(seed=1))
    other, _ = await open_browser(config=SimulatorConfig(seed=2))
    assert (await browser.of(other.capture("plus")).get("/backend-api/me")).status == 401


async def test_as_many_accounts_as_configured(open_browser: Any) -> None:
    simulator, browser = await open_browser(config=SimulatorConfig(accounts=("plus",) * 16))
    captures = simulator.captures()
    assert list(captures) == ["plus", *(f"plus-{number}" for number in range(2, 17))]
    assert (await browser.of(captures["plus-16"]).turn("hello")).done


@pytest.mark.parametrize("style", sorted(STYLES))
async def test_every_style_holds_the_same_request(simulator: Any, style: str) -> None:
    text = simulator.capture("pro", style=style)
    _, headers, cookies, _ = _curl(simulator.capture("pro"))
    assert f"{simulator.url}/backend-api/f/conversation" in text
    assert headers["authorization"] in text
    assert cookies["oai-did"] in text
    assert "hello from the simulator" in text


async def test_har_is_json(simulator: Any) -> None:
    entry = json.loads(simulator.capture("pro", style="har"))["log"]["entries"][0]
    assert json.loads(entry["request"]["postData"]["text"])["action"] == "next"


async def test_unknown_style_and_alias(simulator: Any) -> None:
    with pytest.raises(InvalidRequestError, match="curl-bash"):
        simulator.capture("plus", style="nonsense")
    with pytest.raises(NotFoundError):
        simulator.capture("nobody")


def _curl(text: str) -> tuple[str, dict[str, str], dict[str, str], Any]:
    words = shlex.split(text.replace("\\\n", " "))
    assert words[0] == "curl"
    pairs = list(zip(words, words[1:], strict=False))
    headers = dict(value.split(": ", 1) for option, value in pairs if option == "-H")
    cookie = next(value for option, value in pairs if option == "-b")
    body = next(value for option, value in pairs if option == "--data-raw")
    return words[1], headers, dict(re.findall(r"([^=; ]+)=([^;]*)", cookie)), json.loads(body)


def _claims(headers: dict[str, str]) -> Any:
    payload = headers["authorization"].removeprefix("Bearer ").split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=="))

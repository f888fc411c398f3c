"""The operator's side: rules, holds, dials, accounts, ledger."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp
import pytest

from provider.simulator import BadRuleError, BadSettingError

MODELS = "/backend-api/models"


async def test_rule_answers_the_next_requests_of_a_path(browser: Any) -> None:
    rule = {"path": MODELS, "times": 2, "status": 503, "headers": {"Retry-After": "7"}, "body": '{"detail":"later"}'}
    assert (await _admin(browser, "POST", "rules", rule)).status == 200
    answers = [await browser.get(MODELS) for _ in range(3)]
    assert [answer.status for answer in answers] == [503, 503, 200]
    assert (answers[0].headers["retry-after"], answers[0].json) == ("7", {"detail": "later"})
    assert (await browser.get("/backend-api/me")).status == 200


async def test_rule_can_pass_over_requests_accounts_and_methods(open_browser: Any) -> None:
    simulator, plus = await open_browser()
    pro = plus.of(simulator.capture("pro"))
    simulator.add_rule(path="/backend-api/*", account="plus", method="GET", skip=1, refusal="challenge")
    assert [(await one.get(MODELS)).status for one in (pro, plus, pro, plus, plus)] == [200, 200, 200, 403, 200]


async def test_rule_without_end_lasts_until_it_is_removed(simulator: Any, browser: Any) -> None:
    rule = simulator.add_rule(path=MODELS, times=0, status=500)
    assert [(await browser.get(MODELS)).status for _ in range(3)] == [500] * 3
    assert (await _admin(browser, "DELETE", f"rules/{rule.number}")).json == {"removed": True}
    assert (await browser.get(MODELS)).status == 200


async def test_rule_matches_routes_with_ids(simulator: Any, browser: Any) -> None:
    reply = await browser.turn("hello")
    simulator.add_rule(path="/backend-api/conversation/{id}", refusal="server_error")
    assert (await browser.get(f"/backend-api/conversation/{reply.conversation_id}")).status == 500


async def test_rule_delays(simulator: Any, browser: Any) -> None:
    simulator.add_rule(path=MODELS, delay_seconds=0.15)
    started = time.monotonic()
    assert (await browser.get(MODELS)).status == 200
    assert time.monotonic() - started >= 0.15


@pytest.mark.parametrize(("when", "created"), [("before", 0), ("after", 1)])
async def test_rule_drops_the_connection(open_browser: Any, when: str, created: int) -> None:
    simulator, browser = await open_browser()
    simulator.add_rule(path="/backend-api/f/conversation", drop=when)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await browser.turn("hello")
    assert simulator.ledger.counts["submissions"] == created


async def test_rule_holds_until_released(browser: Any) -> None:
    await _admin(browser, "POST", "rules", {"path": MODELS, "hold": "after"})
    asked = asyncio.create_task(browser.get(MODELS))
    held: list[Any] = []
    while not held:
        await asyncio.sleep(0.01)
        held = (await _admin(browser, "GET", "held")).json["held"]
    assert (held[0]["route"], held[0]["point"]) == (MODELS, "after")
    assert not asked.done()
    assert (await _admin(browser, "POST", "release", {"number": held[0]["number"]})).json == {"released": 1}
    assert (await asked).status == 200


async def test_rule_holds_a_turn_after_it_was_accepted(simulator: Any, browser: Any) -> None:
    simulator.add_rule(path="/backend-api/f/conversation", hold="after")
    turn = asyncio.create_task(browser.turn("hello"))
    await simulator.held()
    assert simulator.ledger.counts["submissions"] == 1
    simulator.release()
    assert (await turn).done


async def test_rule_gives_a_turn_a_scenario(simulator: Any, browser: Any) -> None:
    simulator.add_rule(path="/backend-api/f/conversation", scenario={"cut": 3})
    assert len((await browser.turn("hello")).events) == 3
    assert (await browser.turn("hello")).done


@pytest.mark.parametrize(
    "rule",
    [{"refusal": "nonsense"}, {"scenario": {"nonsense": 1}}, {"hold": "sometimes"}, {"nonsense": 1}],
)
async def test_senseless_rule_is_400(browser: Any, rule: dict[str, Any]) -> None:
    reply = await _admin(browser, "POST", "rules", rule)
    assert reply.status == 400
    assert reply.json["error"]


async def test_senseless_changes_raise(simulator: Any) -> None:
    with pytest.raises(BadRuleError):
        simulator.add_rule(refusal="nonsense")
    dials: tuple[dict[str, Any], ...] = ({"nonsense": 1}, {"time_scale": "fast"})
    for change in dials:
        with pytest.raises(BadSettingError):
            simulator.set(**change)
    changes: tuple[dict[str, Any], ...] = ({"alias": "other"}, {"sentinel": {"nonsense": True}}, {"expired": "yes"})
    for change in changes:
        with pytest.raises(BadSettingError):
            simulator.set_account("plus", **change)


async def test_dials_turn_over_http(browser: Any) -> None:
    reply = await _admin(browser, "POST", "settings", {"rtt_ms": 60, "deltas": 3})
    assert (reply.json["rtt_ms"], reply.json["deltas"]) == (60.0, 3)
    started = time.monotonic()
    await browser.get(MODELS)
    assert time.monotonic() - started >= 0.06
    assert (await _admin(browser, "POST", "settings", {"nonsense": 1})).status == 400


async def test_account_changes_over_http(browser: Any) -> None:
    reply = await _admin(browser, "POST", "accounts/plus", {"expired": True})
    assert reply.json["expired"] is True
    assert (await browser.get(MODELS)).json["detail"]["code"] == "token_expired"
    await _admin(browser, "POST", "accounts/plus", {"expired": False, "disabled": True})
    assert (await browser.get(MODELS)).json["detail"]["code"] == "account_deactivated"
    assert (await _admin(browser, "POST", "accounts/nobody", {})).status == 400
    shown = (await _admin(browser, "GET", "settings")).json
    assert shown["accounts"]["plus"]["disabled"] is True


@pytest.mark.parametrize(
    ("sentinel", "field", "value"),
    [
        ({"difficulty": ""}, "proofofwork", {"required": False}),
        ({"malformed": True}, "proofofwork", {"required": True, "seed": "", "difficulty": ""}),
        ({"turnstile": True}, "turnstile", {"required": True, "dx": "opaque"}),
        ({"arkose": True}, "arkose", {"required": True, "dx": None}),
        ({"force_login": True}, "force_login", True),
        ({"unknown": "so"}, "so", {"required": True}),
    ],
)
async def test_requirements_can_ask_for_more(
    simulator: Any, browser: Any, sentinel: dict[str, Any], field: str, value: Any
) -> None:
    simulator.set_account("plus", sentinel=sentinel)
    asked = (await browser.post("/backend-api/sentinel/chat-requirements", {"p": None})).json
    assert asked[field] == value


async def test_requirements_can_lack_their_token(simulator: Any, browser: Any) -> None:
    simulator.set_account("plus", sentinel={"no_token": True})
    assert "token" not in (await browser.post("/backend-api/sentinel/chat-requirements", {"p": None})).json


async def test_turnstile_token_must_be_the_captured_one(simulator: Any, browser: Any) -> None:
    simulator.set_account("plus", sentinel={"turnstile": True})
    name = "openai-sentinel-turnstile-token"
    assert (await browser.turn("hello")).status == 403
    assert (await browser.turn("hello", headers={name: browser.headers[name]})).status == 200


async def test_ledger_tells_what_was_asked(browser: Any) -> None:
    reply = await browser.turn("hello")
    await browser.get("/backend-api/nowhere")
    ledger = (await _admin(browser, "GET", "ledger")).json
    assert ledger["counts"]["requests"] == 3
    assert ledger["counts"]["submissions"] == 1
    assert ledger["by_route"]["POST /backend-api/f/conversation"] == 1
    assert ledger["by_account"] == {"plus": 2}
    assert ledger["by_status"] == {"200": 2, "404": 1}
    submission = ledger["submissions"][0]
    assert submission["message_id"] == reply.documents[0]["message"]["id"]
    assert (submission["kind"], submission["outcome"]) == ("chat", "completed")
    times = [request["at"] for request in ledger["requests"]]
    assert times == sorted(times)
    assert times[-1] <= time.monotonic()
    assert len((await _admin(browser, "GET", "ledger?last=1")).json["requests"]) == 1


async def test_message_sent_twice_is_noticed(simulator: Any, browser: Any) -> None:
    body = browser.body("hello")
    for _ in range(2):
        await browser.turn("", messages=body["messages"])
    message_id = body["messages"][0]["id"]
    assert simulator.ledger.sent(message_id) == 2
    assert simulator.ledger.snapshot()["duplicate_message_ids"] == [message_id]


async def test_reset_forgets_and_lets_go(simulator: Any, browser: Any) -> None:
    await browser.turn("hello")
    simulator.add_rule(path=MODELS, hold="before", times=0)
    asked = asyncio.create_task(browser.get(MODELS))
    await simulator.held()
    assert (await _admin(browser, "POST", "reset", {})).status == 200
    assert (await asked).status == 200
    assert simulator.ledger.counts["submissions"] == 0
    assert (await browser.get("/backend-api/conversations")).json["items"] == []
    assert (await browser.get(MODELS)).status == 200


async def test_captures_over_http(simulator: Any, browser: Any) -> None:
    assert (await _admin(browser, "GET", "captures")).json == simulator.captures()
    assert (await _admin(browser, "GET", "captures?style=nonsense")).status == 400


async def _admin(browser: Any, method: str, path: str, body: Any = None) -> Any:
    return await browser.call(method, f"/__sim__/{path}", body, headers={})

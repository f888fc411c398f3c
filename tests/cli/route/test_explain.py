"""`chatgpt-api route explain`: exact words, and a status that says whether it would be refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.times import moment
from tests.fakes.http import FakeBridge

Command = Callable[..., Any]
EXPLAIN = "/v1/chatgpt/route/explain"
UNTIL = 1_790_000_000.0
SERVES = {"account": "pro", "plan": "pro", "place": 1, "text": "Serves: 0 % of its slots for this are taken."}
NEXT = {"account": "plus", "plan": "plus", "place": 2, "text": "Could serve: 33 % of its slots for this are taken."}
PASSED = {
    "account": "go",
    "plan": None,
    "place": None,
    "reason": "burst",
    "eligible_again_at": UNTIL,
    "text": "Passed over: upstream told it to slow down, again in 9 min.",
}


def told(outcome: str, *accounts: dict[str, Any], **more: Any) -> dict[str, Any]:
    serves = accounts[0]["account"] if outcome == "served" else None
    return {"kind": "chat", "strategy": "auto", "outcome": outcome, "account": serves, "accounts": accounts, **more}


def test_the_order_and_every_reason_are_told(bridge: FakeBridge, command: Command) -> None:
    bridge.says(told("served", SERVES, NEXT, PASSED), path=EXPLAIN)
    shown = command("route", "explain", "-m", "hello there", "--model", "gpt-5-5", "--account", "pro")
    assert (shown.status, shown.err) == (0, "")
    assert shown.out == (
        "kind=chat\nstrategy=auto\noutcome=served\naccount=pro\n"
        "  1  pro (pro): Serves: 0 % of its slots for this are taken.\n"
        "  2  plus (plus): Could serve: 33 % of its slots for this are taken.\n"
        "  -  go: Passed over: upstream told it to slow down, again in 9 min."
        f" Eligible again at {moment(UNTIL)}.\n"
    )
    assert bridge.asked[0].body == {
        "kind": "chat",
        "request": {
            "model": "gpt-5-5",
            "messages": [{"role": "user", "content": "hello there"}],
            "chatgpt_account": "pro",
        },
    }


@pytest.mark.parametrize(
    ("outcome", "status", "note"),
    [
        ("waits_for_a_slot", 0, ""),
        ("waits", 0, "It is taken, and waits in line until an account can serve it.\n"),
    ],
)
def test_what_waits_is_not_refused(bridge: FakeBridge, command: Command, outcome: str, status: int, note: str) -> None:
    bridge.says(told(outcome, PASSED), path=EXPLAIN)
    shown = command("route", "explain", "--kind", "image")
    assert (shown.status, shown.err) == (status, note)
    assert f"outcome={outcome}\n" in shown.out


def test_what_is_refused_is_1_with_the_error_beside_the_reasons(bridge: FakeBridge, command: Command) -> None:
    error = {"code": "no_eligible_account", "message": "no account can serve this: …", "action": "Wait."}
    bridge.says(told("refused", PASSED, error=error, retry_after="540"), path=EXPLAIN)
    shown = command("route", "explain")
    assert shown.status == 1
    assert shown.err == (
        "error: no account can serve this: … [no_eligible_account]\nwhat to do: Wait.\nRetry-After: 540 s\n"
    )
    assert shown.out.endswith(f"Eligible again at {moment(UNTIL)}.\n")


def test_of_an_empty_pool_no_nameless_account_is_told(bridge: FakeBridge, command: Command) -> None:
    error = {"code": "account_not_configured", "message": "there is no account", "action": "Add one."}
    bridge.says(told("refused", error=error), path=EXPLAIN)
    shown = command("route", "explain")
    assert (shown.status, shown.out) == (1, "kind=chat\nstrategy=auto\noutcome=refused\n")


def test_a_script_gets_it_all_and_the_same_status(bridge: FakeBridge, command: Command) -> None:
    bridge.says(told("refused", PASSED), path=EXPLAIN)
    shown = command("route", "explain", "--json")
    assert (shown.status, json.loads(shown.out)["accounts"][0]["reason"]) == (1, "burst")


def test_the_body_may_be_a_file(bridge: FakeBridge, command: Command, tmp_path: Path) -> None:
    bridge.says(told("served", SERVES), path=EXPLAIN)
    (tmp_path / "body.json").write_text('{"prompt": "a heron", "model": "auto"}')
    assert command("route", "explain", "--kind", "image", "--request", "body.json").status == 0
    assert bridge.asked[0].body == {"kind": "image", "request": {"prompt": "a heron", "model": "auto"}}


@pytest.mark.parametrize("content", ["no JSON", "[]"])
def test_a_file_that_holds_no_object_is_wrong_usage(
    bridge: FakeBridge, command: Command, tmp_path: Path, content: str
) -> None:
    (tmp_path / "body.json").write_text(content)
    assert (command("route", "explain", "--request", "body.json").status, bridge.asked) == (2, [])


def test_a_request_that_is_wrong_is_2(bridge: FakeBridge, command: Command) -> None:
    bridge.fails("invalid_request", 400, "`kind`: must be one of chat.", "Correct it.", path=EXPLAIN)
    assert command("route", "explain", "--kind", "dance").status == 2


@pytest.mark.parametrize(
    ("action", "how", "note"),
    [
        ("Correct the field named in `param`.", {"param": "kind"}, "param: kind\n"),
        ("Try again after `Retry-After` seconds.", {"headers": {"retry-after": "30"}}, "Retry-After: 30 s\n"),
        ("Do something else.", {"param": "kind", "headers": {"retry-after": "30"}}, ""),
    ],
)
def test_what_the_advice_speaks_of_is_shown(
    bridge: FakeBridge, command: Command, action: str, how: dict[str, Any], note: str
) -> None:
    bridge.fails("invalid_request", 400, "no", action, path=EXPLAIN, **how)
    assert command("route", "explain").err == (
        f"error: no [invalid_request; at fault: the request]\nwhat to do: {action}\n{note}request id: req_1\n"
    )

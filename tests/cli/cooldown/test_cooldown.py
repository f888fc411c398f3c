"""`chatgpt-api account cooldown`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from cli.times import moment
from tests.fakes.http import FakeBridge

Command = Callable[..., Any]
COOLDOWNS = "/v1/chatgpt/cooldowns"
UNTIL = 1_790_000_000.0
ONE = {
    "account": "plus",
    "scope": "account",
    "reason": "burst",
    "source": "told",
    "evidence": "Upstream limits this account's rate. (HTTP 429: Too many requests)",
    "until": UNTIL,
    "seconds_left": 300,
    "longest_seconds": 900,
    "strikes": 1,
    "state": "running",
}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, f"until {moment(UNTIL)} (another 5.0 min, 15.0 min at most), as ChatGPT said"),
        (
            {"source": "guessed", "strikes": 3},
            f"until {moment(UNTIL)} (another 5.0 min, 15.0 min at most), guessed, after 3 refusals in a row",
        ),
        ({"state": "over"}, "over, and the next request tries the account, as ChatGPT said"),
        ({"state": "trying"}, "over, and a request is trying the account now, as ChatGPT said"),
    ],
)
def test_a_cooldown_says_until_when_and_what_it_was_learnt_from(
    bridge: FakeBridge, command: Command, changes: dict[str, Any], said: str
) -> None:
    bridge.says({"data": [{**ONE, **changes}]}, path=COOLDOWNS)
    shown = command("account", "cooldown", "list")
    assert (shown.status, shown.err) == (0, "")
    assert shown.out == (
        f"plus account: burst, {said}: Upstream limits this account's rate. (HTTP 429: Too many requests)\n"
    )


def test_none_is_said_beside_the_result_and_one_account_may_be_named(bridge: FakeBridge, command: Command) -> None:
    bridge.says({"data": []}, path=COOLDOWNS)
    shown = command("account", "cooldown", "list", "my plus")
    assert (shown.status, shown.out, shown.err) == (0, "", "No cooldowns.\n")
    assert bridge.asked[0].path == f"{COOLDOWNS}?account=my%20plus"


def test_ending_them_says_which_were_ended(bridge: FakeBridge, command: Command) -> None:
    bridge.says({"data": [ONE]}, path=f"{COOLDOWNS}/clear")
    shown = command("account", "cooldown", "clear", "plus", "--scope", "account")
    assert (shown.status, shown.out) == (0, "account=plus\nended=account\n")
    assert bridge.asked[0].body == {"account": "plus", "scope": "account"}
    bridge.says({"data": []}, path=f"{COOLDOWNS}/clear")
    assert command("account", "cooldown", "clear", "plus").out == "account=plus\nended=-\n"


def test_a_script_gets_json(bridge: FakeBridge, command: Command) -> None:
    bridge.says({"data": [ONE]}, path=COOLDOWNS)
    assert json.loads(command("account", "cooldown", "list", "--json").out) == {"data": [ONE]}


def test_nobodys_cooldowns_are_2(bridge: FakeBridge, command: Command) -> None:
    bridge.fails("account_not_configured", 403, "there is no account 'x'", "Add it.", path=f"{COOLDOWNS}/clear")
    shown = command("account", "cooldown", "clear", "x")
    assert (shown.status, shown.out) == (2, "")
    assert "what to do: Add it." in shown.err

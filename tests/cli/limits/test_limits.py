"""`chatgpt-api admin set-limits` and what belongs to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.fakes.http import FakeBridge

Command = Callable[..., Any]
PATH = "/v1/chatgpt/limits"
NOW = {
    "object": "chatgpt.limits",
    "plans": {"plus": {"chat": {"slots": 2, "source": "settings"}}},
    "accounts": {"mine": {"chat": {"slots": 2, "source": "settings", "in_use": 0}}},
    "saved": {"plans": {"chat": {"plus": 2}}, "accounts": {}},
    "warnings": ["Slots are saved for 'x', but there is no such account."],
}
SHOWN = "plan plus: chat=2 (settings)\naccount mine: chat=2 (settings)\nsaved plans chat: plus=2\n"


def test_limits_are_merged_into_what_is_saved(bridge: FakeBridge, command: Command) -> None:
    bridge.says(NOW, path=PATH)
    shown = command("admin", "set-limits", "--chat", "Plus=2, mine:3", "--image", "mine=-")

    assert (shown.status, shown.out) == (0, SHOWN)
    (call,) = bridge.asked
    assert (call.method, call.body) == (
        "PATCH",
        {"chat": {"plans": {"plus": 2}, "accounts": {"mine": 3}}, "image": {"plans": {}, "accounts": {"mine": None}}},
    )


def test_a_name_that_no_account_bears_is_saved_and_spoken_of(bridge: FakeBridge, command: Command) -> None:
    bridge.says(NOW, path=PATH)
    shown = command("admin", "set-limits", "--chat", "mine=2,mime=3", "--image", "gone=-,mime=1")

    assert (shown.status, shown.out) == (0, SHOWN)
    assert shown.err == "Saved, but the pool has no account mime: it counts once there is one of that name.\n"


@pytest.mark.parametrize("items", ["plus", "plus=x", "=2", "plus=2,,pro=1", "plus=2000"])
def test_a_malformed_item_is_wrong_usage_and_nothing_is_sent(bridge: FakeBridge, command: Command, items: str) -> None:
    shown = command("admin", "set-limits", "--chat", items)
    assert (shown.status, bridge.asked) == (2, [])


def test_no_option_is_wrong_usage(bridge: FakeBridge, command: Command) -> None:
    assert command("admin", "set-limits").status == 2


def test_settings_show_and_reset(bridge: FakeBridge, command: Command) -> None:
    bridge.says(NOW, path=PATH)
    shown = command("admin", "settings")
    assert (shown.out, shown.err) == (SHOWN, "Slots are saved for 'x', but there is no such account.\n")
    bridge.says(NOW, path=PATH)
    assert command("admin", "reset-settings").out.startswith("reset=true\n")


def test_without_accounts_the_plans_are_shown(bridge: FakeBridge, command: Command) -> None:
    bridge.says({**NOW, "accounts": {}, "warnings": []}, path=PATH)
    shown = command("admin", "settings")
    assert shown.out.startswith("plan plus: chat=2 (settings)\n")
    assert "chatgpt-api account add" in shown.err

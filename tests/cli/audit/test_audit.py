"""`chatgpt-api audit list`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.fakes.http import FakeBridge

Command = Callable[..., Any]
AUDIT = "/v1/chatgpt/audit"
ENTRIES = [
    {
        "number": 2,
        "at": 1_790_000_000.0,
        "actor": "key:primary",
        "action": "account.paused",
        "subject": "plus",
        "before": {"state": "enabled", "state_reason": ""},
        "after": {"state": "paused", "state_reason": "holiday"},
    },
    {
        "number": 1,
        "at": 1_790_000_000.0,
        "actor": "cli",
        "action": "key.created",
        "subject": "key_1",
        "before": None,
        "after": {"scopes": ["chat", "read"]},
    },
]


def test_changes_are_lines_with_what_was_and_what_is(bridge: FakeBridge, command: Command) -> None:
    bridge.says({"object": "list", "data": ENTRIES, "has_more": True, "next_cursor": "1"}, path=AUDIT)
    shown = command("audit", "list", "--actor", "key:primary", "--since", "2026-01-01", "--limit", "2")
    heading, first, second = shown.out.splitlines()

    assert heading.split()[:3] == ["TIME", "WHO", "WHAT"]
    assert first.split()[3:6] == ["key:primary", "account.paused", "plus"]
    assert first.endswith("state: enabled -> paused; state_reason: - -> holiday")
    assert second.endswith("scopes: - -> chat, read")
    assert first.index("account.paused") == second.index("key.created")
    assert "--cursor 1" in shown.err
    assert bridge.asked[0].path == f"{AUDIT}?actor=key%3Aprimary&since=2026-01-01&limit=2"


def test_an_empty_log_says_so(bridge: FakeBridge, command: Command) -> None:
    bridge.says({"object": "list", "data": []}, path=AUDIT)
    shown = command("audit", "list")
    assert (shown.status, shown.out, shown.err) == (0, "", "Nothing of that kind was changed.\n")

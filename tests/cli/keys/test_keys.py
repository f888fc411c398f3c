"""`chatgpt-api keys`."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli.times import moment
from tests.fakes.http import FakeBridge

Command = Callable[..., Any]
KEYS = "/v1/chatgpt/keys"
KEY: dict[str, Any] = {
    "object": "chatgpt.key",
    "id": "key_1",
    "name": "laptop",
    "hint": "sk-cgb-AbCdE",
    "state": "active",
    "scopes": ["chat", "read"],
    "models": [],
    "accounts": ["plus"],
    "per_minute": 5,
    "per_day": None,
    "created_at": 1_790_000_000.0,
    "expires_at": None,
    "revoked_at": None,
    "last_used_at": None,
}


def fields(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines())


def test_create_shows_the_key_once_and_says_so(bridge: FakeBridge, command: Command) -> None:
    bridge.says({**KEY, "key": "sk-cgb-AbCdEsecret"}, path=KEYS)
    shown = command("keys", "create", "laptop", "--scopes", "chat,read", "--accounts", "plus", "--per-minute", "5")

    assert shown.status == 0
    assert fields(shown.out) | {"created": ""} == {
        "key": "sk-cgb-AbCdEsecret",
        "id": "key_1",
        "name": "laptop",
        "hint": "sk-cgb-AbCdE",
        "state": "active",
        "scopes": "chat, read",
        "models": "all",
        "accounts": "plus",
        "per_minute": "5",
        "per_day": "unlimited",
        "created": "",
        "expires": "never",
        "last_used": "never",
    }
    assert "cannot be shown again" in shown.err
    assert bridge.asked[0].body == {
        "name": "laptop",
        "scopes": "chat,read",
        "accounts": "plus",
        "per_minute": 5,
    }


@pytest.mark.parametrize(("span", "expected"), [("90d", timedelta(days=90)), ("12 H", timedelta(hours=12))])
def test_a_span_is_counted_from_now(bridge: FakeBridge, command: Command, span: str, expected: timedelta) -> None:
    bridge.says({**KEY, "key": "k"}, path=KEYS)
    command("keys", "create", "laptop", "--expires", span)

    sent = datetime.fromisoformat(bridge.asked[0].body["expires_at"])
    assert abs(sent - datetime.now(UTC) - expected) < timedelta(minutes=1)


def test_an_expiry_that_is_none_is_wrong_usage(bridge: FakeBridge, command: Command) -> None:
    shown = command("keys", "create", "laptop", "--expires", "soon")

    assert (shown.status, shown.out) == (2, "")
    assert "90d" in shown.err
    assert not bridge.asked


def test_list_is_one_line_a_key(bridge: FakeBridge, command: Command) -> None:
    bootstrap = {"id": "primary", "name": "bootstrap", "state": "active", "hint": None, "scopes": ["admin"]}
    bridge.says({"object": "list", "data": [bootstrap, {**KEY, "expires_at": 1_790_000_000.0}]}, path=KEYS)
    shown = command("keys", "list")

    heading, first, second = shown.out.splitlines()
    assert first.split()[:5] == ["primary", "active", "-", "admin", "-"]
    assert first.split()[5:] == ["never", "never", "bootstrap"]
    assert second.split()[:6] == ["key_1", "active", "sk-cgb-AbCdE", "chat,read", "5/min", "accounts=plus"]
    assert second.split()[6:] == [*(moment(1_790_000_000.0) or "").split(), "never", "laptop"]
    assert {line.index("active") for line in (first, second)} == {heading.index("STATE")}


def test_what_nobody_has_is_spoken_of(bridge: FakeBridge, command: Command) -> None:
    bridge.says({**KEY, "key": "k", "warnings": ["There is no account 'plsu' now."]}, path=KEYS)
    bridge.says({**KEY, "warnings": ["No more 'x'."]}, path=f"{KEYS}/key_1")
    assert "There is no account 'plsu' now.\n" in command("keys", "create", "a", "--accounts", "plsu").err
    assert command("keys", "change", "key_1", "--models", "x").err == "No more 'x'.\n"


def test_show_and_revoke_name_the_key(bridge: FakeBridge, command: Command) -> None:
    bridge.says(KEY, path=f"{KEYS}/key_1")
    revoked = {**KEY, "state": "revoked", "revoked_at": 1_790_000_100.0}
    bridge.says(revoked, path=f"{KEYS}/key_1/revoke")
    shown, gone = command("keys", "show", "key_1"), command("keys", "revoke", "key_1")

    assert (shown.status, gone.status) == (0, 0)
    assert fields(shown.out)["accounts"] == "plus"
    assert "revoked" not in fields(shown.out)
    assert fields(gone.out)["state"] == "revoked"
    assert [asked.method for asked in bridge.asked] == ["GET", "POST"]


@pytest.mark.parametrize(
    ("arguments", "path", "answer"),
    [
        (("list",), KEYS, {"object": "list", "data": [KEY]}),
        (("create", "laptop"), KEYS, {**KEY, "key": "k"}),
        (("show", "key_1"), f"{KEYS}/key_1", KEY),
        (("revoke", "key_1"), f"{KEYS}/key_1/revoke", KEY),
    ],
)
def test_json_is_the_answer_as_it_was_sent(
    bridge: FakeBridge, command: Command, arguments: tuple[str, ...], path: str, answer: dict[str, Any]
) -> None:
    bridge.says(answer, path=path)
    shown = command("keys", *arguments, "--json")

    assert (shown.status, json.loads(shown.out)) == (0, answer)


def test_a_key_that_is_too_narrow_says_what_to_do(bridge: FakeBridge, command: Command) -> None:
    error = {
        "message": "The API key 'laptop' does not have the scope `admin`.",
        "code": "missing_scope",
        "fault": "caller",
        "action": "Use a key that has the scope the message names.",
    }
    bridge.says({"error": error}, path=KEYS, status=403)
    shown = command("keys", "list")

    assert (shown.status, shown.out) == (2, "")
    assert "`admin`" in shown.err
    assert "what to do: Use a key" in shown.err


def test_change_sends_what_is_named_and_takes_limits_away(bridge: FakeBridge, command: Command) -> None:
    bridge.says({**KEY, "per_minute": None}, path=f"{KEYS}/key_1")
    shown = command(
        "keys", "change", "key_1", "--per-minute", "0", "--per-day", "9", "--models", "all", "--expires", "never"
    )

    assert (shown.status, fields(shown.out)["per_minute"]) == (0, "unlimited")
    assert (bridge.asked[0].method, bridge.asked[0].body) == (
        "PATCH",
        {"per_minute": None, "per_day": 9, "models": [], "expires_at": None},
    )


def test_change_without_a_change_is_wrong_usage(bridge: FakeBridge, command: Command) -> None:
    shown = command("keys", "change", "key_1")

    assert (shown.status, bridge.asked) == (2, [])
    assert "name something to change" in shown.err

"""`chatgpt-api usage`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.fakes.http import FakeBridge

Command = Callable[..., Any]
PATH = "/v1/chatgpt/usage"


def feature(status: str, remaining: float | None = None) -> dict[str, Any]:
    return {"status": status, "remaining": remaining, "resets_after": "2030-01-01T00:00:00+00:00"}


ENTRY = {
    "account": "one",
    "plan_type": "plus",
    "ok": True,
    "default_model_slug": "auto",
    "features": {
        "deep_research": feature("available", 7),
        "image_gen": feature("blocked"),
        "file_upload": feature("exhausted", 0),
        "paste_text_to_file": feature("not_reported"),
    },
    "model_limits": [],
    "as_of": 1_790_000_000.0,
    "age_seconds": 125.5,
    "source": "probe",
}
COUNTS = {
    "object": "list",
    "since": "2030-01-01",
    "by": ["account", "model"],
    "data": [
        {
            "account": "one",
            "model": "auto",
            "requests": 3,
            "failures": 1,
            "prompt_tokens": 10,
            "completion_tokens": 4,
            "total_tokens": 14,
        }
    ],
}


@pytest.mark.parametrize("group", [(), ("admin",), ("api",)])
def test_what_is_left_is_a_table(bridge: FakeBridge, command: Command, group: tuple[str, ...]) -> None:
    bridge.says({"object": "chatgpt.usage", "accounts": [ENTRY]}, path=PATH)
    shown = command(*group, "usage")

    assert shown.status == 0
    last = shown.out.splitlines()[-1]
    assert last == (
        "| one | plus | yes | auto | 7; reset 2030-01-01 00:00 UTC | blocked; reset 2030-01-01 00:00 UTC"
        " | 0; reset 2030-01-01 00:00 UTC | not reported | none | 3 min ago, probe |"
    )


def test_json_is_what_the_server_sent(bridge: FakeBridge, command: Command) -> None:
    sent = {"object": "chatgpt.usage", "accounts": [ENTRY]}
    bridge.says(sent, path=PATH)
    assert json.loads(command("usage", "--json").out) == sent


def test_counts_name_keys_in_the_order_that_was_asked_for(bridge: FakeBridge, command: Command) -> None:
    entry = {**COUNTS["data"][0], "key": "key_1", "key_name": "photo app"}
    gone = {**COUNTS["data"][0], "key": "key_2", "key_name": None}
    bridge.says({**COUNTS, "by": ["model", "key"], "data": [entry, gone]}, path=f"{PATH}/counts")
    shown = command("usage", "--counts", "--by", "model,key")
    first, second = shown.out.splitlines()
    assert first == "auto photo app: requests=3 failures=1 tokens=10+4"
    assert second.startswith("auto key_2:")


def test_counts_are_not_refreshed(bridge: FakeBridge, command: Command) -> None:
    shown = command("usage", "--counts", "--refresh")
    assert (shown.status, shown.out, bridge.asked) == (2, "", [])


def test_counts_are_lines(bridge: FakeBridge, command: Command) -> None:
    bridge.says(COUNTS, path=f"{PATH}/counts")
    shown = command("usage", "--counts", "--by", "account,model")
    assert (shown.status, shown.out) == (0, "one auto: requests=3 failures=1 tokens=10+4\n")


def test_nothing_counted_is_said(bridge: FakeBridge, command: Command) -> None:
    bridge.says({**COUNTS, "data": []}, path=f"{PATH}/counts")
    shown = command("usage", "--counts")
    assert (shown.out, shown.err) == ("", "Nothing was asked for since 2030-01-01.\n")

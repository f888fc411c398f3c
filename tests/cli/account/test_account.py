"""`chatgpt-api account`."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.times import moment, span
from tests.fakes.http import FakeBridge

Command = Callable[..., Any]
ACCOUNTS = "/v1/chatgpt/accounts"
GOOD = {"ok": True, "missing": [], "warnings": [], "checks": [], "detected": {"plan_type": "plus"}}
ACCOUNT: dict[str, Any] = {
    "object": "chatgpt.account",
    "alias": "me",
    "in_pool": True,
    "state": "enabled",
    "state_reason": "",
    "weight": None,
    "tags": ["work"],
    "note": "",
    "plan": "plus",
    "email": "a***z@example.com",
    "capture": {"captured_at": 1_790_000_000.0, "age_seconds": 7200.0, "token_expires_at": None, "previous": True},
    "health": {"state": "ok", "cause": "ok", "detail": "", "what_to_do": "Nothing."},
    "in_flight": {"chat": {"used": 1, "limit": 3}, "image": {"used": 0, "limit": 2}},
    "last_used_at": None,
    "last_success_at": None,
    "error": None,
}
ILL = {
    **ACCOUNT,
    "alias": "ill",
    "health": {"state": "quarantined", "cause": "challenge", "what_to_do": "Open it in the browser."},
}


def lines(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines())


def test_list_says_what_to_do_where_one_does_not_work(bridge: FakeBridge, command: Command) -> None:
    ends = {"stage": "hours", "expires_at": 1_790_000_000.0, "message": "Replace the capture."}
    cooling = {"state": "cooling", "cause": "burst", "until": 1_790_000_000.0, "what_to_do": "Wait."}
    cloudy = {"state": "ok", "cause": "transport", "what_to_do": "Check this machine's network."}
    accounts = [
        ACCOUNT,
        ILL,
        {**ACCOUNT, "alias": "an-account-with-a-long-name-indeed", "health": cooling},
        {**ACCOUNT, "alias": "ends", "forecast": ends, "plan": None},
        {**ACCOUNT, "alias": "cloudy", "health": cloudy},
        {**ACCOUNT, "alias": "spare", "in_pool": False},
        {**ACCOUNT, "alias": "used-up", "blocked_features": [{"name": "image_gen", "resets_after": None}]},
    ]
    bridge.says({"object": "list", "data": accounts}, path=ACCOUNTS)
    shown = command("account", "list")
    until = moment(1_790_000_000.0)
    slots, wide, ill = "chat=1/3 image=0/2", len(f"cooling (burst) until {until}"), "quarantined (challenge)"
    assert shown.status == 0
    assert shown.out.splitlines() == [
        f"ACCOUNT                             STATE                     {'HEALTH':<{wide}}  PLAN  SLOTS",
        f"me                                  enabled                   {'ok':<{wide}}  plus  {slots}",
        f"ill                                 enabled                   {ill:<{wide}}  plus  {slots}",
        "                                    -> Open it in the browser.",
        f"an-account-with-a-long-name-indeed  enabled                   cooling (burst) until {until}  plus  {slots}",
        "                                    -> Wait.",
        f"ends                                enabled                   {'ok':<{wide}}  -     {slots}",
        "                                    -> Replace the capture.",
        f"cloudy                              enabled                   {'ok (transport)':<{wide}}  plus  {slots}",
        "                                    -> Check this machine's network.",
        f"spare                               enabled, not in the pool  {'ok':<{wide}}  plus  {slots}",
        "                                    -> Name it in CHATGPT_ACCOUNTS, or leave that unset, to have it serve.",
        f"used-up                             enabled                   {'ok':<{wide}}  plus  {slots}",
        "                                    -> Limited: image_gen.",
    ]


def test_an_empty_list_says_how_to_begin(bridge: FakeBridge, command: Command) -> None:
    bridge.says({"object": "list", "data": []}, path=ACCOUNTS)
    shown = command("account", "list")
    assert (shown.status, shown.out) == (0, "")
    assert "chatgpt-api account add" in shown.err


def test_show_is_the_account_in_lines(bridge: FakeBridge, command: Command) -> None:
    bridge.says(ACCOUNT, path=f"{ACCOUNTS}/me")
    told = lines(command("account", "show", "me").out)
    assert (told["account"], told["weight"], told["tags"]) == ("me", "by plan", "work")
    assert (told["capture_age"], told["previous_capture"], told["last_used"]) == ("2.0 h", "yes", "never")
    assert (told["health"], told["what_to_do"], told["slots"]) == ("ok", "Nothing.", "chat=1/3 image=0/2")
    assert {"forecast", "limited", "capture_ends", "models"}.isdisjoint(told)


def test_show_tells_what_the_account_can_what_it_may_not_and_how_long(bridge: FakeBridge, command: Command) -> None:
    soon, until = time.time() + 5 * 3600 + 60, 1_790_000_000.0
    told = {
        **ACCOUNT,
        "capabilities": {"supported_models": ["auto", "gpt-5-5"], "efforts": {"gpt-5-5": ["standard", "max"]}},
        "forecast": {"stage": "hours", "expires_at": soon, "expires_by": "token", "message": "Replace it soon."},
        "health": {"state": "ok", "cause": "ok", "what_to_do": "Nothing.", "limited": {"model:gpt-5-5": until}},
        "blocked_features": [{"name": "image_gen", "resets_after": "2026-09-21T14:13:20+00:00"}],
        "model_limits": [{"model_slug": "o9", "resets_after": None}],
    }
    bridge.says(told, path=f"{ACCOUNTS}/me")
    shown = lines(command("account", "show", "me").out)
    assert (shown["models"], shown["efforts"]) == ("auto, gpt-5-5", "gpt-5-5 (standard max)")
    assert shown["capture_ends"] == f"{moment(soon)} (in 5.0 h, by its token)"
    assert shown["forecast"] == "Replace it soon."
    assert shown["limited"] == f"model:gpt-5-5 until {moment(until)}, image_gen until {moment(until)}, model:o9"


@pytest.mark.parametrize(
    ("name", "method", "path"),
    [("add", "POST", ACCOUNTS), ("update", "PUT", f"{ACCOUNTS}/me/capture")],
)
@pytest.mark.parametrize("way", ["file", "paste", "pipe", "dash"])
def test_a_capture_is_taken_from_a_file_a_paste_or_a_pipe(
    bridge: FakeBridge,
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    name: str,
    method: str,
    path: str,
    way: str,
) -> None:
    bridge.says(GOOD, path=f"{ACCOUNTS}/inspect")
    bridge.says({**ACCOUNT, "live_verify": "skipped"}, path=path)
    (tmp_path / "capture.har").write_text("curl it\n")
    monkeypatch.setattr("sys.stdin", io.StringIO("curl it\n"))
    ways = {"file": ["--capture-file", "capture.har"], "paste": ["--paste"], "dash": ["--capture-file", "-"]}
    shown = command("account", name, "me", *ways.get(way, []), "--no-live-verify")
    assert shown.status == 0, shown.err
    assert (bridge.asked[-1].method, bridge.asked[-1].path) == (method, path)
    assert (bridge.asked[-1].body["capture"], bridge.asked[-1].body["verify"]) == ("curl it\n", False)
    assert lines(shown.out)["live_verify"] == "skipped"


def test_two_places_for_one_capture_are_wrong_usage(bridge: FakeBridge, command: Command) -> None:
    shown = command("account", "add", "me", "--paste", "--capture-file", "x")
    assert (shown.status, bridge.asked) == (2, [])


def test_a_capture_that_upstream_refuses_is_2_and_nothing_was_written(
    bridge: FakeBridge, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge.says(GOOD, path=f"{ACCOUNTS}/inspect")
    path = f"{ACCOUNTS}/me/capture"
    bridge.fails("auth_invalid", 403, "not accepted", "Copy it again.", path=path, fault="account")
    monkeypatch.setattr("sys.stdin", io.StringIO("curl it"))
    shown = command("account", "update", "me", "--other-login")
    assert shown.status == 2
    assert lines(shown.out) == {
        "saved": "no",
        "nothing_written": "yes",
        "phase": "save",
        "account": "me",
        "live_error": "auth_invalid",
    }
    assert "what to do: Copy it again." in shown.err
    assert bridge.asked[-1].body["other_login"] is True
    monkeypatch.setattr("sys.stdin", io.StringIO("curl it"))
    scripted = command("account", "update", "me", "--paste", "--json")
    assert scripted.status == 2
    assert json.loads(scripted.out)["code"] == "auth_invalid"


@pytest.mark.parametrize("verify", ["--live-verify", "--no-live-verify"])
def test_an_update_of_nobody_says_how_to_add_and_that_nothing_was_verified(
    bridge: FakeBridge, command: Command, monkeypatch: pytest.MonkeyPatch, verify: str
) -> None:
    bridge.says(GOOD, path=f"{ACCOUNTS}/inspect")
    bridge.fails("not_found", 404, "There is no account 'me'.", "Check the path.", path=f"{ACCOUNTS}/me/capture")
    monkeypatch.setattr("sys.stdin", io.StringIO("curl it"))
    shown = command("account", "update", "me", verify)
    assert (shown.status, "live_error" in shown.out) == (2, False)
    assert "or make a new account of the capture with `chatgpt-api account add me`" in shown.err


def test_what_is_worth_knowing_of_a_capture_is_told_as_it_is(
    bridge: FakeBridge, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = {"name": "freshness", "level": "recommended", "ok": False, "detail": "It expires within a day."}
    bridge.says({**GOOD, "warnings": ["freshness"], "checks": [check]}, path=f"{ACCOUNTS}/inspect")
    bridge.says({**ACCOUNT, "warnings": ["freshness"], "same_login_as": ["mine"]}, path=ACCOUNTS)
    monkeypatch.setattr("sys.stdin", io.StringIO("curl it"))
    shown = command("account", "add", "me", "--no-live-verify")
    assert shown.err.splitlines()[:2] == [
        "Recommended, and not so here: It expires within a day.",
        "This login is the account mine already: they share one quota, and ChatGPT sees both as one.",
    ]


def test_a_verified_account_shows_its_quota_and_lives_without_it(bridge: FakeBridge, command: Command) -> None:
    bridge.says({**ACCOUNT, "live_verify": "ok"}, path=f"{ACCOUNTS}/me/restore")
    bridge.fails("upstream_timeout", 504, "too slow", "Wait.", path=f"{ACCOUNTS}/me/check")
    shown = command("account", "restore", "me")
    assert shown.status == 0
    assert lines(shown.out)["live_verify"] == "ok"
    assert "The quota could not be read: too slow" in shown.err


@pytest.mark.parametrize(("ok", "status"), [(True, 0), (False, 1), (None, 1)])
def test_check_is_1_unless_the_account_works(
    bridge: FakeBridge, command: Command, ok: bool | None, status: int
) -> None:
    features = {"deep_research": {"remaining": 3.0}, "file_upload": {"remaining": 4.0, "blocked": True}}
    blocked = [{"name": "file_upload", "resets_after": "2026-09-21T14:13:20+00:00"}]
    told = {"features": features, "blocked_features": blocked, "what_to_do": "Do."}
    bridge.says({"account": "me", "ok": ok, "status": "x", **told})
    shown = command("account", "check", "me")
    told = lines(shown.out)
    assert shown.status == status
    assert told["ok"] == {True: "yes", False: "no", None: "unknown"}[ok]
    assert (told["research_remaining"], told["image_remaining"]) == ("3", "not reported")
    assert told["upload_remaining"] == "blocked"
    assert told["limited"].startswith("file_upload until 2026-09-21")


def test_check_again_asks_a_closed_account_too(bridge: FakeBridge, command: Command) -> None:
    bridge.says({"account": "me", "ok": True, "status": "ok"})
    assert command("account", "check", "me", "--again").status == 0
    assert bridge.asked[0].path == f"{ACCOUNTS}/me/check?again=true"


@pytest.mark.parametrize(
    ("arguments", "body"),
    [
        (["pause", "me", "--reason", "holiday"], {"state": "paused", "reason": "holiday"}),
        (["drain", "me"], {"state": "draining"}),
        (["resume", "me"], {"state": "enabled"}),
        (["set", "me", "--weight", "5", "--tags", "a,b", "--note", ""], {"weight": 5, "tags": "a,b", "note": ""}),
        (["set", "me", "--weight", "-"], {"weight": None}),
    ],
)
def test_a_change_says_what_it_means(
    bridge: FakeBridge, command: Command, arguments: list[str], body: dict[str, Any]
) -> None:
    bridge.says(ACCOUNT)
    shown = command("account", *arguments)
    assert shown.status == 0, shown.err
    assert (bridge.asked[0].method, bridge.asked[0].body) == ("PATCH", body)
    assert json.loads(command("account", *arguments, "--json").out)["alias"] == "me"


@pytest.mark.parametrize("arguments", [["set", "me"], ["set", "me", "--weight", "much"], ["delete", "me"]])
def test_what_means_nothing_is_wrong_usage(
    bridge: FakeBridge, command: Command, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert (command("account", *arguments).status, bridge.asked) == (2, [])


def test_delete_goes_on_with_yes(bridge: FakeBridge, command: Command) -> None:
    bridge.says({"alias": "me", "deleted": True, "capture_kept": True})
    shown = command("account", "delete", "me", "--yes", "--keep-capture")
    assert (shown.status, shown.out) == (0, "account=me\ndeleted=yes\ncapture_kept=yes\n")
    assert (bridge.asked[0].method, bridge.asked[0].path) == ("DELETE", f"{ACCOUNTS}/me?keep_capture=true")


def test_events_are_lines_and_say_how_to_go_on(bridge: FakeBridge, command: Command) -> None:
    event = {"number": 7, "account": "me", "at": 1_790_000_000, "type": "account.paused", "data": {"after": "x"}}
    bridge.says({"data": [event], "has_more": True, "next_cursor": "7"})
    shown = command("account", "events", "me", "--limit", "1")
    assert shown.status == 0
    assert shown.out.split()[3:] == ["me", "account.paused", '{"after":', '"x"}']
    assert shown.err == "There is more: --cursor 7\n"
    command("account", "events", "--cursor", "7")
    assert [asked.path for asked in bridge.asked] == [
        f"{ACCOUNTS}/me/events?limit=1",
        f"{ACCOUNTS}/events?limit=50&cursor=7",
    ]


def test_inspect_is_1_for_what_cannot_be_used(
    bridge: FakeBridge, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = {"name": "cookies", "level": "required", "ok": False, "detail": "There are no cookies."}
    bridge.says({**GOOD, "ok": False, "missing": ["cookies"], "checks": [check]}, path=f"{ACCOUNTS}/inspect")
    monkeypatch.setattr("sys.stdin", io.StringIO("curl it"))
    shown = command("account", "inspect")
    assert shown.status == 1
    assert "FAIL  required     cookies: There are no cookies." in shown.out
    assert "missing=cookies" in shown.out


def test_a_scripts_output_is_json(bridge: FakeBridge, command: Command) -> None:
    bridge.says({"object": "list", "data": [ACCOUNT]})
    for arguments in (["list"], ["events"]):
        assert json.loads(command("account", *arguments, "--json").out)["object"] == "list"


@pytest.mark.parametrize(
    ("seconds", "said"), [(None, None), (5, "5 s"), (90, "1.5 min"), (7200, "2.0 h"), (259_200, "3.0 d")]
)
def test_a_span_is_said_as_people_say_it(seconds: float | None, said: str | None) -> None:
    assert span(seconds) == said

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.times import moment
from tests.fakes.http import FakeBridge

ADMIN = "/v1/chatgpt/admin"
ACCOUNTS = "/v1/chatgpt/accounts"
GOOD = {
    "ok": True,
    "account": "me",
    "missing": [],
    "warnings": ["x-conduit-token"],
    "checks": [{"name": "url", "level": "required", "ok": True, "detail": "fine"}],
    "detected": {"plan_type": "plus", "token_expires_at": "2026-12-01T00:00:00Z"},
}
BAD = {
    "ok": False,
    "missing": ["cookie"],
    "warnings": [],
    "checks": [{"name": "cookie", "level": "required", "ok": False, "detail": "no cookie header"}],
}


@pytest.fixture
def capture(tmp_path: Path) -> str:
    path = tmp_path / "capture.txt"
    path.write_text("curl 'https://chatgpt.com/...'")
    return str(path)


def saves(bridge: FakeBridge, path: str = ACCOUNTS, **more: Any) -> None:
    bridge.says(GOOD, path=f"{ACCOUNTS}/inspect")
    bridge.says(
        {
            "alias": "me",
            "plan": "plus",
            "live_verify": "ok",
            "warnings": ["x-conduit-token"],
            "capture_path": "/a/me/chatgpt-request.txt",
            **more,
        },
        path=path,
    )
    features = {"image_gen": {"remaining": 7, "reset_after": "2026-12-01T00:00:00Z"}}
    bridge.says({"account": "me", "ok": True, "default_model_slug": "gpt-5", "features": features}, path=CHECK)


CHECK = f"{ACCOUNTS}/me/check"


def test_add_inspects_then_saves_and_shows_the_account(
    bridge: FakeBridge, command: Callable[..., Any], capture: str
) -> None:
    saves(bridge)
    shown = command("admin", "account", "add", "--account", "me", "--capture-file", capture, "--api-key", "k")
    assert shown.status == 0
    assert shown.out == (
        "saved=yes\naccount=me\nplan=plus\ntoken_expires_at=2026-12-01T00:00:00Z\n"
        "capture_path=/a/me/chatgpt-request.txt\nlive_verify=ok\ndefault_model=gpt-5\n"
        "image_remaining=7\nimage_reset=2026-12-01T00:00:00Z\n"
    )
    assert shown.err.startswith("Recommended, and not so here: x-conduit-token\nNext: ")
    inspected, saved, checked = bridge.asked
    assert inspected.headers["authorization"] == "Bearer k"
    assert saved.body == {"alias": "me", "capture": "curl 'https://chatgpt.com/...'", "verify": True}
    assert checked.path == CHECK


@pytest.mark.parametrize("name", [("account", "add", "--replace"), ("save-capture",)])
def test_replacing_updates_what_is_there(
    bridge: FakeBridge, command: Callable[..., Any], capture: str, name: tuple[str, ...]
) -> None:
    saves(bridge, f"{ACCOUNTS}/me/capture", live_verify="skipped")
    bridge.says({"data": [{"alias": "me"}]}, path=ACCOUNTS)
    shown = command("admin", *name, "--account", "me", "--capture-file", capture, "--no-live-verify", "--json")
    assert (shown.status, json.loads(shown.out)["live_verify"]) == (0, "skipped")
    assert (bridge.asked[-1].method, bridge.asked[-1].path) == ("PUT", f"{ACCOUNTS}/me/capture")
    assert (bridge.asked[-1].body["verify"], bridge.asked[-1].body["other_login"]) == (False, False)


def test_save_capture_adds_what_is_not_there(bridge: FakeBridge, command: Callable[..., Any], capture: str) -> None:
    saves(bridge, data=[])
    shown = command("admin", "save-capture", "--account", "me", "--capture-file", capture, "--no-live-verify")
    assert shown.status == 0
    assert bridge.asked[-1].method == "POST"
    assert bridge.asked[-1].body["verify"] is False


def test_a_rejected_capture_is_1_and_nothing_is_written(
    bridge: FakeBridge, command: Callable[..., Any], capture: str
) -> None:
    bridge.says(BAD, path=f"{ACCOUNTS}/inspect")
    shown = command("admin", "account", "add", "--account", "me", "--capture-file", capture)
    assert shown.status == 1
    assert shown.out == "saved=no\nnothing_written=yes\nphase=inspect\naccount=me\nfailed=cookie\n"
    assert shown.err.startswith(
        "error: cookie: no cookie header [capture_rejected; at fault: the request]\nwhat to do: "
    )
    assert len(bridge.asked) == 1


def test_what_is_no_capture_at_all_is_rejected_too(
    bridge: FakeBridge, command: Callable[..., Any], capture: str
) -> None:
    bridge.fails("capture_rejected", 400, "not a request", "Copy it again.", path=f"{ACCOUNTS}/inspect")
    shown = command("admin", "account", "add", "--account", "me", "--capture-file", capture, "--json")
    assert shown.status == 1
    assert json.loads(shown.out) == {
        "ok": False,
        "saved": False,
        "phase": "inspect",
        "failed": [],
        "message": "not a request",
    }


def test_an_account_that_exists_is_refused_and_the_way_to_replace_it_named(
    bridge: FakeBridge, command: Callable[..., Any], capture: str
) -> None:
    saves(bridge)
    bridge.fails("invalid_request", 400, "there is 'me' already", "Do.", param="account", path=ACCOUNTS)
    shown = command("admin", "account", "add", "--account", "me", "--capture-file", capture)
    assert shown.status == 2
    assert shown.out == "saved=no\nnothing_written=yes\nphase=save\naccount=me\n"
    assert shown.err == (
        "error: there is 'me' already [invalid_request; at fault: the request]\n"
        "what to do: Choose another name, or give me a newer capture with `chatgpt-api account update me`.\n"
        "request id: req_1\n"
    )


def test_a_pasted_capture_ends_at_its_mark(
    bridge: FakeBridge, command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    saves(bridge)
    monkeypatch.setattr("sys.stdin", io.StringIO("curl one\n two\n END_CAPTURE \nnot this\n"))
    assert command("admin", "account", "add", "--account", "me", "--paste").status == 0
    assert bridge.asked[1].body["capture"] == "curl one\n two\n"


def test_an_empty_capture_is_wrong_usage(
    bridge: FakeBridge, command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("END_CAPTURE\n"))
    shown = command("admin", "account", "add", "--account", "me", "--paste")
    assert (shown.status, bridge.asked) == (2, [])
    assert "the capture is empty" in shown.err


def test_list_is_a_line_an_account(bridge: FakeBridge, command: Callable[..., Any]) -> None:
    bridge.says(
        {
            "accounts": [
                {"account": "a", "plan_type": "pro", "health": {"state": "ok"}},
                {"account": "b", "health": {"state": "quarantined", "cause": "challenge", "detail": "since noon"}},
                {
                    "account": "c",
                    "plan_type": "go",
                    "state": "draining",
                    "health": {
                        "state": "cooling",
                        "cause": "burst",
                        "until": 1_790_000_000.0,
                        "limited": {"bucket:image": 1_790_000_000.0, "model:gpt-5-5": 1_790_000_000.0},
                        "what_to_do": "Wait.",
                    },
                },
            ]
        }
    )
    ends = moment(1_790_000_000.0)
    shown = command("admin", "account", "list")
    assert (shown.status, shown.err) == (0, "c: Wait.\n")
    assert shown.out == (
        "a: plan=pro health=ok\n"
        "b: plan=- health=quarantined (challenge: since noon)\n"
        f"c: plan=go health=cooling (burst) until={ends} state=draining"
        f" limited=image until {ends}, gpt-5-5 until {ends}\n"
    )


def test_an_empty_list_says_what_to_do(bridge: FakeBridge, command: Callable[..., Any]) -> None:
    bridge.says({"accounts": []})
    shown = command("admin", "account", "list")
    assert (shown.status, shown.out) == (0, "")
    assert shown.err == "No account yet; add one with `chatgpt-api account add`.\n"


def test_delete_says_whether_there_was_one(bridge: FakeBridge, command: Callable[..., Any]) -> None:
    bridge.says({"account": "me", "deleted": {"capture": True, "settings": False}})
    shown = command("admin", "account", "delete", "--account", "me")
    assert (shown.status, shown.out) == (0, "account=me\ndeleted=yes\n")
    bridge.says({"account": "me", "deleted": {"capture": False, "settings": False}})
    shown = command("admin", "account", "delete", "--account", "me")
    assert (shown.status, shown.out) == (1, "account=me\ndeleted=no\n")
    assert shown.err == "There is no account 'me'.\n"


def test_the_key_comes_from_the_data_folder_when_nothing_else_names_one(
    bridge: FakeBridge, command: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "outputs").mkdir()
    (tmp_path / "outputs" / "api-key").write_text("made-at-the-first-start\n")
    bridge.says({"accounts": []})
    command("admin", "account", "list")
    assert bridge.asked[0].headers["authorization"] == "Bearer made-at-the-first-start"


@pytest.mark.parametrize("name", [("account", "verify"), ("check-accounts",)])
def test_verify_is_a_line_an_account_and_1_when_one_does_not_work(
    bridge: FakeBridge, command: Callable[..., Any], name: tuple[str, ...]
) -> None:
    features = {"image_gen": {"remaining": 7.0}}
    unread = "The login is good, but the limits could not be read: slow"
    entries = [
        {
            "account": "a",
            "ok": True,
            "plan_type": "plus",
            "default_model_slug": "gpt-5",
            "features": features,
            "warning": unread,
        },
        {"account": "b", "ok": False, "error": "no capture", "what_to_do": "Add it."},
    ]
    bridge.says({"accounts": entries})
    shown = command("admin", *name)
    assert shown.status == 1
    assert shown.out == (
        f"a: ok=yes plan=plus default=gpt-5 research=not reported image=7 warning={unread}\n"
        "b: ok=no plan=- default=- research=not reported image=not reported error=no capture what_to_do=Add it.\n"
    )
    assert bridge.asked[0].body == {"account": "all"}

    paused = {"account": "b", "ok": None, "status": "paused"}
    for told, status in (([entries[0], paused], 0), ([paused], 1), ([], 1)):
        bridge.says({"accounts": told})
        assert command("admin", *name, "--json").status == status


def test_update_is_not_add(bridge: FakeBridge, command: Callable[..., Any], capture: str) -> None:
    saves(bridge, f"{ACCOUNTS}/me/capture", live_verify="skipped")
    arguments = ["--account", "me", "--capture-file", capture, "--no-live-verify"]
    assert command("admin", "account", "update", *arguments).status == 0
    assert bridge.asked[-1].method == "PUT"


def test_the_older_names_do_the_same(bridge: FakeBridge, command: Callable[..., Any]) -> None:
    bridge.says({"accounts": [{"account": "a", "plan_type": "pro", "state": "paused", "health": {"state": "ok"}}]})
    assert command("admin", "accounts").out == "a: plan=pro health=ok state=paused\n"
    kept = {"capture": "/a/me/chatgpt-request.previous.txt", "settings": None}
    bridge.says({"deleted": {"capture": False}, "capture_kept": True, "kept_at": kept, "paths": {"capture": "/a/b"}})
    shown = command("admin", "delete-account", "--account", "me", "--keep-capture", "--keep-settings")
    assert (shown.status, shown.out) == (
        0,
        "account=me\ndeleted=yes\ncapture_kept=yes\npaths=/a/me/chatgpt-request.previous.txt\n",
    )
    assert bridge.asked[-1].body == {"account": "me", "delete_capture": False, "delete_settings": False}

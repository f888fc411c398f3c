"""`admin status`, `models`, `capacity`, files, trials and presets."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.http import FakeBridge

Command = Callable[..., Any]
ADMIN = "/v1/chatgpt/admin"
STATUS: dict[str, Any] = {
    "object": "chatgpt.admin.status",
    "ok": True,
    "server": {"base_url": "http://127.0.0.1:8000/v1", "auth_mode": "bearer", "temporal": "ok"},
    "routing": {
        "accounts": ["free", "plus"],
        "account_strategy": "auto",
        "account_concurrency": {"free": 1, "plus": 3},
        "feature_concurrency": {
            "helper": {"free": 1, "plus": 1},
            "upload": {"free": 1, "plus": 1},
            "image": {"free": 0, "plus": 2},
            "research": {"free": 1, "plus": 2},
        },
        "temporary_chat": True,
    },
    "storage": {"admin_db_path": "/data/bridge.sqlite", "artifact_count": 2},
    "routes": {"health": "/health"},
}
USAGE = {
    "accounts": [
        {
            "account": "plus",
            "features": {
                "image_gen": {"reported": True, "remaining": 1234567.0, "reset_after": None, "blocked": False},
                "deep_research": {"reported": True, "remaining": 0, "reset_after": None, "blocked": True},
                "file_upload": {"reported": False},
            },
        }
    ]
}
FILE = {"file_id": "f1", "kind": "image", "filename": "heron.png", "bytes": 12, "download_url": "http://x/f1"}


@pytest.fixture
def running(bridge: FakeBridge) -> FakeBridge:
    """A bridge that tells its status, its models and its usage."""
    bridge.says(STATUS, path=f"{ADMIN}/status")
    bridge.says({"data": [{"id": "auto", "owned_by": "chatgpt-web"}]}, path="/v1/models")
    bridge.says(USAGE, path="/v1/chatgpt/usage")
    return bridge


@pytest.mark.parametrize("group", ["admin", "api"])
def test_status_is_lines(running: FakeBridge, command: Command, group: str) -> None:
    shown = command(group, "status")
    assert (shown.status, shown.out) == (
        0,
        "ok=yes\nbase_url=http://127.0.0.1:8000/v1\nauth=bearer\ntemporal=ok\naccounts=free, plus\nstrategy=auto\n"
        "chat_concurrency=free=1, plus=3\n"
        "feature_concurrency=helper: free=1, plus=1; upload: free=1, plus=1; image: free=0, plus=2; "
        "research: free=1, plus=2\n"
        "temporary_chat=yes\nstorage_db=/data/bridge.sqlite\nartifacts=2\n",
    )


def test_capacity_tells_unreported_quota_as_unreported(running: FakeBridge, command: Command) -> None:
    told = json.loads(command("admin", "capacity", "--json").out)
    assert (told["object"], told["models"], told["model_count"]) == ("chatgpt.capacity", ["auto"], 1)
    assert told["totals"] == {
        "chat_parallel": 4,
        "helper_parallel": 2,
        "upload_parallel": 2,
        "image_parallel": 2,
        "research_parallel": 3,
    }
    free, plus = told["accounts"]
    assert free["image_quota"] == free["file_upload_quota"] == {"reported": False}
    assert plus["image_quota"] == {"reported": True, "remaining": 1234567.0, "reset_after": None, "blocked": False}

    lines = command("admin", "capacity").out.splitlines()
    assert (
        "free: chat=1 helper=1 upload=1 image=0 research=1; file_upload not reported, image not reported, research not "
        in (next(line for line in lines if line.startswith("free: ")))
    )
    assert (
        "plus: chat=3 helper=1 upload=1 image=2 research=2; file_upload not reported, image 1234567 left, research "
        "blocked" in lines
    )


def test_models_are_told_with_their_owner(running: FakeBridge, command: Command) -> None:
    assert command("admin", "models").out == "auto  chatgpt-web\n"
    assert json.loads(command("admin", "models", "--json").out)["data"] == [{"id": "auto", "owned_by": "chatgpt-web"}]


def test_files_are_told_and_deleted(bridge: FakeBridge, command: Command) -> None:
    bridge.says({"artifacts": [FILE]}, path=f"{ADMIN}/artifacts")
    assert command("admin", "artifacts", "--limit", "5").out == "f1: image heron.png 12 http://x/f1\n"
    assert bridge.asked[-1].path == f"{ADMIN}/artifacts?limit=5"
    assert command("admin", "artifacts", "--limit", "0").status == 2

    told = {"ok": True, "deleted": {"metadata": True, "file": False}, "path": "/data/f1.png"}
    bridge.says(told, path=f"{ADMIN}/artifacts/delete")
    left = command("admin", "delete-artifact", "--file-id", "f1")
    assert left.out == "file_id=f1\ndeleted=record\npath=/data/f1.png\n"
    assert "--delete-file" in left.err
    bridge.says({"ok": True, "deleted": {"metadata": False, "file": True}}, path=f"{ADMIN}/artifacts/delete")
    assert command("admin", "delete-artifact", "--file-id", "f1", "--delete-file").out == "file_id=f1\ndeleted=file\n"
    assert [asked.body["delete_file"] for asked in bridge.asked[-2:]] == [False, True]

    bridge.fails("not_found", 404, "There is no file of this id.", "Check the id.", path=f"{ADMIN}/artifacts/delete")
    gone = command("admin", "delete-artifact", "--file-id", "f2")
    assert gone.status == 2
    assert "There is no file of this id. [not_found" in gone.err


def test_a_chat_is_tried(bridge: FakeBridge, command: Command) -> None:
    answer = {"id": "c", "chatgpt_account": "plus"}
    bridge.says({"ok": True, "latency_ms": 7, "content": "Hi.", "response": answer}, path=f"{ADMIN}/test/chat")
    shown = command("admin", "test-chat", "-m", "hello")
    assert (shown.status, shown.out) == (0, "ok=yes\nlatency_ms=7\naccount=plus\nHi.\n")
    assert bridge.asked[-1].body == {"model": "auto", "message": "hello"}

    bridge.says({"ok": True, "latency_ms": 7, "content": " ", "response": answer}, path=f"{ADMIN}/test/chat")
    assert command("admin", "test-chat").status == 1
    assert bridge.asked[-1].body == {"model": "auto"}


def test_a_picture_is_tried_and_saved_here(bridge: FakeBridge, command: Command, tmp_path: Path) -> None:
    picture = {"url": f"{bridge.base_url}/files/f1", "filename": "../heron.png"}
    answer = {"chatgpt_account": "plus", "data": [picture]}
    bridge.says({"ok": True, "latency_ms": 9, "response": answer}, path=f"{ADMIN}/test/image")
    bridge.sends(b"picture", "image/png", path="/v1/files/f1")
    shown = command("admin", "test-image", "-p", "a heron", "--output-dir", "pictures")
    assert shown.status == 0, shown.err
    assert shown.out.startswith("ok=yes\nlatency_ms=9\naccount=plus\n")
    assert (tmp_path / "pictures" / "heron.png").read_bytes() == b"picture"
    assert bridge.asked[0].body == {"prompt": "a heron", "model": "auto"}

    bridge.says({"ok": True, "response": {"data": []}}, path=f"{ADMIN}/test/image")
    assert command("admin", "test-image", "-p", "a heron").status == 1


def test_where_the_bridge_is_may_be_said_in_front_of_the_command(
    running: FakeBridge, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHATGPT_BASE_URL", "http://127.0.0.1:9/v1")
    where = ("--base-url", running.base_url, "--api-key", "k")
    assert command("admin", *where, "status").status == 0
    assert command("admin", *where, "account", "list").status == 0
    assert {asked.headers["authorization"] for asked in running.asked} == {"Bearer k"}
    assert command("admin", *where, "status", "--base-url", "http://127.0.0.1:9/v1").status == 2


def test_presets_and_the_servers_command_can_be_pasted(command: Command) -> None:
    shown = command("admin", "presets", "--accounts", "free,pro")
    assert shown.status == 0
    assert "CHATGPT_ACCOUNTS=free,pro CHATGPT_ACCOUNT_STRATEGY=weighted chatgpt-api up" in shown.out.splitlines()

    assert command("server", "command").out == "chatgpt-api up\n"
    shown = command("server", "command", "--preset", "lan", "--accounts", "my own", "--port", "9000")
    assert shown.out == (
        "CHATGPT_ACCOUNTS='my own' CHATGPT_API_HOST=0.0.0.0 CHATGPT_API_PORT=9000 "
        "CHATGPT_PUBLIC_BASE_URL=http://192.168.1.20:8000 chatgpt-api up\n"
    )
    assert "CHATGPT_API_KEY" in shown.err

    keyed = command("server", "command", "--preset", "lan", "--api-key", "k 1")
    assert (keyed.out.split(" CHATGPT_API_HOST")[0], keyed.err) == ("CHATGPT_API_KEY='k 1'", "")
    assert "CHATGPT_API_KEY=k2 chatgpt-api up" in command("admin", "presets", "--api-key", "k2").out.splitlines()
    # That one is for calling a bridge, and is not told.
    assert "k3" not in command("admin", "--api-key", "k3", "presets").out

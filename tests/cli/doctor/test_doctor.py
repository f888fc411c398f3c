from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bridge.vault import Vault
from tests.fakes.http import FakeBridge


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with a Temporal binary that runs and a data folder in good order."""
    binary = tmp_path / "temporal"
    binary.write_text("#!/bin/sh\necho 'temporal version 1.5.1'\n")
    binary.chmod(0o755)
    monkeypatch.setenv("CHATGPT_TEMPORAL_CLI", str(binary))
    monkeypatch.setenv("CHATGPT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("CHATGPT_ACCOUNTS_DIR", str(tmp_path / "accounts"))
    (tmp_path / "data").mkdir(mode=0o700)
    return tmp_path


def well(bridge: FakeBridge, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything runs; the fake bridge's own port stands for Temporal's."""
    monkeypatch.setenv("CHATGPT_TEMPORAL_PORT", str(bridge.port))
    bridge.says({"ok": True}, path="/health")
    parts = [{"name": "database", "state": "ok"}, {"name": "worker", "state": "ok", "detail": "one"}]
    bridge.says({"status": "ok", "parts": parts, "warnings": []}, path="/health/ready")
    bridge.says({"data": [{"id": "auto"}]}, path="/v1/models")


def test_all_well_is_0(
    bridge: FakeBridge, command: Callable[..., Any], machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    well(bridge, monkeypatch)
    shown = command("doctor")
    assert (shown.status, shown.err) == (0, "")
    lines = shown.out.splitlines()
    assert lines[1:] == [
        "ok    settings: every variable can be used",
        f"ok    data_folder: {machine / 'data'}",
        f"ok    accounts: none yet in {machine / 'accounts'}; add one with `chatgpt-api account add`",
        f"ok    temporal_binary: {machine / 'temporal'}",
        f"ok    temporal_server: 127.0.0.1:{bridge.port} accepts connections",
        f"ok    api_health: {bridge.base_url} answers",
        "ok    api_ready: database ok; worker ok (one)",
        "ok    api_models: 1 models",
        "ok    account_expiry: no capture is known to end within a week",
        "ok    account_health: nothing else is wrong with any account",
    ]


def test_a_capture_that_ends_soon_warns_and_is_still_0(
    bridge: FakeBridge, command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    well(bridge, monkeypatch)
    warnings = [
        {"account": "one", "stage": "hours", "expires_at": 1.5, "message": "Replace it."},
        {"account": "two", "stage": "expired", "message": "Replace it now."},
        {"account": "three", "stage": "quarantined", "message": "See to it in a browser."},
    ]
    bridge.says({"status": "ok", "parts": [], "warnings": warnings}, path="/health/ready")

    shown, report = command("doctor"), json.loads(command("doctor", "--json").out)

    assert shown.status == 0
    assert (
        "warn  account_expiry: one (ends within 12 hours), two (has ended)\n"
        "      one: Replace it. two: Replace it now.\n"
    ) in shown.out
    assert "warn  account_health: three (must be left alone)\n      three: See to it in a browser.\n" in shown.out
    assert report["ok"] is True
    assert report["checks"][-2]["what_to_do"] == "one: Replace it. two: Replace it now."


def test_a_key_that_may_not_see_warnings_is_not_told_that_there_are_none(
    bridge: FakeBridge, command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    well(bridge, monkeypatch)
    bridge.says({"status": "ok", "parts": []}, path="/health/ready")

    assert "ok    account_expiry: not told: this key may not see it\n" in command("doctor").out


def test_a_missing_part_is_1_and_says_what_to_do(
    bridge: FakeBridge, command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    well(bridge, monkeypatch)
    parts = [{"name": "worker", "state": "unavailable"}]
    bridge.says({"status": "unavailable", "parts": parts}, 503, path="/health/ready")
    shown = command("doctor")
    assert shown.status == 1
    assert (
        "FAIL  api_ready: worker unavailable\n      Start a worker with `chatgpt-api up` or `chatgpt-api worker`.\n"
    ) in shown.out


@pytest.mark.parametrize(
    ("detail", "what_to_do"),
    [
        ("0 of 3 can serve (2 challenge, 1 paused)", "`chatgpt-api account list` says what each account needs."),
        ("there is no account", "Add an account with `chatgpt-api account add`."),
    ],
)
def test_a_pool_that_serves_nobody_is_1_and_says_why_and_what_to_do(
    bridge: FakeBridge, command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, detail: str, what_to_do: str
) -> None:
    well(bridge, monkeypatch)
    parts = [{"name": "accounts", "state": "degraded", "detail": detail}]
    bridge.says({"status": "degraded", "parts": parts, "warnings": []}, path="/health/ready")
    shown = command("doctor")
    assert shown.status == 1
    assert f"FAIL  api_ready: accounts degraded ({detail})\n      {what_to_do}\n" in shown.out


def test_nothing_running_fails_with_advice_and_no_traceback(
    command: Callable[..., Any], machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("CHATGPT_TEMPORAL_PORT", str(port))
    shown = command("doctor", "--json", "--base-url", f"http://127.0.0.1:{port}/v1")
    assert (shown.status, shown.err) == (1, "")
    report = json.loads(shown.out)
    assert report["ok"] is False
    failed = {check["name"]: check["what_to_do"] for check in report["checks"] if not check["ok"]}
    assert failed == {
        "temporal_server": "Run `chatgpt-api up`.",
        "api_health": "Start it with `chatgpt-api up`, or name another with --base-url or CHATGPT_BASE_URL.",
    }


@pytest.mark.parametrize(
    ("variable", "value", "check", "detail"),
    [
        ("CHATGPT_API_PORT", "many", "settings", "CHATGPT_API_PORT: "),
        ("CHATGPT_TEMPORAL_CLI", "/nowhere/temporal", "temporal_binary", "CHATGPT_TEMPORAL_CLI: "),
    ],
)
def test_a_bad_variable_is_named_by_its_check(
    command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, variable: str, value: str, check: str, detail: str
) -> None:
    monkeypatch.setenv(variable, value)
    shown = command("doctor", "--json", "--base-url", "http://127.0.0.1:9/v1")
    (found,) = [entry for entry in json.loads(shown.out)["checks"] if entry["name"] == check]
    assert (shown.status, found["ok"]) == (1, False)
    assert found["detail"].startswith(detail)
    assert found["what_to_do"]


def test_what_others_can_read_is_found(command: Callable[..., Any], machine: Path) -> None:
    (machine / "data").chmod(0o755)
    capture = machine / "accounts" / "me" / "chatgpt-request.txt"
    capture.parent.mkdir(parents=True)
    capture.write_text("curl")
    capture.chmod(0o644)
    shown = command("doctor", "--json", "--base-url", "http://127.0.0.1:9/v1")
    wrong = {entry["name"]: entry for entry in json.loads(shown.out)["checks"] if not entry["ok"]}
    assert wrong["data_folder"]["what_to_do"] == f"Run `chmod 700 {machine / 'data'}`."
    assert wrong["accounts"]["detail"] == "others on this machine can read the captures of me"


def test_a_wrong_passphrase_is_found_before_a_start_fails_for_it(
    command: Callable[..., Any], machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Vault(machine / "accounts").write("me", "curl")
    monkeypatch.setenv("CHATGPT_SECRETS_PASSPHRASE", "not the key file")
    shown = command("doctor", "--json", "--base-url", "http://127.0.0.1:9/v1")
    found = {entry["name"]: entry for entry in json.loads(shown.out)["checks"]}["accounts"]
    assert not found["ok"]
    assert "CHATGPT_SECRETS_PASSPHRASE" in found["what_to_do"]
    assert "not the key file" not in shown.out


def test_the_key_is_never_shown(bridge: FakeBridge, command: Callable[..., Any]) -> None:
    shown = command("doctor", "--json", "--api-key", "very-secret-key")
    assert "very-secret-key" not in shown.out + shown.err

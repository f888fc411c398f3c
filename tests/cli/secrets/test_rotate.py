"""`secrets rotate` as an operator runs it: on a terminal, beside a server, and cut off."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bridge.audit import AuditLog
from bridge.build import open_bridge
from bridge.vault import Vault
from core.settings import load_all
from tests.cli import terminal
from tests.fakes.provider import capture

Command = Callable[..., Any]
WORDS = "correct horse battery staple"


@pytest.fixture
def accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two encrypted captures and a plain one, in the working folder."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "secrets" / "accounts"
    vault = Vault(folder)
    for alias in ("go", "plus"):
        vault.write(alias, capture(alias))
    (folder / "free").mkdir()
    (folder / "free" / "chatgpt-request.txt").write_text(capture("free"))
    (folder / "empty").mkdir()
    return folder


def readable(folder: Path, passphrase: str | None) -> dict[str, str]:
    vault = Vault(folder, passphrase)
    return {alias: vault.read(alias) for alias in vault.aliases()}


EVERYTHING = {alias: capture(alias) for alias in ("free", "go", "plus")}


def typed(folder: Path, *answers: str, arguments: tuple[str, ...] = (), **environment: str) -> tuple[int, str]:
    """Rotate on a terminal and answer what is asked."""
    environment["CHATGPT_ACCOUNTS_DIR"] = str(folder)
    return terminal.typed("secrets", "rotate", *arguments, answers=answers, **environment)


def test_a_new_key_file_replaces_the_old_one(accounts: Path, command: Command) -> None:
    before = (accounts / ".master.key").read_bytes()
    shown = command("secrets", "rotate")
    assert (shown.status, shown.out.splitlines()) == (
        0,
        [
            "empty: skipped (no capture file)",
            "free: encrypted",
            "go: rotated",
            "plus: rotated",
            "rotated 3 of 4 account capture(s)",
        ],
    )
    assert "takes the new key file up by itself" in shown.err
    assert (accounts / ".master.key").read_bytes() != before
    assert readable(accounts, None) == EVERYTHING


def test_it_stands_in_the_audit_log(accounts: Path, command: Command) -> None:
    shown = command("secrets", "rotate", "--json")
    assert json.loads(shown.out) == {
        "ok": True,
        "rotated": 3,
        "accounts": [
            {"account": "empty", "change": "skipped"},
            {"account": "free", "change": "encrypted"},
            {"account": "go", "change": "rotated"},
            {"account": "plus", "change": "rotated"},
        ],
    }

    async def entries() -> list[tuple[str, str, Any, Any]]:
        async with open_bridge(load_all(), process="test") as bridge:
            page = await AuditLog(bridge.store).page()
            return [(entry.actor, entry.action, entry.before, entry.after) for entry in page.items]

    made_of = {"made_of": "key file"}
    assert asyncio.run(entries()) == [("cli", "secrets.rotated", made_of, made_of)]


def test_words_are_asked_for_on_a_terminal_and_a_wrong_word_changes_nothing(accounts: Path) -> None:
    status, shown = typed(accounts, WORDS, WORDS, arguments=("--to-passphrase-prompt",))
    assert status == 0, shown
    assert WORDS not in shown
    assert "Restart what runs of the bridge with the new passphrase" in shown
    assert readable(accounts, WORDS) == EVERYTHING
    assert not (accounts / ".master.key").exists()
    kept = {path: path.read_bytes() for path in accounts.rglob("*") if path.is_file()}

    status, shown = typed(accounts, "a wrong word", arguments=("--from-passphrase-prompt",))
    assert (status, "the passphrase does not open what was encrypted" in shown) == (2, True), shown
    status, shown = typed(
        accounts, "one", "another", arguments=("--to-passphrase-prompt",), CHATGPT_SECRETS_PASSPHRASE=WORDS
    )
    assert (status, "two different passphrases" in shown) == (2, True), shown
    assert {path: path.read_bytes() for path in accounts.rglob("*") if path.is_file()} == kept

    status, shown = typed(accounts, WORDS, arguments=("--from-passphrase-prompt",), CHATGPT_SECRETS_PASSPHRASE="x")
    assert status == 0, shown
    assert "CHATGPT_SECRETS_PASSPHRASE is still set here" in shown
    assert readable(accounts, None) == EVERYTHING
    assert not (accounts / ".master.salt").exists()


def test_without_a_terminal_no_passphrase_is_asked_for(accounts: Path, command: Command) -> None:
    shown = command("secrets", "rotate", "--to-passphrase-prompt")
    assert (shown.status, shown.out) == (2, "")
    assert "on a terminal, and there is none" in shown.err
    assert (accounts / ".master.key").exists()


def test_a_folder_without_accounts_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command) -> None:
    monkeypatch.chdir(tmp_path)
    shown = command("secrets", "rotate")
    assert (shown.status, shown.out) == (0, "no accounts\n")


def test_killed_at_any_time_the_captures_are_read_with_the_one_key_that_counts(accounts: Path) -> None:
    """The real command, killed at moments all over its run; beside it a process that stays open keeps reading."""
    running = Vault(accounts)
    command = [sys.executable, "-P", "-m", "chatgpt_api", "secrets", "rotate"]
    began = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    takes = time.monotonic() - began
    deaths = 0
    for number in range(4):
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            child.wait(takes * (0.45 + 0.15 * number))
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
            deaths += child.wait() == -signal.SIGKILL
        assert readable(accounts, None) == EVERYTHING
        assert {alias: running.read(alias) for alias in EVERYTHING} == EVERYTHING
    assert deaths > 0
    subprocess.run(command, check=True, capture_output=True)
    assert readable(accounts, None) == EVERYTHING
    assert not (accounts / ".master.rotation").exists()

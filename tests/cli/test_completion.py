"""Words that a shell completes, asked for as the shells do."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.app import run
from tests.fakes.http import FakeBridge

Command = Callable[..., Any]


def asked(instruction: str, **environment: str) -> str:
    """What the program says to a shell's script."""
    shown = subprocess.run(
        [sys.executable, "-P", "-m", "chatgpt_api"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
        env={**os.environ, "_CHATGPT_API_COMPLETE": instruction, **environment},
    )
    assert shown.stderr == ""
    return shown.stdout


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A folder for PATH with the program in it."""
    file = tmp_path / "bin" / "chatgpt-api"
    file.parent.mkdir()
    file.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m chatgpt_api "$@"\n')
    file.chmod(0o700)
    return file.parent


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("chatgpt-api sec", ["secrets"]),
        ("chatgpt-api secrets ro", ["rotate"]),
        ("chatgpt-api secrets rotate --to", ["--to-passphrase-prompt"]),
        ("chatgpt-api import --ap", ["--apply"]),
        ("chatgpt-api completion ba", ["bash"]),
        ("chatgpt-api nothing-begins-so", []),
        ("chatgpt-api route explain --account-strategy le", ["least-busy"]),
        ("chatgpt-api route explain --kind re", ["research", "response"]),
        ("chatgpt-api keys create x --scopes chat,re", ["chat,research", "chat,read"]),
        ("chatgpt-api account pause p", ["plus", "pro"]),
        ("chatgpt-api account cooldown clear pr", ["pro"]),
        ("chatgpt-api api chat --accounts plus,p", ["plus,pro"]),
        ("chatgpt-api keys revoke k", ["key_1"]),
    ],
)
def test_bash_completes_commands_options_and_values(
    program: Path, bridge: FakeBridge, line: str, words: list[str]
) -> None:
    bridge.says({"data": [{"alias": "plus"}, {"alias": "pro"}]}, path="/v1/chatgpt/accounts")
    keys = [{"id": "key_1", "state": "active"}, {"id": "key_2", "state": "revoked"}]
    bridge.says({"data": keys}, path="/v1/chatgpt/keys")
    typed = line.split(" ")
    script = (
        'source <(chatgpt-api completion bash)\nCOMP_WORDS=("$@")\nCOMP_CWORD=$(($# - 1))\n'
        "_chatgpt_api_completion chatgpt-api\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    shown = subprocess.run(
        ["bash", "--norc", "-c", script, "bash", *typed],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
        env={**os.environ, "PATH": f"{program}:{os.environ['PATH']}"},
    )
    assert shown.stdout.split() == words, shown.stderr


def test_accounts_of_this_machine_are_completed_without_a_bridge(tmp_path: Path) -> None:
    capture = tmp_path / "mine" / "chatgpt-request.txt"
    capture.parent.mkdir()
    capture.write_text("curl")
    words = asked(
        "complete_fish",
        _TYPER_COMPLETE_ARGS="chatgpt-api account-info --account m",
        _TYPER_COMPLETE_FISH_ACTION="get-args",
        CHATGPT_ACCOUNTS_DIR=str(tmp_path),
    )
    assert words.split() == ["mine"]


def test_a_bridge_that_is_away_offers_nothing() -> None:
    words = asked(
        "complete_fish",
        _TYPER_COMPLETE_ARGS="chatgpt-api account show p",
        _TYPER_COMPLETE_FISH_ACTION="get-args",
        CHATGPT_BASE_URL="http://127.0.0.1:9/v1",
    )
    assert words.strip() == ""


def test_zsh_and_fish_get_words_with_what_they_do() -> None:
    zsh = asked("complete_zsh", _TYPER_COMPLETE_ARGS="chatgpt-api secrets ro")
    assert '"rotate":"Encrypt every capture with a new key' in zsh
    fish = asked("complete_fish", _TYPER_COMPLETE_ARGS="chatgpt-api secrets ro", _TYPER_COMPLETE_FISH_ACTION="get-args")
    assert fish.startswith("rotate\tEncrypt every capture with a new key")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_the_script_is_a_result(command: Command, shell: str) -> None:
    shown = command("completion", shell)
    assert (shown.status, shown.err) == (0, "")
    assert "_CHATGPT_API_COMPLETE" in shown.out


def test_another_shell_is_wrong_usage(command: Command) -> None:
    shown = command("completion", "tcsh")
    assert (shown.status, shown.out) == (2, "")


def test_help_has_no_options_of_completion(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    shown = capsys.readouterr().out
    assert "--install-completion" not in shown
    assert "  completion " in shown

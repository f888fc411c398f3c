"""The real entry point in processes of its own: exact words, exit codes, no traceback."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.http import FakeBridge


def chatgpt_api(*arguments: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a person does, away from the checkout."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "chatgpt_api", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "COLUMNS": "100", **environment},
    )


def test_version_is_a_result() -> None:
    shown = chatgpt_api("--version")
    assert (shown.returncode, shown.stdout, shown.stderr) == (0, "chatgpt-api 0.1.0\n", "")


@pytest.mark.parametrize("arguments", [("--version",), ("--help",), ("up", "--help"), ("server", "start", "--help")])
def test_help_and_version_load_nothing_heavy(arguments: tuple[str, ...]) -> None:
    code = (
        "import sys, chatgpt_api, cli.exit\n"
        "def leave(status):\n"
        "    heavy = {'aiohttp', 'fastapi', 'httpx2', 'pydantic_settings', 'rich', 'temporalio'} & set(sys.modules)\n"
        "    print('heavy:', sorted(heavy), file=sys.stderr)\n"
        "    sys.exit(status)\n"
        "import cli.app\n"
        "cli.app.leave = leave\n"
        "chatgpt_api.main()\n"
    )
    shown = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert (shown.returncode, shown.stderr) == (0, "heavy: []\n")


def test_version_answers_at_once() -> None:
    def spent() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    before = spent()
    chatgpt_api("--version")
    assert spent() - before < 0.5


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("up", "--nonsense"),
        ("up", "--tour"),
        ("up", "--demo", "--once"),
        ("api", "chat"),
        ("api", "chat", "-m", "x", "--account", "a", "--accounts", "b"),
        ("api", "chat", "-m", "x", "--metadata-json", "[1]"),
        ("api", "operation"),
        ("admin", "account", "add", "--capture-file", "x", "--paste"),
        ("admin", "account", "add", "--account", "x"),
        ("admin", "account", "add", "--capture-file", "x"),
    ],
)
def test_wrong_usage_is_2_and_said_on_stderr(arguments: tuple[str, ...]) -> None:
    shown = chatgpt_api(*arguments)
    assert (shown.returncode, shown.stdout) == (2, "")
    assert "Error: " in shown.stderr
    assert "Traceback" not in shown.stderr


def test_nobody_listening_is_two_lines_and_2() -> None:
    shown = chatgpt_api("api", "chat", "-m", "hello", "--base-url", "http://127.0.0.1:9/v1")
    assert (shown.returncode, shown.stdout) == (2, "")
    first, second = shown.stderr.splitlines()
    assert first.startswith("error: no bridge answers at http://127.0.0.1:9/v1 (")
    assert first.endswith("[server_unreachable; at fault: the configuration]")
    assert second == "what to do: Start it with `chatgpt-api up`, or name another with --base-url or CHATGPT_BASE_URL."


@pytest.mark.parametrize("command", [("up",), ("worker",), ("server", "start"), ("migrate",)])
def test_a_bad_setting_is_one_line_that_names_the_variable(command: tuple[str, ...], tmp_path: Path) -> None:
    shown = chatgpt_api(*command, cwd=tmp_path, CHATGPT_API_PORT="many")
    assert (shown.returncode, shown.stdout) == (2, "")
    first, second = shown.stderr.splitlines()
    assert first.startswith("error: CHATGPT_API_PORT: ")
    assert second == "what to do: Correct the variable; docs/settings.md lists all of them."


def test_a_bad_setting_does_not_hurt_a_command_that_does_not_need_it() -> None:
    shown = chatgpt_api("--version", CHATGPT_API_PORT="many", CHATGPT_WEB_TIMEOUT="long")
    assert shown.returncode == 0
    shown = chatgpt_api(
        "api", "operation", "--operation-id", "x", "--base-url", "http://127.0.0.1:9/v1", CHATGPT_API_PORT="many"
    )
    assert "server_unreachable" in shown.stderr


def test_a_missing_file_is_no_traceback() -> None:
    shown = chatgpt_api("admin", "account", "add", "--account", "me", "--capture-file", "/nowhere/capture.txt")
    assert (shown.returncode, shown.stdout) == (2, "")
    assert shown.stderr.splitlines()[0] == (
        "error: [Errno 2] No such file or directory: '/nowhere/capture.txt' [system_error; at fault: the configuration]"
    )


def test_a_folder_with_rooms_of_its_own_is_not_imported(tmp_path: Path) -> None:
    for room in ("core", "api", "cli"):
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").write_text("raise RuntimeError('a decoy was imported')\n")
    for flags in (["-P", "-m"], ["-m"]):
        command = [sys.executable, *flags, "chatgpt_api", "--version"]
        shown = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert (shown.returncode, shown.stdout, shown.stderr) == (0, "chatgpt-api 0.1.0\n", "")


def test_how_long_to_wait_and_which_field_is_wrong_are_said(bridge: FakeBridge, command: Callable[..., Any]) -> None:
    bridge.fails(
        "api_key_limit", 429, "Too much.", "Try again after `Retry-After` seconds.", headers={"retry-after": "37"}
    )
    assert "Retry-After: 37 s\n" in command("admin", "models").err
    bridge.fails("invalid_request", 400, "Wrong.", "Correct the field named in `param`.", param="scopes")
    assert "param: scopes\n" in command("keys", "list").err

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cli.up.dev_server import VERSION, cache_folder, command, find_binary
from core.errors import TemporalBinaryMissingError

GOOD = "#!/bin/sh\necho 'temporal version 1.5.1 (Server 1.29.1)'\n"
INSTALL = f'printf \'%s\' "{GOOD}" > "$GOBIN/temporal"\nchmod +x "$GOBIN/temporal"\n'


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with an empty home, nothing on PATH but a shell's tools, and no download."""
    monkeypatch.delenv("CHATGPT_TEMPORAL_CLI", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setattr("workflows.temporal.download.download_server", _offline)
    (tmp_path / "home").mkdir()
    return tmp_path


async def _offline(version: str, folder: Path) -> None:
    raise OSError(f"no network for {version}")


def test_a_named_binary_wins(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(machine / "bin" / "temporal", GOOD)
    named = script(machine / "own", GOOD)
    monkeypatch.setenv("CHATGPT_TEMPORAL_CLI", str(named))
    assert find_binary() == named


def test_a_named_binary_that_does_not_run_is_an_error_and_nothing_else_is_tried(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(machine / "bin" / "temporal", GOOD)
    monkeypatch.setenv("CHATGPT_TEMPORAL_CLI", str(machine / "missing"))
    with pytest.raises(TemporalBinaryMissingError, match="CHATGPT_TEMPORAL_CLI: .*missing is not a Temporal CLI"):
        find_binary()


def test_path_comes_before_the_cache(machine: Path) -> None:
    script(cache_folder() / "temporal", GOOD)
    on_path = script(machine / "bin" / "temporal", GOOD)
    assert find_binary() == on_path


def test_another_program_of_that_name_on_path_is_passed_over(machine: Path) -> None:
    script(machine / "bin" / "temporal", "#!/bin/sh\necho 'temporal, a drum machine'\n")
    cached = script(cache_folder() / "temporal", GOOD)
    assert find_binary() == cached


def test_the_cache_is_below_home(machine: Path) -> None:
    assert cache_folder() == machine / "home" / ".cache" / "chatgpt-api" / "temporal" / VERSION


def test_looking_only_gets_nothing(machine: Path) -> None:
    with pytest.raises(TemporalBinaryMissingError, match="no Temporal server on PATH or in"):
        find_binary(get=False)
    assert not (machine / "home" / ".cache").exists()


def test_a_download_lands_in_the_cache(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def download(version: str, folder: Path) -> None:
        script(folder / f"temporal-sdk-{version}", GOOD)

    monkeypatch.setattr("workflows.temporal.download.download_server", download)
    assert find_binary() == cache_folder() / "temporal"
    assert sorted(path.name for path in cache_folder().iterdir()) == [".lock", "temporal"]


def test_where_the_download_fails_go_builds_it(machine: Path, capfd: pytest.CaptureFixture[str]) -> None:
    script(
        machine / "bin" / "go",
        f'#!/bin/sh\necho "$@" > {machine}/asked\n{INSTALL}',
    )
    assert find_binary() == cache_folder() / "temporal"
    assert (machine / "asked").read_text() == f"install github.com/temporalio/cli/cmd/temporal@{VERSION}\n"
    said = capfd.readouterr()
    assert said.out == ""
    assert f"Downloading Temporal's server {VERSION} ..." in said.err
    assert f"Building Temporal's server {VERSION} with Go (some minutes) ..." in said.err


def test_when_nothing_works_the_error_says_why_for_each_way(machine: Path) -> None:
    script(machine / "bin" / "go", "#!/bin/sh\necho 'go: no such module' >&2\nexit 1\n")
    with pytest.raises(TemporalBinaryMissingError) as failed:
        find_binary()
    assert failed.value.message == (
        f"Temporal's server could not be had: the download failed (no network for {VERSION}); "
        "the build with Go failed (go: no such module)"
    )
    assert [path.name for path in cache_folder().iterdir()] == [".lock"]


def test_without_go_the_error_says_so(machine: Path) -> None:
    with pytest.raises(TemporalBinaryMissingError, match="there is no Go on PATH"):
        find_binary()


def test_of_two_processes_one_builds_and_the_other_waits(machine: Path) -> None:
    script(
        machine / "bin" / "go",
        f"#!/bin/sh\necho built >> {machine}/builds\nsleep 1\n{INSTALL}",
    )
    code = (
        "import workflows.temporal.download as download\n"
        "async def offline(version, folder): raise OSError('offline')\n"
        "download.download_server = offline\n"
        "from cli.up.dev_server import find_binary\n"
        "print(find_binary())\n"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    found = {process.communicate(timeout=30)[0].strip() for process in both}
    assert found == {str(cache_folder() / "temporal")}
    assert (machine / "builds").read_text() == "built\n"


def test_the_command_line_carries_every_measured_flag(tmp_path: Path) -> None:
    assert command(Path("/bin/temporal"), port=7233, ui_port=8233, file=tmp_path / "t.sqlite") == [
        *("/bin/temporal", "server", "start-dev", "--ip", "127.0.0.1", "--port", "7233", "--ui-port", "8233"),
        *("--namespace", "default", "--db-filename", str(tmp_path / "t.sqlite"), "--log-level", "warn"),
        *("--dynamic-config-value", "system.enableActivityEagerExecution=true"),
        *("--dynamic-config-value", "history.transferProcessorMaxPollRPS=2000"),
        *("--dynamic-config-value", "history.timerProcessorMaxPollRPS=2000"),
        *("--dynamic-config-value", 'history.timerProcessorMaxTimeShift="100ms"'),
        *("--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=NORMAL"),
    ]


def test_headless_leaves_the_ui_out(tmp_path: Path) -> None:
    argv = command(Path("/bin/temporal"), port=1, ui_port=None, file=tmp_path / "t")
    assert "--headless" in argv
    assert "--ui-port" not in argv

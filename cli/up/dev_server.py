"""Temporal's server binary: where it is found, how it is got, and the flags it is started with."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from cli.up.fetch import fetch
from core.errors import TemporalBinaryMissingError

VERSION = "v1.5.1"
"""The newest tag that `go install` accepts: later ones carry a `replace` line."""

_FLAGS = (
    "system.enableActivityEagerExecution=true",
    "history.transferProcessorMaxPollRPS=2000",
    "history.timerProcessorMaxPollRPS=2000",
    'history.timerProcessorMaxTimeShift="100ms"',
)
"""The history queues' poll limits and the timers' slack are what a step waits for otherwise: 149 ms become 35."""

_PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL")


def find_binary(configured: Path | None = None, *, get: bool = True) -> Path:
    """Temporal's binary: `configured` or CHATGPT_TEMPORAL_CLI, PATH, our cache, else got into the cache.

    A download or build shows its progress on stderr, and of two processes at once one waits for the other.

    Args:
        get: whether a missing binary is downloaded or built.

    Raises:
        TemporalBinaryMissingError: none was found, and none could be had; the message says what was tried.
    """
    named = configured or _from_environment()
    if named is not None:
        if not runs(named):
            raise TemporalBinaryMissingError(f"CHATGPT_TEMPORAL_CLI: {named} is not a Temporal CLI that runs here")
        return named.absolute()
    on_path = shutil.which("temporal")
    if on_path and runs(Path(on_path)):
        return Path(on_path).absolute()
    cached = cache_folder() / "temporal"
    if runs(cached):
        return cached
    if not get:
        raise TemporalBinaryMissingError(f"no Temporal server on PATH or in {cached.parent}")
    return fetch(cached, VERSION, usable=runs)


def cache_folder() -> Path:
    """Where a downloaded or built binary is kept."""
    return Path.home() / ".cache" / "chatgpt-api" / "temporal" / VERSION


def runs(binary: Path) -> bool:
    """Whether `binary` is a Temporal CLI that this machine can run."""
    if not (binary.is_file() and os.access(binary, os.X_OK)):
        return False
    try:
        answer = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0 and answer.stdout.startswith("temporal version")


def command(
    binary: Path,
    *,
    port: int,
    ui_port: int | None,
    file: Path,
    namespace: str = "default",
    ui_codec: str | None = None,
) -> list[str]:
    """The whole command line of the embedded server: on loopback, with its history in `file`.

    Args:
        ui_port: port of the web UI; `None` leaves the UI out.
        ui_codec: address that the web UI has payloads decoded at.
    """
    arguments = [str(binary), "server", "start-dev", "--ip", "127.0.0.1", "--port", str(port)]
    arguments += ["--headless"] if ui_port is None else ["--ui-port", str(ui_port)]
    if ui_port is not None and ui_codec is not None:
        arguments += ["--ui-codec-endpoint", ui_codec]
    arguments += ["--namespace", namespace, "--db-filename", str(file), "--log-level", "warn"]
    for flag in _FLAGS:
        arguments += ["--dynamic-config-value", flag]
    for pragma in _PRAGMAS:
        arguments += ["--sqlite-pragma", pragma]
    return arguments


def _from_environment() -> Path | None:
    from core.settings import TemporalSettings, load

    return load(TemporalSettings).cli

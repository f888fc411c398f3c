"""Clients in environments of their own, installed once for this user by the very line that their page has."""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.e2e.clients.pages import block

CLIENTS = Path.home() / ".cache" / "chatgpt-api" / "clients"

INSTALL = "Install"
"""The heading of the line that installs a client."""

_SECONDS = 240


def environment(page: str) -> Path:
    """The `bin` of a Python environment with what a page installs."""
    wanted = _line(page, "pip")
    name, version = wanted[0].split("==")
    return _installed(f"{name}-{version}", lambda into: _make_environment(into, wanted)) / "bin"


def packages(page: str) -> Path:
    """A folder whose `node_modules` has what a page installs."""
    wanted = _line(page, "npm")
    name, version = wanted[0].split("@")
    return _installed(f"{name}-node-{version}", lambda into: _make_packages(into, wanted))


def _line(page: str, tool: str) -> list[str]:
    """What a page's line installs, the client first."""
    command, verb, *wanted = shlex.split(block(page, INSTALL, "sh").text)
    assert (command, verb) == (tool, "install")
    return wanted


def _installed(name: str, make: Callable[[Path], None]) -> Path:
    """The folder of that name, which is made elsewhere first: one that is there is whole."""
    folder = CLIENTS / name
    CLIENTS.mkdir(parents=True, exist_ok=True)
    with (CLIENTS / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=CLIENTS) as unfinished:
                made = Path(unfinished) / name
                make(made)
                made.rename(folder)
    return folder


def _make_environment(into: Path, wanted: Sequence[str]) -> None:
    _run(sys.executable, "-m", "venv", str(into))
    _run(str(into / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", *wanted)
    # The scripts name the interpreter by its path, which is about to change.
    final = CLIENTS / into.name
    for script in (into / "bin").iterdir():
        if script.is_file() and not script.is_symlink():
            script.write_bytes(script.read_bytes().replace(os.fsencode(into), os.fsencode(final)))


def _make_packages(into: Path, wanted: Sequence[str]) -> None:
    npm = shutil.which("npm")
    assert npm is not None, "these tests need Node and npm: install Node.js 20 or newer"
    into.mkdir()
    _run(npm, "install", "--prefix", str(into), "--no-audit", "--no-fund", *wanted)


def _run(*command: str) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=_SECONDS, env={**_system_certificates(), **os.environ}
    )
    assert done.returncode == 0, f"{shlex.join(command)}:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"


def _system_certificates() -> dict[str, str]:
    """Node trusts a list of its own; this machine's may know one more, of a proxy on the way to the registry."""
    known = ssl.get_default_verify_paths().cafile
    return {"NODE_EXTRA_CA_CERTS": known} if known else {}

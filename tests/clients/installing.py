"""Clients as their pages install them, once for this user, in a folder a version."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shlex
import shutil
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.clients.pages import read

CACHE = Path.home() / ".cache" / "chatgpt-api" / "clients"
PAGES = ("opencode", "codex", "vercel-ai", "litellm", "aider")
_SECONDS = 900
_PYTHONS = ("python3.12", "python3.11", "python3")
"""aider takes none that is newer."""


def install(command: str) -> Path:
    """The folder of a client, filled by its page's own command where it is not there.

    It is filled beside its name and then gets it, so what broke off is never used. Scripts of Python know the folder
    they were made in, therefore the name is a link.
    """
    tool, _, *arguments = shlex.split(command)
    packages = [argument for argument in arguments if not argument.startswith("-")]
    name = _name(packages)
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        link = CACHE / name
        if not link.is_symlink() or not link.exists():
            for broken in CACHE.glob(f".{name}-*"):
                shutil.rmtree(broken)
            folder = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=CACHE))
            {"npm": _npm, "pip": _pip}[tool](folder, packages)
            fresh = folder / ".link"
            fresh.symlink_to(folder.name)
            fresh.replace(link)
        return link


def programs(folder: Path) -> Path:
    """Where a client's programs are."""
    return folder / "bin" if (folder / "bin").exists() else folder / "node_modules" / ".bin"


def _name(packages: Sequence[str]) -> str:
    """The first package and its version, and a digest of all of them: a page that changes gets another folder."""
    first = re.sub(r"[^A-Za-z0-9.]+", "-", packages[0]).strip("-")
    return f"{first}-{hashlib.sha256(' '.join(packages).encode()).hexdigest()[:8]}"


def _npm(folder: Path, packages: Sequence[str]) -> None:
    npm = shutil.which("npm")
    assert npm is not None, "these tests need Node and npm: install Node.js 20 or newer"
    _run([npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", *packages])


def _pip(folder: Path, packages: Sequence[str]) -> None:
    _run([_python(), "-m", "venv", str(folder)])
    _run([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *packages])


def _python() -> str:
    if sys.version_info < (3, 13):
        return sys.executable
    found = next((path for name in _PYTHONS if (path := shutil.which(name))), None)
    assert found is not None, "some clients need Python 3.12 or older: install python3.12 with venv"
    return found


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, env={**_system_certificates(), **os.environ}, timeout=_SECONDS
    )
    assert done.returncode == 0, f"{shlex.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}"


def _system_certificates() -> dict[str, str]:
    """Node trusts a list of its own; this machine's may know one more, of a proxy on the way to the registry."""
    known = ssl.get_default_verify_paths().cafile
    return {"NODE_EXTRA_CA_CERTS": known} if known else {}


if __name__ == "__main__":
    for each in map(read, PAGES):
        sys.stderr.write(f"{each.install}\n")
        install(each.install)

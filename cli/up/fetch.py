"""Get Temporal's binary into the cache: the SDK's download, else a build with Go."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from cli.output import Progress
from cli.up.lifeline import Lifeline
from core.errors import TemporalBinaryMissingError

_PACKAGE = "github.com/temporalio/cli/cmd/temporal"
_DOWNLOAD_SECONDS = 180.0
_BUILD_SECONDS = 1800.0
_LOOK_SECONDS = 0.5


class _WayFailed(Exception):
    """One way to the binary is closed; the text says why."""


def fetch(target: Path, version: str, *, usable: Callable[[Path], bool]) -> Path:
    """Download or build Temporal's `version` and put it at `target` in one step.

    Of several processes one works and the others wait; one that dies half-way leaves nothing that counts.

    Raises:
        TemporalBinaryMissingError: neither way worked; the message says why for each.
    """
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    problems: list[str] = []
    with _alone(target.parent):
        for way in (_downloaded, _built):
            if usable(target):
                return target
            with tempfile.TemporaryDirectory(dir=target.parent, prefix="getting-") as folder:
                try:
                    got = way(Path(folder), version)
                except _WayFailed as problem:
                    problems.append(str(problem))
                    continue
                if usable(got):
                    os.replace(got, target)
                    return target
                problems.append(f"{got.name} does not run on this machine")
    raise TemporalBinaryMissingError("Temporal's server could not be had: " + "; ".join(problems))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with Progress("Waiting for another process that is getting Temporal's server") as progress:
                while not _locked(lock.fileno()):
                    progress.tick()
                    time.sleep(_LOOK_SECONDS)
        yield


def _locked(number: int) -> bool:
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _downloaded(folder: Path, version: str) -> Path:
    """The SDK's own download. It runs in a thread with a loop of its own, since the caller may be inside one."""
    from workflows.temporal.download import download_server

    failed: list[Exception] = []

    def run() -> None:
        try:
            asyncio.run(asyncio.wait_for(download_server(version, folder), _DOWNLOAD_SECONDS))
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="temporal-download", daemon=True)
    thread.start()
    with Progress(f"Downloading Temporal's server {version}") as progress:
        while thread.is_alive():
            progress.tick()
            thread.join(_LOOK_SECONDS)
    found = sorted(path for path in folder.rglob("temporal*") if path.is_file())
    if found:
        return found[0]
    raise _WayFailed(f"the download failed ({failed[0] if failed else 'nothing came'})")


def _built(folder: Path, version: str) -> Path:
    go = shutil.which("go")
    if go is None:
        raise _WayFailed("there is no Go on PATH to build it with")
    log = folder / "build.log"
    text = f"Building Temporal's server {version} with Go (some minutes)"
    with log.open("w") as out, closing(Lifeline()) as lifeline, Progress(text) as progress:
        build = subprocess.Popen(
            lifeline.guarded([go, "install", f"{_PACKAGE}@{version}"]),
            env={**os.environ, "GOBIN": str(folder)},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            pass_fds=(lifeline.reading,),
        )
        try:
            _wait(build, progress)
        finally:
            if build.poll() is None:
                build.kill()
                build.wait()
    if build.returncode != 0:
        raise _WayFailed(f"the build with Go failed ({_last_line(log)})")
    return folder / "temporal"


def _wait(build: subprocess.Popen[bytes], progress: Progress) -> None:
    deadline = time.monotonic() + _BUILD_SECONDS
    while time.monotonic() < deadline:
        try:
            build.wait(_LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            progress.tick()
        else:
            return
    raise _WayFailed(f"the build with Go took longer than {_BUILD_SECONDS / 60:.0f} minutes")


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"

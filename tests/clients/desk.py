"""A user's own machine as far as a client sees it: a home, a project, a path, and nothing of ours but the page."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx2

from tests.clients.installing import CACHE, programs
from tests.clients.pages import ADDRESS, KEY_FILE, Page
from tests.e2e.stack import KEY


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command came to; `status` is `None` where it had to be ended."""

    status: int | None
    out: str
    trouble: str
    seconds: float


class Desk:
    """Runs a page's blocks as they stand, with the address, the key's file and the home of this test in them."""

    def __init__(self, root: Path, page: Page, client: Path, base_url: str) -> None:
        self.page = page
        self.home = root / "home"
        self.project = self.home / "project"
        self.project.mkdir(parents=True)
        (self.home / "api-key").write_text(KEY)
        self.client = client
        self._base_url = base_url

    def words(self, block: str) -> str:
        """A block as this user writes it."""
        return self._here(self.page[block])

    def lay(self, block: str, path: str | None = None) -> Path:
        """Write a block into the file it is for, in the project, or at `path` below the home."""
        file = self.project / block if path is None else self.home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self.words(block))
        return file

    async def run(self, *blocks: str, seconds: float = 60) -> Ran:
        """Run blocks one after the other in one shell."""
        return await self.shell("\n".join(self.page[block] for block in blocks), seconds)

    async def shell(self, script: str, seconds: float = 60) -> Ran:
        """Run what a user types in the project; it is ended with all its children when the time is over."""
        began = time.monotonic()
        child = await self._start(script, asyncio.subprocess.PIPE)
        reading = asyncio.ensure_future(child.communicate())
        try:
            await asyncio.wait({reading}, timeout=seconds)
            in_time = reading.done()
        finally:
            _end(child)
        out, trouble = await reading
        return Ran(
            child.returncode if in_time else None,
            out.decode(errors="replace"),
            trouble.decode(errors="replace"),
            time.monotonic() - began,
        )

    @asynccontextmanager
    async def serving(self, script: str, *, ready: str, seconds: float = 60) -> AsyncIterator[None]:
        """Run what serves, from when the address `ready` answers until the end."""
        with (self.home / "serving.log").open("w+b") as log:
            child = await self._start(script, log)
            try:
                async with asyncio.timeout(seconds):
                    while not await _answers(ready):
                        assert child.returncode is None, (self.home / "serving.log").read_text()[-4000:]
                        await asyncio.sleep(0.2)
                yield
            finally:
                _end(child)
                await child.wait()

    async def _start(self, script: str, out: IO[bytes] | int) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            "bash", "-euo", "pipefail", "-c", self._here(script),
            stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=out,
            cwd=self.project, env=self._environment(), start_new_session=True,
        )  # fmt: skip

    def _here(self, text: str) -> str:
        return text.replace(ADDRESS, self._base_url).replace(KEY_FILE, str(self.home / "api-key"))

    def _environment(self) -> dict[str, str]:
        path = f"{programs(self.client)}{os.pathsep}{os.environ['PATH']}"
        return {"PATH": path, "HOME": str(self.home), "LANG": "C.UTF-8", "NO_COLOR": "1"}


@asynccontextmanager
async def sit_down(page: Page, client: Path, base_url: str) -> AsyncIterator[Desk]:
    """A desk that is cleared afterwards. It is no temporary folder: Codex would not put its helpers there."""
    CACHE.mkdir(parents=True, exist_ok=True)
    root = Path(tempfile.mkdtemp(prefix=".desk-", dir=CACHE))
    try:
        yield Desk(root, page, client, base_url)
    finally:
        # What a client left running may still write.
        shutil.rmtree(root, ignore_errors=True)


async def _answers(url: str) -> bool:
    async with httpx2.AsyncClient(trust_env=False) as client:
        try:
            return (await client.get(url)).status_code == 200
        except httpx2.HTTPError:
            return False


def _end(child: asyncio.subprocess.Process) -> None:
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass

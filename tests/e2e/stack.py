"""The whole bridge as real processes, each of which a test may stop, kill or start again."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from cli.up.dev_server import command as temporal_command
from cli.up.dev_server import find_binary
from provider.simulator import Simulator, SimulatorConfig
from provider.simulator import start as start_simulator
from tests.fakes.strict import StrictTransport

KEY = "e2e-" + "k" * 40


def free_port() -> int:
    """A port the system gives; held by nobody, so it can still be lost to another process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Process:
    """One child and its log."""

    name: str
    child: asyncio.subprocess.Process
    log: Path

    @property
    def pid(self) -> int:
        return self.child.pid

    @property
    def ended(self) -> bool:
        """It runs no more."""
        return self.child.returncode is not None

    async def kill(self) -> None:
        """Die at once, as in a power cut."""
        await self._end(signal.SIGKILL)

    async def terminate(self) -> int:
        """Be asked to stop; returns the exit status."""
        return await self._end(signal.SIGTERM)

    async def _end(self, how: signal.Signals) -> int:
        if self.child.returncode is None:
            self.child.send_signal(signal.SIGCONT)
            self.child.send_signal(how)
        return await asyncio.wait_for(self.child.wait(), 30)


@dataclass
class Stack:
    """A folder, a simulator in this process, and the bridge's processes beside it."""

    root: Path
    simulator: Simulator
    environment: dict[str, str] = field(default_factory=dict)
    processes: list[Process] = field(default_factory=list)
    temporal_port: int = field(default_factory=free_port)
    api_port: int = field(default_factory=free_port)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    @property
    def temporal_file(self) -> Path:
        return self.root / "data" / "temporal.sqlite"

    def client(self, **options: Any) -> httpx2.AsyncClient:
        """A client of the API with its key."""
        options.setdefault("timeout", 60)
        options.setdefault("transport", StrictTransport())
        return httpx2.AsyncClient(base_url=self.base_url, headers={"Authorization": f"Bearer {KEY}"}, **options)

    def process(self, name: str) -> Process:
        """The latest process of that name."""
        return [process for process in self.processes if process.name == name][-1]

    async def start_temporal(self) -> Process:
        binary = find_binary()
        process = await self._spawn(
            "temporal", *temporal_command(binary, port=self.temporal_port, ui_port=None, file=self.temporal_file)
        )
        await _until_listening(self.temporal_port, process)
        return process

    async def start_worker(self, name: str = "worker", **environment: str) -> Process:
        process = await self._bridge(name, "worker", environment=environment)
        await _until_logged(process, "worker_started")
        return process

    async def start_api(self, *arguments: str, **environment: str) -> Process:
        process = await self._bridge(
            "api", "server", "start", "--no-worker", "--port", str(self.api_port), *arguments, environment=environment
        )
        await _until_listening(self.api_port, process)
        return process

    async def start(self) -> None:
        """Temporal, a worker and the API."""
        await self.start_temporal()
        await asyncio.gather(self.start_worker(), self.start_api())
        async with self.client() as client:
            for _ in range(600):
                if (await client.get("/health/ready")).status_code == 200:
                    return
                await asyncio.sleep(0.1)
        raise TimeoutError(f"never ready:\n{self.processes[-1].log.read_text()[-4000:]}")

    async def close(self) -> None:
        for process in reversed(self.processes):
            await process.kill()

    async def _bridge(self, name: str, *arguments: str, environment: Mapping[str, str]) -> Process:
        return await self._spawn(
            name, sys.executable, "-P", "-m", "chatgpt_api", *arguments, environment={**self.environment, **environment}
        )

    async def _spawn(self, name: str, *command: str, environment: Mapping[str, str] | None = None) -> Process:
        log = self.root / f"{name}-{len(self.processes)}.log"
        with log.open("wb") as out:
            child = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, **(environment or {})},
            )
        process = Process(name, child, log)
        self.processes.append(process)
        return process


@asynccontextmanager
async def open_stack(root: Path, config: SimulatorConfig | None = None, **environment: str) -> AsyncIterator[Stack]:
    """A stack with nothing but the simulator running; on leaving, every process that is left is killed."""
    simulator = await start_simulator(config or SimulatorConfig())
    try:
        for alias, text in simulator.captures().items():
            folder = root / "accounts" / alias
            folder.mkdir(parents=True)
            (folder / "chatgpt-request.txt").write_text(text)
        stack = Stack(root, simulator)
        (root / "data").mkdir()
        stack.environment = {
            "CHATGPT_API_KEY": KEY,
            "CHATGPT_DATA_DIR": str(root / "data"),
            "CHATGPT_ACCOUNTS_DIR": str(root / "accounts"),
            "CHATGPT_WEB_BASE_URL": simulator.url,
            "CHATGPT_TEMPORAL_ADDRESS": f"127.0.0.1:{stack.temporal_port}",
            "CHATGPT_IMAGE_POLL_SECONDS": "0.3",
            "CHATGPT_LOG_FORMAT": "json",
            # What upstream is asked is counted; a look at the accounts that happens to be due would be counted too.
            "CHATGPT_CARE_INTERVAL_SECONDS": "0",
            **environment,
        }
        try:
            yield stack
        finally:
            await stack.close()
    finally:
        await simulator.aclose()


async def _until_listening(port: int, process: Process) -> None:
    for _ in range(600):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await _still_alive(process)
            await asyncio.sleep(0.1)
        else:
            writer.close()
            await writer.wait_closed()
            return
    raise TimeoutError(f"{process.name} does not listen on {port}:\n{process.log.read_text()[-4000:]}")


async def _until_logged(process: Process, event: str) -> None:
    for _ in range(600):
        if event in process.log.read_text():
            return
        await _still_alive(process)
        await asyncio.sleep(0.1)
    raise TimeoutError(f"{process.name} never logged {event}:\n{process.log.read_text()[-4000:]}")


async def _still_alive(process: Process) -> None:
    if process.child.returncode is not None:
        raise RuntimeError(f"{process.name} died:\n{process.log.read_text()[-4000:]}")

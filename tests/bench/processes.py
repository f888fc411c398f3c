"""What the benchmark runs beside itself."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.up.dev_server import command as temporal_command
from cli.up.dev_server import find_binary

HERE = Path(__file__).parent
KEY = "bench-" + "k" * 40


def free_port() -> int:
    """A port the system gives."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listening(port: int, seconds: float = 60) -> None:
    """Wait until something listens on `port`."""
    for _ in range(int(seconds * 10)):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"nothing listens on {port}")


@contextmanager
def running(command: list[str], log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A child that is stopped at the end, by force after ten seconds."""
    with log.open("ab") as out:
        child = subprocess.Popen(command, stdout=out, stderr=out, env={**os.environ, **environment})
    try:
        yield child
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


@dataclass
class Bench:
    """A running bridge, the relay beside it, and their upstream."""

    api: subprocess.Popen[bytes]
    api_url: str
    relay_url: str
    upstream_url: str
    authorization: str
    capture: str
    temporal: str
    folder: Path
    worker: subprocess.Popen[bytes]
    new_worker: Callable[[], subprocess.Popen[bytes]]

    def start_worker(self) -> None:
        """Start a worker in the place of one that died."""
        self.worker = self.new_worker()

    def memory_mb(self) -> float:
        """The API's resident memory."""
        status = Path(f"/proc/{self.api.pid}/status").read_text()
        match = re.search(r"VmRSS:\s+(\d+) kB", status)
        return int(match[1]) / 1024 if match else 0.0

    def load(self, url: str, *arguments: str) -> dict[str, Any]:
        """One run of the load; its figures."""
        command = [sys.executable, "-m", "tests.bench.load", "--url", url, "--key", KEY, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True, cwd=HERE.parents[1])
        figures: dict[str, Any] = json.loads(done.stdout)
        return figures


@contextmanager
def bench(folder: Path, *, accounts: int = 16, **upstream: Any) -> Iterator[Bench]:
    """Start everything with `accounts` accounts of 32 slots each; `upstream` are the simulator's own settings."""
    folder.mkdir(parents=True, exist_ok=True)
    ports = [free_port() for _ in range(4)]
    sim, api, relay, temporal = ports
    config = {"port": sim, "accounts": ["plus"] * accounts, "difficulty": "", "image": "inline", "image_seconds": 0}
    captures = folder / "accounts"
    environment = {
        "CHATGPT_API_KEY": KEY,
        "CHATGPT_DATA_DIR": str(folder / "data"),
        "CHATGPT_ACCOUNTS_DIR": str(captures),
        "CHATGPT_WEB_BASE_URL": f"http://127.0.0.1:{sim}",
        "CHATGPT_TEMPORAL_ADDRESS": f"127.0.0.1:{temporal}",
        "CHATGPT_CHAT_CONCURRENCY": "plus=32",
        "CHATGPT_IMAGE_CONCURRENCY": "plus=32",
        "CHATGPT_LOG_LEVEL": "warning",
    }
    bridge = [sys.executable, "-P", "-m", "chatgpt_api"]
    with ExitStack() as stack:

        def start(name: str, command: list[str], **more: str) -> subprocess.Popen[bytes]:
            return stack.enter_context(running(command, folder / f"{name}.log", **more))

        (folder / "data").mkdir(exist_ok=True)
        start("upstream", [sys.executable, str(HERE / "upstream.py"), json.dumps(config | upstream), str(captures)])
        listening(sim)
        while not (captures / "ready").exists():
            time.sleep(0.05)
        file = folder / "data" / "temporal.sqlite"
        start("temporal", temporal_command(find_binary(), port=temporal, ui_port=None, file=file))
        listening(temporal)

        def new_worker() -> subprocess.Popen[bytes]:
            return start("worker", [*bridge, "worker"], **environment)

        worker = new_worker()
        server = start("api", [*bridge, "server", "start", "--no-worker", "--port", str(api)], **environment)
        text = next(captures.glob("*/chatgpt-request.txt")).read_text()
        bearer = re.search(r"authorization: (Bearer [^'\"\s]+)", text, re.IGNORECASE)
        assert bearer is not None
        upstream_url = f"http://127.0.0.1:{sim}"
        start("relay", [sys.executable, str(HERE / "relay.py"), str(relay), upstream_url, bearer[1]])
        listening(api)
        listening(relay)
        yield Bench(
            api=server,
            api_url=f"http://127.0.0.1:{api}",
            relay_url=f"http://127.0.0.1:{relay}",
            upstream_url=upstream_url,
            authorization=bearer[1],
            capture=text,
            temporal=f"127.0.0.1:{temporal}",
            folder=folder,
            worker=worker,
            new_worker=new_worker,
        )

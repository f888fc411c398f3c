"""The wheel, installed into a fresh environment, is a whole bridge."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of an environment with the wheel and the pinned dependencies, and nothing of the checkout."""
    folder = tmp_path_factory.mktemp("package")
    _run(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(folder), str(ROOT))
    (wheel,) = folder.glob("*.whl")
    pins = re.findall(
        r"^([A-Za-z0-9._-]+(?:\[[^]]*])?==[^\s;\\]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE
    )
    (folder / "constraints.txt").write_text("\n".join(pins))
    _run(sys.executable, "-m", "venv", str(folder / "env"))
    python = str(folder / "env" / "bin" / "python")
    _run(python, "-m", "pip", "install", "--quiet", "-c", str(folder / "constraints.txt"), str(wheel))
    return folder / "env" / "bin"


def test_it_says_its_version(installed: Path, tmp_path: Path) -> None:
    assert _run(str(installed / "chatgpt-api"), "--version", cwd=tmp_path) == "chatgpt-api 0.1.0\n"


def test_a_chat_runs_against_the_simulator(installed: Path, tmp_path: Path) -> None:
    command = str(installed / "chatgpt-api")
    environment = {
        "CHATGPT_API_PORT": str(_free_port()),
        "CHATGPT_DATA_DIR": str(tmp_path / "data"),
        "CHATGPT_ACCOUNTS_DIR": str(tmp_path / "accounts"),
    }
    environment["CHATGPT_BASE_URL"] = f"http://127.0.0.1:{environment['CHATGPT_API_PORT']}/v1"
    captures = tmp_path / "captures"
    simulator = [command, "simulator", "--port", "0", "--accounts", "plus", "--json", "--captures-dir", str(captures)]
    with _process(simulator, tmp_path, environment) as upstream:
        environment["CHATGPT_WEB_BASE_URL"] = _announced(upstream)
        with _process([command, "server", "start", "--no-worker"], tmp_path, environment) as server:
            _until_listening(int(environment["CHATGPT_API_PORT"]), server)
            for arguments in (
                ["admin", "account", "add", "--account", "plus", "--capture-file", str(captures / "plus.txt")],
                ["api", "chat", "-m", "Say hello", "--json"],
            ):
                answer = _run(command, *arguments, cwd=tmp_path, environment=environment)
    chat = json.loads(answer)
    assert chat["choices"][0]["message"]["content"].strip()
    assert chat["chatgpt_account"] == "plus"


def _run(*command: str, cwd: Path | None = None, environment: dict[str, str] | None = None) -> str:
    ended = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=cwd, env={**os.environ, **(environment or {})}
    )
    assert ended.returncode == 0, f"{command}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout


@contextmanager
def _process(command: list[str], cwd: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    log = cwd / f"{command[1]}.log"
    with log.open("w") as err:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=err, text=True, cwd=cwd, env={**os.environ, **environment}
        )
        try:
            yield process
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0, log.read_text()
        finally:
            process.kill()
            process.communicate()


def _announced(simulator: subprocess.Popen[str]) -> str:
    """The address in the JSON object that a simulator writes when it listens."""
    assert simulator.stdout is not None
    text = ""
    for line in simulator.stdout:
        text += line
        if line == "}\n":
            return str(json.loads(text)["url"])
    raise AssertionError("the simulator ended")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _until_listening(port: int, server: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the server does not listen")

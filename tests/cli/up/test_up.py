"""The real command with everything it starts."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from tests.cli.up.bridges import COMMAND, Up, arguments, children, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture
def start() -> Iterator[Callable[..., Up]]:
    started: list[Up] = []

    def up(folder: Path, *arguments: str, **environment: str) -> Up:
        started.append(Up(folder, *arguments, **environment))
        return started[-1]

    yield up
    for one in started:
        if one.process.poll() is None:
            one.end()


def status(url: str) -> int:
    try:
        return httpx2.get(url, trust_env=False).status_code
    except httpx2.TransportError:
        return 0


def test_a_whole_life(start: Callable[..., Up], tmp_path: Path) -> None:
    up = start(tmp_path).ready()
    root = up.places["api"].removesuffix("/v1")
    assert status(f"{root}/health/ready") == 200
    assert status(up.places["temporal_ui"]) == 200
    assert {path.name for path in (tmp_path / "outputs").rglob("*") if path.stat().st_mode & 0o077} == set()
    for pid in children(up.process.pid):
        assert up.places["api"] not in arguments(pid)
        assert (tmp_path / "outputs" / "api-key").read_text().strip() not in arguments(pid)

    second = subprocess.run(COMMAND, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (second.returncode, second.stdout) == (2, "")
    held = f"is in use by `chatgpt-api up` (process {up.process.pid}, since 20"
    assert held in second.stderr
    assert second.stderr.count("\n") == 2

    for name in ("temporal", "worker", "api"):
        os.kill(up.child(name), signal.SIGKILL)
        until(lambda name=name: f"{name} is back." in up.words)
    until(lambda: status(f"{root}/health/ready") == 200)

    left = children(up.process.pid)
    assert up.end() == 0
    assert not [pid for pid in left if arguments(pid)]


def test_nothing_is_left_when_it_is_killed(start: Callable[..., Up], tmp_path: Path) -> None:
    up = start(tmp_path, "--demo", "--headless").ready()
    assert "temporal_ui" not in up.places
    left = children(up.process.pid)
    assert len(left) == 4
    up.kill()
    until(lambda: not [pid for pid in left if arguments(pid)], seconds=15)


def test_two_demos_side_by_side_in_a_folder_of_decoys(start: Callable[..., Up], tmp_path: Path) -> None:
    for name in ("core", "api", "bridge"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('a decoy was imported')\n")
    own = tmp_path / "secrets" / "accounts"
    (own / "mine").mkdir(parents=True)
    (own / "mine" / "chatgpt-request.txt").write_text("curl 'https://chatgpt.com/backend-api/f/conversation'")
    unset = dict.fromkeys(("CHATGPT_API_PORT", "CHATGPT_TEMPORAL_PORT", "CHATGPT_TEMPORAL_UI_PORT"), "")
    both = [start(tmp_path, "--demo", **unset) for _ in range(2)]
    for up in both:
        up.ready()
    assert {up.places["data"] for up in both} == {str(tmp_path / ".demo/data"), str(tmp_path / ".demo-2/data")}
    for kind in ("api", "temporal", "temporal_ui", "simulator"):
        assert len({up.places[kind] for up in both}) == 2
    for up in both:
        key = Path(up.places["api_key_file"]).read_text().strip()
        answer = httpx2.post(
            f"{up.places['api']}/chat/completions",
            headers={"Authorization": f"Bearer {key}"},
            json={"model": "auto", "messages": [{"role": "user", "content": "hello"}]},
            trust_env=False,
        )
        assert answer.status_code == 200
        assert answer.json()["choices"][0]["message"]["content"]
        assert "mine" not in [path.name for path in Path(up.places["accounts"]).iterdir()]
    assert [up.end() for up in both] == [0, 0]
    assert [path.name for path in own.rglob("*")] == ["mine", "chatgpt-request.txt"]


def test_a_child_that_cannot_live_ends_it_with_its_last_lines(start: Callable[..., Up], tmp_path: Path) -> None:
    binary = tmp_path / "temporal"
    binary.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo "temporal version 1.5.1" && exit 0\necho "no room left"\nexit 1\n'
    )
    binary.chmod(0o755)
    up = start(tmp_path, CHATGPT_TEMPORAL_CLI=str(binary))
    assert up.wait() == 1
    assert "  | no room left\ntemporal died 5 times in a row soon after its start.\n" in up.words


def test_a_temporal_server_that_is_there_is_used(start: Callable[..., Up], tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    first = start(tmp_path / "one", "--headless").ready()
    second = start(tmp_path / "two", CHATGPT_TEMPORAL_ADDRESS=first.places["temporal"]).ready()
    assert second.places["temporal"] == first.places["temporal"]
    assert len(children(second.process.pid)) == 2
    assert second.end() == 0
    assert first.end() == 0

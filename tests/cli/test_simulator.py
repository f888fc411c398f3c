from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

COMMAND = [sys.executable, "-P", "-m", "chatgpt_api", "simulator", "--port", "0"]


@contextmanager
def simulator(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    assert process.returncode == 0


def announced(process: subprocess.Popen[str]) -> dict[str, object]:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line == "}\n":
            break
    answer: dict[str, object] = json.loads("".join(lines))
    return answer


def test_it_prints_its_address_and_a_capture_for_three_accounts_on_three_plans() -> None:
    with simulator("--json") as process:
        said = announced(process)
        captures = said["captures"]
        assert isinstance(captures, dict)
        assert list(captures) == ["free", "plus", "pro"]
        assert all("/backend-api/f/conversation" in text for text in captures.values())
        assert httpx2.get(str(said["url"])).status_code < 500


def test_captures_are_written_for_their_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "captures"
    with simulator("--accounts", "plus x 2", "--captures-dir", str(folder), "--json") as process:
        said = announced(process)
    assert said["captures"] == {"plus": str(folder / "plus.txt"), "plus-2": str(folder / "plus-2.txt")}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
        "plus.txt": 0o600,
        "plus-2.txt": 0o600,
    }


def test_wrong_accounts_are_a_sentence() -> None:
    ended = subprocess.run([*COMMAND, "--accounts", "3"], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: simulator accounts are plans such as")

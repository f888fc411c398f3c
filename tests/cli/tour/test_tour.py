from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.tour.run import run
from cli.up.places import Places
from integrations.client import BridgeClient
from tests.fakes.http import FakeBridge, fake_bridge

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def bridge() -> Iterator[FakeBridge]:
    with fake_bridge() as running:
        yield running


def places(bridge: FakeBridge) -> Places:
    folder = Path("/nowhere")
    return Places(
        bridge.base_url, "t:1", "http://ui", "default", None, folder, folder, "sqlite://", folder, folder, folder
    )


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_make_demo_once_shows_every_kind_of_work_and_ends_with_0() -> None:
    # The environment that runs this test is set up; `-o` keeps make from looking whether it is.
    shown = subprocess.run(
        ["make", "-o", ".venv/.set-up", "demo", "ONCE=1"],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "MAKEFLAGS"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "8 of 8 steps worked." in shown.stdout
    files = [line.split()[1] for line in shown.stdout.splitlines() if line.startswith("  file ")]
    assert len(files) == 2
    assert all(Path(file).read_bytes().startswith(b"\x89PNG") for file in files)
    assert "\n  called         tide_table {" in shown.stdout
    assert "\n  found again    events 3 to " in shown.stdout
    for name in ("operation", "its workflow", "Temporal UI", "simulator", "logs", "database"):
        assert f"\n  {name} " in shown.stdout


def test_a_step_that_fails_is_shown_and_the_others_go_on(
    bridge: FakeBridge, capsys: pytest.CaptureFixture[str]
) -> None:
    bridge.says({"id": "c", "choices": [{"message": {"content": "Hello."}}]}, path="/v1/chat/completions")
    bridge.fails("temporal_unavailable", 503, "Temporal is away", "Start it.")
    with BridgeClient(bridge.base_url) as client:
        assert run(client, places(bridge)) == 1
    shown = capsys.readouterr().out
    assert "  | Hello." in shown
    assert "  FAILED         Temporal is away [temporal_unavailable]\n  what to do     Start it.\n" in shown
    assert "\n1 of 8 steps worked.\n" in shown


def test_an_answer_without_words_and_a_picture_that_is_none_are_failures(
    bridge: FakeBridge, capsys: pytest.CaptureFixture[str]
) -> None:
    bridge.says({"id": "c", "choices": [{"message": {"content": " "}}]}, path="/v1/chat/completions")
    url = f"{bridge.base_url}/chatgpt/files/ab"
    bridge.says({"data": [{"url": url}], "chatgpt_operation_id": "op"}, path="/v1/images/generations")
    bridge.says({"operation": {"id": "op", "kind": "image"}}, path="/v1/chatgpt/operations/op")
    bridge.says({"data": [{"url": url}], "chatgpt_operation_id": "op"}, path="/v1/images/edits")
    bridge.says({"text": "CLOSED"}, path="/v1/chatgpt/vision")
    for path in ("/v1/chatgpt/research", "/v1/responses"):
        bridge.fails("temporal_unavailable", 503, "Temporal is away", "Start it.", path=path)
    bridge.sends(b"<html>", "image/png", path="/v1/chatgpt/files/ab")
    with BridgeClient(bridge.base_url) as client:
        assert run(client, places(bridge)) == 1
    shown = capsys.readouterr().out
    assert "FAILED         the answer holds no text" in shown
    assert shown.count("FAILED         the download is no picture: ") == 2
    assert "FAILED         the answer does not hold the words of the picture" in shown
    assert "0 of 8 steps worked." in shown

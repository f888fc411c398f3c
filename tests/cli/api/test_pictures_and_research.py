from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.api import research
from tests.fakes.http import Answer, FakeBridge

Command = Callable[..., Any]
BEGUN = {"id": "op_1", "kind": "research", "state": "accepted", "created_at": 1_790_000_000.0}


def events(*states: str) -> Answer:
    told = [
        {"number": number, "type": "state", "at": 1_790_000_000.0, "data": {"state": state}}
        for number, state in enumerate(states, 1)
    ]
    body = "".join(f"data: {json.dumps(event)}\n\n" for event in told)
    return Answer(body.encode(), content_type="text/event-stream")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "cat.png"
    path.write_bytes(b"\x89PNG not really")
    return path


def test_an_edit_sends_files_as_data_and_addresses_as_they_are(
    bridge: FakeBridge, command: Command, picture: Path, tmp_path: Path
) -> None:
    url = f"{bridge.base_url}/chatgpt/files/ab/x.png"
    bridge.says({"data": [{"url": url, "filename": "x.png"}], "warnings": ["Layouts move."]}, path="/v1/images/edits")
    bridge.sends(b"edited", "image/png", path="/v1/chatgpt/files/ab/x.png")
    arguments = ("-p", "bluer", "-i", str(picture), "-i", "https://example.test/b.png", "--aspect-ratio", "16:9")
    shown = command("api", "edit", *arguments, "--output-dir", str(tmp_path / "out"))
    assert shown.status == 0, shown.err
    assert shown.err == "warning: Layouts move.\n"
    assert (tmp_path / "out" / "x.png").read_bytes() == b"edited"
    sent = bridge.asked[0].body
    assert sent["aspect_ratio"] == "16:9"
    first, second = sent["images"]
    assert (first["name"], first["mime_type"]) == ("cat.png", "image/png")
    assert base64.b64decode(first["data_url"].partition(",")[2]) == picture.read_bytes()
    assert second == "https://example.test/b.png"


@pytest.mark.parametrize("given", [("-i", "absent.png"), tuple(["-i", "https://example.test/a.png"] * 11)])
def test_wrong_inputs_are_told_before_anything_is_sent(
    bridge: FakeBridge, command: Command, given: tuple[str, ...]
) -> None:
    assert command("api", "edit", "-p", "bluer", *given).status == 2
    assert bridge.asked == []


def test_vision_prints_its_context_and_the_text(
    bridge: FakeBridge, command: Command, picture: Path, tmp_path: Path
) -> None:
    bridge.says({"text": "A cat.", "mode": "ocr", "model": "auto", "input_image_count": 1, "chatgpt_account": "plus"})
    saved = tmp_path / "seen.txt"
    shown = command("api", "vision", "-i", str(picture), "--mode", "ocr", "--output", str(saved))
    assert (shown.status, shown.err) == (0, "")
    assert shown.out == "model=auto\naccount=plus\nmode=ocr\ninput_images=1\n\nA cat.\n"
    assert saved.read_text() == "A cat."
    assert "chatgpt_temporary_chat" not in bridge.asked[0].body


def test_research_is_followed_to_its_report(bridge: FakeBridge, command: Command, tmp_path: Path) -> None:
    report = {"file_id": "b" * 32, "filename": "r.md", "download_url": f"http://x/v1/chatgpt/files/{'b' * 32}/r.md"}
    ended = {**BEGUN, "state": "completed", "artifacts": [report], "text": "# Owls"}
    bridge.says({"operation": BEGUN}, status=202, path="/v1/chatgpt/research")
    bridge.answers["/v1/chatgpt/operations/op_1/events"] = events("accepted", "waiting_for_plan", "completed")
    bridge.says({"operation": ended}, path="/v1/chatgpt/operations/op_1")
    bridge.sends(b"# Owls", "text/markdown", path=f"/v1/chatgpt/files/{'b' * 32}/r.md")
    target = tmp_path / "owls"
    shown = command("api", "research", "-p", "owls", "--plan", "ask", "--output-path", str(target))
    assert shown.status == 0, shown.err
    assert bridge.asked[0].headers["prefer"] == "respond-async"
    assert bridge.asked[0].body == {"prompt": "owls", "model": "chatgpt-deep-research", "plan": "ask"}
    assert "operations approve|reject|edit-plan op_1" in shown.err
    assert shown.out.endswith(f"\n# Owls\nlocal_report_path={target}.md\n")
    assert target.with_suffix(".md").read_bytes() == b"# Owls"


@pytest.mark.parametrize(("state", "status"), [("cancelled", 130), ("failed", 2)])
def test_research_without_a_report_says_how_it_ended(
    bridge: FakeBridge, command: Command, state: str, status: int
) -> None:
    bridge.says({"operation": BEGUN}, status=202, path="/v1/chatgpt/research")
    bridge.answers["/v1/chatgpt/operations/op_1/events"] = events("accepted", state)
    bridge.says({"operation": {**BEGUN, "state": state}}, path="/v1/chatgpt/operations/op_1")
    shown = command("api", "research", "-p", "owls")
    assert shown.status == status
    assert f"state={state}\n" in shown.out


@pytest.mark.parametrize(("wish", "cancels"), [("detach", 0), ("cancel", 1)])
def test_ctrl_c_leaves_the_research_alone_or_cancels_it(
    bridge: FakeBridge, command: Command, monkeypatch: pytest.MonkeyPatch, wish: str, cancels: int
) -> None:
    bridge.says({"operation": BEGUN}, status=202, path="/v1/chatgpt/research")
    bridge.answers["/v1/chatgpt/operations/op_1/events"] = events("accepted", "cancelled")
    bridge.says({"operation": {**BEGUN, "state": "cancelled"}}, path="/v1/chatgpt/operations/op_1")
    bridge.says({"operation": BEGUN}, path="/v1/chatgpt/operations/op_1/cancel")
    followed, pressed = research.follow, []

    def interrupted(*arguments: Any, **named: Any) -> Any:
        if not pressed:
            pressed.append(1)
            raise KeyboardInterrupt
        return followed(*arguments, **named)

    monkeypatch.setattr(research, "follow", interrupted)
    monkeypatch.setattr(research, "_wish", lambda: wish)
    shown = command("api", "research", "-p", "owls")
    assert shown.status == 130
    assert len([asked for asked in bridge.asked if asked.path.endswith("/cancel")]) == cancels

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.http import Answer, FakeBridge

Command = Callable[..., Any]
OPERATIONS = "/v1/chatgpt/operations"
DONE: dict[str, Any] = {
    "id": "op_1",
    "kind": "research",
    "state": "completed",
    "account": "plus",
    "created_at": 1_790_000_000.0,
    "completed": True,
    "last_event": 3,
}
EVENTS: list[dict[str, Any]] = [
    {"number": 1, "type": "state", "at": 1_790_000_000.0, "data": {"state": "accepted", "account": None}},
    {"number": 2, "type": "progress", "at": 1_790_000_001.0, "data": {"phase": "reading", "done": 2, "total": 5}},
    {"number": 3, "type": "state", "at": 1_790_000_002.0, "data": {"state": "completed", "account": "plus"}},
]


def stream(*events: dict[str, Any], cut: bool = False) -> Answer:
    body = "".join(f"id: {event['number']}\nevent: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    return Answer(body.encode(), content_type="text/event-stream", cut=cut)


@pytest.fixture(autouse=True)
def known(bridge: FakeBridge) -> None:
    bridge.says({"object": "chatgpt.operation", "operation": DONE}, path=f"{OPERATIONS}/op_1")
    bridge.answers[f"{OPERATIONS}/op_1/events"] = stream(*EVENTS)


def test_the_list_is_one_line_an_operation_and_tells_of_more(bridge: FakeBridge, command: Command) -> None:
    bridge.says({"data": [DONE], "next_cursor": "7", "has_more": True}, path=OPERATIONS)
    shown = command("operations", "list", "--kind", "research", "--text", "owls & mice", "--limit", "1")
    assert shown.status == 0
    assert shown.out.split()[3:] == ["research", "completed", "plus", "op_1"]
    assert "--cursor 7" in shown.err
    assert bridge.asked[0].path == f"{OPERATIONS}?kind=research&q=owls+%26+mice&limit=1"


def test_an_empty_list_says_so_beside_the_result(bridge: FakeBridge, command: Command) -> None:
    bridge.says({"data": []}, path=OPERATIONS)
    shown = command("operations", "list")
    assert (shown.status, shown.out, shown.err) == (0, "", "There are none.\n")


def test_show_prints_plan_waiting_reasons_and_text(bridge: FakeBridge, command: Command) -> None:
    told = {
        **DONE,
        "state": "waiting_for_plan",
        "plan": {"title": "Survey", "steps": [{"text": "Collect", "status": "pending"}], "until": 1_790_000_060.0},
        "skipped": [
            {
                "account": "free",
                "reason": "quota_exhausted",
                "until": 1_790_000_060.0,
                "text": "it has no pictures left",
            },
            {"account": None, "reason": "account_not_configured", "until": None, "text": "there is no account"},
        ],
        "text": "All of it.",
    }
    bridge.says({"operation": told}, path=f"{OPERATIONS}/op_1")
    shown = command("operations", "show", "op_1")
    assert "plan=Survey\nplan_decision=waiting\nplan_until=2026-09-21T" in shown.out
    assert "plan[1]=Collect (pending)\n" in shown.out
    assert "waits_because[free]=it has no pictures left (quota_exhausted, until 2026-09-21T" in shown.out
    assert "waits_because=there is no account (account_not_configured)\n" in shown.out
    assert shown.out.endswith("\n\nAll of it.\n")


def test_watching_shows_every_event_and_then_how_it_ended(command: Command) -> None:
    shown = command("operations", "watch", "op_1")
    assert shown.status == 0
    assert [line.split(maxsplit=1)[1].strip() for line in shown.err.splitlines()] == [
        "1 accepted",
        "2 reading (2 of 5)",
        "3 completed on plus",
    ]
    assert "state=completed\n" in shown.out


def test_watching_goes_on_where_it_was_when_the_connection_broke(bridge: FakeBridge, command: Command) -> None:
    bridge.first = [Answer(json.dumps({"operation": DONE}).encode()), stream(*EVENTS[:2], cut=True), stream(EVENTS[2])]
    shown = command("operations", "watch", "op_1")
    assert shown.status == 0
    assert "waiting for it to come back" in shown.err
    numbers = [line.split()[1] for line in shown.err.splitlines() if line[2] == ":"]
    assert numbers == ["1", "2", "3"]
    assert [asked.path.rpartition("=")[2] for asked in bridge.asked if "/events" in asked.path] == ["0", "2"]


def test_watching_goes_on_when_the_server_ended_the_stream_too_early(bridge: FakeBridge, command: Command) -> None:
    away = Answer(b'{"error": {"code": "shutting_down", "message": "stopping", "retryable": true}}', status=503)
    running = Answer(json.dumps({"operation": {**DONE, "state": "running", "completed": False}}).encode())
    bridge.first = [running, stream(EVENTS[0]), running, away]
    assert command("operations", "watch", "op_1").status == 0
    assert len([asked for asked in bridge.asked if "/events" in asked.path]) == 3


def test_watching_what_has_ended_already_ends_at_once(bridge: FakeBridge, command: Command) -> None:
    bridge.answers[f"{OPERATIONS}/op_1/events"] = Answer(b"", status=204)
    shown = command("operations", "watch", "op_1", "--after", "3")
    assert (shown.status, shown.err) == (0, "")


def test_watching_an_operation_that_fails_is_1(bridge: FakeBridge, command: Command) -> None:
    failed = {**EVENTS[2], "data": {"state": "failed", "failure": {"message": "it broke"}}}
    bridge.answers[f"{OPERATIONS}/op_1/events"] = stream(failed)
    bridge.says({"operation": {**DONE, "state": "failed"}}, path=f"{OPERATIONS}/op_1")
    shown = command("operations", "watch", "op_1")
    assert shown.status == 1
    assert "failed: it broke" in shown.err


def test_an_unknown_operation_is_2_and_not_waited_for(bridge: FakeBridge, command: Command) -> None:
    bridge.fails("not_found", 404, "There is no such operation.", "Check the id.", path=f"{OPERATIONS}/op_9")
    shown = command("operations", "watch", "op_9")
    assert shown.status == 2
    assert shown.err.startswith("error: There is no such operation.")


@pytest.mark.parametrize(
    ("arguments", "body"),
    [
        (("approve", "op_1"), {"decision": "approve"}),
        (("reject", "op_1"), {"decision": "reject"}),
        (("edit-plan", "op_1", "fewer steps"), {"decision": "edit", "text": "fewer steps"}),
    ],
)
def test_a_plan_is_decided(bridge: FakeBridge, command: Command, arguments: tuple[str, ...], body: Any) -> None:
    bridge.says({"operation": DONE}, path=f"{OPERATIONS}/op_1/plan")
    assert command("operations", *arguments).status == 0
    assert (bridge.asked[0].path, bridge.asked[0].body) == (f"{OPERATIONS}/op_1/plan", body)


def test_a_rerun_shows_the_new_operation(bridge: FakeBridge, command: Command) -> None:
    bridge.says({"operation": {**DONE, "id": "op_2", "rerun_of": "op_1"}}, status=202, path=f"{OPERATIONS}/op_1/rerun")
    shown = command("operations", "rerun", "op_1")
    assert "id=op_2\n" in shown.out
    assert "rerun_of=op_1\n" in shown.out


def test_a_group_is_shown_with_its_members(bridge: FakeBridge, command: Command) -> None:
    members = [{"id": "op_2", "state": "running", "completed": False}]
    bridge.says({"operation": {**DONE, "members": members}}, path=f"{OPERATIONS}/op_1")
    bridge.says({"operation": {**DONE, "id": "op_2", "lead": "op_1"}}, path=f"{OPERATIONS}/op_2")
    assert "member[0]=op_2 (running)\n" in command("operations", "show", "op_1").out
    assert "lead=op_1\n" in command("operations", "show", "op_2").out


def test_several_are_deleted_with_or_without_their_files(bridge: FakeBridge, command: Command) -> None:
    bridge.otherwise = Answer(b"", status=204)
    bridge.answers.clear()
    shown = command("operations", "delete", "op_1", "op_2", "--keep-files")
    assert shown.out == "deleted=op_1\ndeleted=op_2\n"
    assert [(asked.method, asked.path) for asked in bridge.asked] == [
        ("DELETE", f"{OPERATIONS}/op_1?files=false"),
        ("DELETE", f"{OPERATIONS}/op_2?files=false"),
    ]


def test_an_export_holds_record_events_and_files(
    bridge: FakeBridge, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHATGPT_TEMPORAL_ADDRESS", "127.0.0.1:9")
    monkeypatch.setenv("CHATGPT_ACCOUNTS_DIR", str(tmp_path / "accounts"))
    link = f"http://elsewhere.test/v1/chatgpt/files/{'a' * 32}/report.md"
    kept = {"file_id": "a" * 32, "filename": "../report.md", "download_url": link}
    bridge.says({"operation": {**DONE, "artifacts": [kept]}}, path=f"{OPERATIONS}/op_1")
    bridge.says({"object": "list", "data": EVENTS, "has_more": False}, path=f"{OPERATIONS}/op_1/events")
    bridge.sends(b"# Owls", "text/markdown", path=f"/v1/chatgpt/files/{'a' * 32}/report.md")
    shown = command("operations", "export", "op_1", "--output", str(tmp_path / "kept.zip"))
    assert shown.status == 0, shown.err
    assert "without its history: Temporal cannot be reached." in shown.err
    with zipfile.ZipFile(tmp_path / "kept.zip") as archive:
        assert archive.namelist() == ["record.json", "events.jsonl", "files/1-report.md"]
        assert archive.read("files/1-report.md") == b"# Owls"
        assert [json.loads(line)["number"] for line in archive.read("events.jsonl").splitlines()] == [1, 2, 3]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []

"""Recorded histories replay against the definitions as they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.workflow import NondeterminismError

from tests.replay.changed import CHANGED, PatchedImage
from tests.replay.keys import RecordedKeys
from workflows.temporal.replayer import build_replayer
from workflows.temporal.starter import WORKFLOWS

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*/*.json"))


def history(file: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(f"recorded-{file.stem}", file.read_text())


def activities(recorded: WorkflowHistory) -> list[str]:
    return [
        event.activity_task_scheduled_event_attributes.activity_type.name
        for event in recorded.events
        if event.HasField("activity_task_scheduled_event_attributes")
    ]


UPLOADS = ["upload_input"] * 5

EXPECTED = {
    "ImageWorkflow": {
        "happy": ["submit_turn", "poll_image", "poll_image", "poll_image", "save_artifacts"],
        "retried": ["submit_turn", "poll_image", "save_artifacts"],
        "cancelled": ["submit_turn", "stop_turn"],
        "failed": ["submit_turn"],
    },
    "EditWorkflow": {
        "happy": [*UPLOADS, "submit_turn", "poll_image", "poll_image", "poll_image", "save_artifacts"],
        "retried": [*UPLOADS, "submit_turn", "poll_image", "save_artifacts"],
        "cancelled": [*UPLOADS, "submit_turn", "stop_turn"],
        "failed": [*UPLOADS, "submit_turn"],
        "elsewhere": [*["upload_input"] * 3, *UPLOADS, "submit_turn", "save_artifacts"],
        "cancelled_early": ["upload_input", "upload_input", "upload_input", "stop_turn"],
    },
    "VisionWorkflow": {
        "happy": ["upload_input", "submit_turn", "poll_answer", "poll_answer", "poll_answer"],
        "retried": ["upload_input", "submit_turn", "poll_answer"],
        "cancelled": ["upload_input", "submit_turn", "stop_turn"],
        "failed": ["upload_input", "submit_turn"],
        "streamed": ["upload_input", "submit_turn"],
    },
    "ResponseWorkflow": {
        "happy": ["submit_turn", "poll_answer", "poll_answer", "poll_answer"],
        "retried": ["submit_turn", "poll_answer"],
        "cancelled": ["submit_turn", "stop_turn"],
        "failed": ["submit_turn"],
        "streamed": ["submit_turn"],
    },
    "ResearchWorkflow": {
        "happy": ["submit_turn", *["watch_research"] * 2, "save_report"],
        "failed": ["submit_turn"],
        "planned": [
            "submit_turn",
            *["watch_research"] * 2,
            "edit_plan",
            "watch_research",
            "approve_plan",
            "watch_research",
            "save_report",
        ],
        "by_itself": ["submit_turn", *["watch_research"] * 2, "approve_plan", "watch_research", "save_report"],
        "rejected": ["submit_turn", *["watch_research"] * 2, "reject_plan", "stop_turn"],
        "cancelled_running": ["submit_turn", *["watch_research"] * 2, "stop_turn"],
    },
    "RetentionWorkflow": {
        "happy": ["remove_expired"],
    },
    "AccountCareWorkflow": {
        "happy": ["look_at_accounts", "ask_account", "ask_account"],
        "quiet": ["look_at_accounts"],
    },
}


@pytest.mark.parametrize("workflow", EXPECTED)
def test_every_scenario_is_recorded_and_holds_what_its_name_says(workflow: str) -> None:
    found = {file.stem: activities(history(file)) for file in HISTORIES if file.parent.name == workflow}

    assert found == EXPECTED[workflow]


def test_every_workflow_has_histories() -> None:
    recorded = {file.parent.name for file in HISTORIES}

    assert recorded >= {definition.__name__ for definition in WORKFLOWS.values()}


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: f"{file.parent.name}-{file.stem}")
async def test_it_replays(file: Path) -> None:
    recorded = history(file)
    assert len(recorded.events) > 10

    await build_replayer(RecordedKeys()).replay_workflow(recorded)


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: f"{file.parent.name}-{file.stem}")
async def test_a_changed_workflow_is_noticed(file: Path) -> None:
    replayer = build_replayer(RecordedKeys(), workflows=CHANGED)

    with pytest.raises(NondeterminismError):
        await replayer.replay_workflow(history(file))


@pytest.mark.parametrize(
    "file", [file for file in HISTORIES if file.parent.name == "ImageWorkflow"], ids=lambda f: f.stem
)
async def test_a_change_behind_a_patch_leaves_what_was_recorded_alone(file: Path) -> None:
    await build_replayer(RecordedKeys(), workflows=[PatchedImage]).replay_workflow(history(file))

"""Recorded histories replay against the definitions as they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.workflow import NondeterminismError

from tests.replay.changed import ChangedWorkflow
from tests.replay.keys import RecordedKeys
from workflows.temporal.replayer import build_replayer

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*/*.json"))


def history(file: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(f"recorded-{file.stem}", file.read_text())


def activities(recorded: WorkflowHistory) -> list[str]:
    return [
        event.activity_task_scheduled_event_attributes.activity_type.name
        for event in recorded.events
        if event.HasField("activity_task_scheduled_event_attributes")
    ]


def test_every_scenario_is_recorded_and_holds_what_its_name_says() -> None:
    found = {file.stem: activities(history(file)) for file in HISTORIES if file.parent.name == "ImageWorkflow"}

    assert found == {
        "happy": ["submit_turn", "poll_image", "poll_image", "poll_image", "save_artifacts"],
        "retried": ["submit_turn", "poll_image", "save_artifacts"],
        "cancelled": ["submit_turn", "stop_turn"],
        "failed": ["submit_turn"],
    }


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: f"{file.parent.name}-{file.stem}")
async def test_it_replays(file: Path) -> None:
    recorded = history(file)
    assert len(recorded.events) > 10

    await build_replayer(RecordedKeys()).replay_workflow(recorded)


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: f"{file.parent.name}-{file.stem}")
async def test_a_changed_workflow_is_noticed(file: Path) -> None:
    replayer = build_replayer(RecordedKeys(), workflows=[ChangedWorkflow])

    with pytest.raises(NondeterminismError):
        await replayer.replay_workflow(history(file))

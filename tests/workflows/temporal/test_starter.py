"""Each kind starts with the times of its own settings."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.contracts.operations import OperationKind
from core.settings import OperationSettings, load
from workflows import attributes, policies
from workflows.temporal.starter import WORKFLOWS, timings


@pytest.mark.parametrize(
    ("kind", "seconds"),
    [
        (OperationKind.IMAGE, 1),
        (OperationKind.EDIT, 1),
        (OperationKind.VISION, 2),
        (OperationKind.RESPONSE, 2),
        (OperationKind.RESEARCH, 3),
    ],
)
def test_the_wall_limit_is_that_of_the_kind(kind: OperationKind, seconds: int) -> None:
    settings = load(OperationSettings, image_limit_seconds=1, text_limit_seconds=2, research_limit_seconds=3)

    assert timings(settings, kind).limit == timedelta(seconds=seconds)


def test_heartbeat_and_longest_call_are_part_of_the_input() -> None:
    given = timings(load(OperationSettings, heartbeat_seconds=2, call_limit_seconds=30), OperationKind.EDIT)

    call, stream = policies.upstream_call(given), policies.upstream_stream(given)
    assert call["heartbeat_timeout"] == stream["heartbeat_timeout"] == timedelta(seconds=2)
    assert call["start_to_close_timeout"] == timedelta(seconds=30)
    assert stream["start_to_close_timeout"] == given.limit + timedelta(seconds=30)


@pytest.mark.parametrize("kind", list(OperationKind))
def test_every_kind_has_a_workflow_and_is_described(kind: OperationKind) -> None:
    assert WORKFLOWS[kind].__name__ == f"{kind.value.title()}Workflow"
    assert attributes.SUMMARIES[kind]
    assert len(set(attributes.SUMMARIES.values())) == len(attributes.SUMMARIES)

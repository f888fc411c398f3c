"""Replaying recorded histories against the definitions as they are now."""

from __future__ import annotations

from temporalio.worker import Replayer

from bridge.vault.blobs import PayloadBlobs
from bridge.vault.cipher import PayloadKeys
from workflows.account_care import AccountCareWorkflow
from workflows.retention import RetentionWorkflow
from workflows.temporal.codec import data_converter
from workflows.temporal.sandbox import runner
from workflows.temporal.starter import WORKFLOWS


def build_replayer(
    keys: PayloadKeys, *, blobs: PayloadBlobs | None = None, workflows: list[type] | None = None
) -> Replayer:
    """A replayer with our converter and our sandbox; `workflows` stand in for the definitions where they are given."""
    return Replayer(
        workflows=[*WORKFLOWS.values(), RetentionWorkflow, AccountCareWorkflow] if workflows is None else workflows,
        workflow_runner=runner(),
        data_converter=data_converter(keys, blobs),
    )

"""What workflow definitions run in: the same for worker, replayer and tests."""

from __future__ import annotations

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

PASSED_THROUGH = ("core.contracts", "core.errors", "activities")
"""Modules without side effects that a definition shares with its process. Loading contracts and activities anew for
every workflow would cost hundreds of milliseconds; the rest of `core` stays out, so that a read of the clock shows."""


def runner() -> SandboxedWorkflowRunner:
    """A sandbox that loads the definitions anew for each workflow, and what `PASSED_THROUGH` names never."""
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH))

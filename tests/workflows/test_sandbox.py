"""The sandbox loads workflow definitions anew for each run, and nothing heavier."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from temporalio.worker.workflow_sandbox import SandboxRestrictions
from temporalio.worker.workflow_sandbox._importer import Importer
from temporalio.worker.workflow_sandbox._restrictions import RestrictionContext

import workflows.temporal.worker  # noqa: F401  (loads whatever a worker's process has loaded)
from workflows.temporal.sandbox import runner

HEAVY = ("activities", "aiohttp", "bridge", "core.", "provider", "pydantic", "sqlalchemy", "sqlmodel", "structlog")


def loaded_anew(restrictions: SandboxRestrictions) -> set[str]:
    """The modules that a sandbox has of its own after the definition is loaded in it, as the SDK loads it."""
    importer = Importer(restrictions, RestrictionContext())
    with importer.applied():
        exec("with importer.applied():\n    from workflows.image import ImageWorkflow", {"importer": importer})
    return {name for name, module in importer.new_modules.items() if sys.modules.get(name) is not module}


def heavy(names: Iterable[str]) -> set[str]:
    return {name for name in names if name.startswith(HEAVY)}


def test_nothing_heavy_is_loaded_a_second_time() -> None:
    found = loaded_anew(runner().restrictions)

    assert heavy(found) == set()
    assert {"workflows.image", "workflows.operation", "workflows.policies"} <= found


def test_without_our_pass_through_it_would_be() -> None:
    found = loaded_anew(SandboxRestrictions.default.with_passthrough_modules("activities", "core.errors"))

    assert {"core.contracts.steps", "core.contracts.base"} <= heavy(found)

"""A research whose plan is shown to a person first."""

from __future__ import annotations

from cli.following import follow
from cli.tour.report import Report, StepFailedError
from cli.up.places import Places
from integrations.client import BridgeClient
from integrations.client.models import Operation

TITLE = "Deep Research, with a plan that waits for its approval"
_PROMPT = "How did lighthouses signal before electricity?"
_LINES = 12


def show(client: BridgeClient, places: Places, report: Report) -> None:
    """Begin a research, approve the plan it shows, wait for its report.

    Raises:
        StepFailedError: there is no plan, or no report.
    """
    report.fact("asked", _PROMPT)
    begun = client.start_research({"prompt": _PROMPT, "plan": "ask"})
    report.fact("operation", begun.id)
    report.fact("its workflow", places.workflow_url(begun.id))
    waiting = _until(client, begun.id, "waiting_for_plan")
    if waiting.plan is None or not waiting.plan.steps:
        raise StepFailedError("it shows no plan")
    report.fact("its plan", waiting.plan.title)
    for number, step in enumerate(waiting.plan.steps, 1):
        report.fact(f"  step {number}", step.text)
    client.decide_plan(begun.id, "approve")
    report.fact("approved", f"after {report.seconds():.1f} s")
    _show_report(client, _until(client, begun.id, "completed"), report)
    report.fact("took", f"{report.seconds():.1f} s")


def _until(client: BridgeClient, operation_id: str, state: str) -> Operation:
    seen = None
    for event in follow(client, operation_id, patience_seconds=30):
        seen = event.data.get("state", seen) if event.type == "state" else seen
        if seen == state:
            return client.operation(operation_id)
    raise StepFailedError(f"it ended as {seen} before it was {state}")


def _show_report(client: BridgeClient, ended: Operation, report: Report) -> None:
    if not ended.artifacts or not ended.text:
        raise StepFailedError("there is no report")
    lines = [line for line in ended.text.splitlines() if line.strip()]
    report.quote("\n".join(lines[:_LINES]))
    report.fact("", f"… {len(lines) - _LINES} more lines" if len(lines) > _LINES else None)
    for artifact in ended.artifacts:
        content, _ = client.download(artifact.download_url or "")
        report.fact(artifact.filename.rpartition(".")[2], f"{artifact.download_url} ({len(content):,} bytes)")

"""`chatgpt-api api operation`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli import output
from cli.options import ApiKey, BaseUrl, Json, connect

if TYPE_CHECKING:
    from integrations.client.models import Operation

OperationId = Annotated[str, typer.Option("--operation-id", metavar="ID", help="The operation's id.")]


def operation(
    operation_id: OperationId, base_url: BaseUrl = None, api_key: ApiKey = None, as_json: Json = False
) -> None:
    """How an operation stands."""
    with connect(base_url, api_key) as client:
        found = client.operation(operation_id)
    if as_json:
        output.data(found.as_sent())
    else:
        show(found)


def show(operation: Operation) -> None:
    """An operation as `name=value` lines."""
    output.fields(
        id=operation.id,
        kind=operation.kind,
        state=operation.state,
        account=operation.account,
        model=operation.model,
        conversation_id=operation.conversation_id,
        created_at=_time(operation.created_at),
        started_at=_time(operation.started_at),
        finished_at=_time(operation.finished_at),
        stale=operation.stale,
        cancel_requested=operation.cancel_requested,
        completed=operation.completed,
        last_cancel_result=json.dumps(operation.last_cancel_result) if operation.last_cancel_result else None,
        last_cancel_error=operation.last_cancel_error,
    )
    if operation.error is not None:
        error = operation.error
        output.fields(error=error.code, error_message=error.message, what_to_do=error.action)
    _show_work(operation)
    for number, artifact in enumerate(operation.artifacts):
        output.fields(**{f"artifact[{number}]": artifact.download_url or artifact.file_id})
    if operation.text:
        output.result(f"\n{operation.text}")


def _show_work(operation: Operation) -> None:
    """What it does, why it waits, what it plans, and what it is related to."""
    if operation.progress is not None:
        made = operation.progress
        count = f" ({made.done} of {made.total})" if made.total else ""
        output.fields(progress=f"{made.message or made.phase}{count}")
    for skip in operation.skipped:
        until = f", until {_time(skip.until)}" if skip.until else ""
        name = "waits_because" if skip.account is None else f"waits_because[{skip.account}]"
        output.fields(**{name: f"{skip.text or skip.reason} ({skip.reason}{until})"})
    if operation.plan is not None:
        plan = operation.plan
        output.fields(plan=plan.title, plan_decision=plan.decision or "waiting", plan_until=_time(plan.until))
        for number, step in enumerate(plan.steps, 1):
            output.fields(**{f"plan[{number}]": f"{step.text}" + (f" ({step.status})" if step.status else "")})
    output.fields(rerun_of=operation.rerun_of, reruns=operation.reruns or None, lead=operation.lead)
    for number, member in enumerate(operation.members):
        output.fields(**{f"member[{number}]": f"{member.id} ({member.state})"})


def _time(seconds: float | None) -> str | None:
    return datetime.fromtimestamp(seconds, tz=UTC).isoformat(timespec="milliseconds") if seconds else None

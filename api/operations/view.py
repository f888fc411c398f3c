"""An operation as clients see it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from api.errors import error_object
from api.links import Links
from bridge.chat.running import RunningChat
from bridge.routing.reasons import clause
from core.contracts.artifacts import Artifact
from core.contracts.operations import OperationEvent, OperationKind, OperationRecord, SkippedAccount
from core.contracts.research import ResearchFacts, ResearchPlan


def envelope(record: OperationRecord, links: Links, **more: Any) -> dict[str, Any]:
    """What every operation route answers with."""
    return {"object": "chatgpt.operation", "operation": {**view(record, links), **more}}


def view(record: OperationRecord, links: Links) -> dict[str, Any]:
    """One operation; times are Unix seconds.

    Args:
        links: of the downloads; they are built anew for every reader.
    """
    return {
        "id": record.id,
        "object": "chatgpt.operation",
        "kind": record.kind.value,
        "state": record.state.value,
        "model": record.model,
        "account": record.account,
        "provider_selected": record.account is not None,
        "route": record.route or None,
        "conversation_id": record.conversation_id,
        **_research(record),
        "cancel_requested": record.cancel_requested,
        "completed": record.state.terminal,
        "last_cancel_result": _cancel_result(record),
        "last_cancel_error": record.last_cancel_error,
        "created_at": seconds(record.created_at),
        "started_at": seconds(record.started_at),
        "finished_at": seconds(record.finished_at),
        "progress": record.progress.model_dump(mode="json") if record.progress else None,
        "skipped": [_skip_view(skip) for skip in record.skipped],
        "plan": plan_view(record.research.plan) if record.research and record.research.plan else None,
        "artifacts": [artifact_view(artifact, links) for artifact in record.artifacts],
        "text": record.text,
        "quota": record.quota,
        "rerun_of": record.rerun_of,
        "reruns": list(record.reruns),
        "lead": record.lead,
        "members": [
            {"id": member.id, "state": member.state.value, "completed": member.state.terminal}
            for member in record.members
        ],
        "error": error_object(record.failure) if record.failure else None,
        "attempts": record.attempts,
        "last_event": record.last_event,
        "detached": record.detached,
    }


def chat_view(chat: RunningChat) -> dict[str, Any]:
    """A chat that runs, in the same words."""
    conversation_id = chat.run.conversation_id
    return {
        "object": "chatgpt.operation",
        "operation": {
            "id": chat.id,
            "object": "chatgpt.operation",
            "kind": "chat",
            "state": chat.state,
            "model": chat.model,
            "account": chat.run.account,
            "provider_selected": chat.run.account is not None,
            "route": chat.run.route or None,
            "conversation_id": conversation_id,
            **_NO_RESEARCH,
            "cancel_requested": chat.cancel_requested,
            "completed": False,
            "last_cancel_result": chat.last_cancel_result,
            "last_cancel_error": None,
            "created_at": seconds(chat.created_at),
            "started_at": seconds(chat.created_at),
            "finished_at": None,
            "progress": None,
            "skipped": [],
            "plan": None,
            "artifacts": [],
            "text": None,
            "quota": None,
            "rerun_of": None,
            "reruns": [],
            "lead": None,
            "members": [],
            "error": None,
            "attempts": len(chat.run.attempts) + 1,
            "last_event": 0,
            "detached": False,
            "stale": False,
        },
    }


def event_view(event: OperationEvent) -> dict[str, Any]:
    """One event of an operation's log; `data` is as it was logged, with its times in ISO 8601."""
    return {
        "object": "chatgpt.operation.event",
        "operation_id": event.operation_id,
        "number": event.number,
        "type": event.type,
        "at": seconds(event.at),
        "data": event.data,
    }


def seconds(moment: datetime | None) -> float | None:
    """A time as Unix seconds, to the millisecond."""
    return None if moment is None else round(moment.timestamp(), 3)


_NO_RESEARCH: dict[str, Any] = {
    "deep_research_message_id": None,
    "deep_research_session_id": None,
    "deep_research_ready": False,
    "pending_reason": None,
}
"""What only research has; readers of every kind find the same keys."""


def _research(record: OperationRecord) -> dict[str, Any]:
    if record.kind is not OperationKind.RESEARCH:
        return _NO_RESEARCH
    facts = record.research or ResearchFacts()
    session_id = facts.widget_session_id or facts.session_id
    ready = None not in (record.conversation_id, facts.message_id, session_id)
    return {
        "deep_research_message_id": facts.message_id,
        "deep_research_session_id": session_id,
        "deep_research_ready": ready,
        "pending_reason": None if ready or record.state.terminal else _missing(record),
    }


def _missing(record: OperationRecord) -> str:
    """The first of the things that a research cannot be reached without."""
    if record.account is None:
        return "provider_not_selected"
    return "deep_research_session_not_available" if record.conversation_id else "conversation_id_not_available"


def _cancel_result(record: OperationRecord) -> dict[str, Any] | None:
    """What the last cancel did upstream, or what it waits for."""
    kept = record.last_cancel_result
    if kept is None:
        if not record.cancel_requested or record.conversation_id:
            return None
        return {"pending": "conversation_id_not_available" if record.account else "provider_not_selected"}
    told = {"deep_research" if name == "research" else name: value for name, value in kept.items()}
    if record.kind is OperationKind.RESEARCH and "conversation" in told and "deep_research" not in told:
        told["deep_research_pending"] = "widget_session_id_not_available"
    return told


def _skip_view(skip: SkippedAccount) -> dict[str, Any]:
    return {
        "account": skip.account or None,
        "reason": skip.reason,
        "until": seconds(skip.until),
        "text": clause(skip),
    }


def plan_view(plan: ResearchPlan) -> dict[str, Any]:
    return {**plan.model_dump(mode="json"), "until": seconds(plan.until)}


def artifact_view(artifact: Artifact, links: Links) -> dict[str, Any]:
    return {
        "file_id": artifact.file_id,
        "kind": artifact.kind,
        "path": artifact.path,
        "filename": artifact.filename,
        "download_url": links.of(artifact),
        "content_type": artifact.content_type,
        "bytes": artifact.size_bytes,
        "sha256": artifact.sha256,
        "width": artifact.width,
        "height": artifact.height,
        "account": artifact.account,
        "created_at": seconds(artifact.created_at),
    }

"""An operation as clients see it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from api.errors import error_object
from bridge.chat.running import RunningChat
from bridge.files.links import download_url
from core.contracts.artifacts import Artifact
from core.contracts.operations import OperationRecord

_RESEARCH: dict[str, Any] = {
    "deep_research_message_id": None,
    "deep_research_session_id": None,
    "deep_research_ready": False,
    "pending_reason": None,
}
"""What only research has; readers of every kind find the same keys."""


def envelope(record: OperationRecord, base: str, **more: Any) -> dict[str, Any]:
    """What every operation route answers with."""
    return {"object": "chatgpt.operation", "operation": {**view(record, base), **more}}


def view(record: OperationRecord, base: str) -> dict[str, Any]:
    """One operation; times are Unix seconds.

    Args:
        base: what download links begin with; they are built anew for every reader.
    """
    return {
        "id": record.id,
        "object": "chatgpt.operation",
        "kind": record.kind.value,
        "state": record.state.value,
        "model": record.model,
        "account": record.account,
        "provider_selected": record.account is not None,
        "conversation_id": record.conversation_id,
        **_RESEARCH,
        "cancel_requested": record.cancel_requested,
        "completed": record.state.terminal,
        "last_cancel_result": record.last_cancel_result,
        "last_cancel_error": record.last_cancel_error,
        "created_at": seconds(record.created_at),
        "started_at": seconds(record.started_at),
        "finished_at": seconds(record.finished_at),
        "progress": record.progress.model_dump(mode="json") if record.progress else None,
        "skipped": [
            {"account": skip.account, "reason": skip.reason, "until": seconds(skip.until)} for skip in record.skipped
        ],
        "artifacts": [_artifact(artifact, base) for artifact in record.artifacts],
        "error": error_object(record.failure) if record.failure else None,
        "attempts": record.attempts,
        "last_event": record.last_event,
        "detached": record.detached,
    }


def chat_view(chat: RunningChat) -> dict[str, Any]:
    """A chat that runs, in the same words."""
    conversation_id = chat.run.progress.conversation_id
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
            "conversation_id": conversation_id,
            **_RESEARCH,
            "cancel_requested": chat.cancel_requested,
            "completed": False,
            "last_cancel_result": chat.last_cancel_result,
            "last_cancel_error": None,
            "created_at": seconds(chat.created_at),
            "started_at": seconds(chat.created_at),
            "finished_at": None,
            "progress": None,
            "skipped": [],
            "artifacts": [],
            "error": None,
            "attempts": len(chat.run.attempts) + 1,
            "last_event": 0,
            "detached": False,
        },
    }


def seconds(moment: datetime | None) -> float | None:
    """A time as Unix seconds, to the millisecond."""
    return None if moment is None else round(moment.timestamp(), 3)


def _artifact(artifact: Artifact, base: str) -> dict[str, Any]:
    return {
        "file_id": artifact.file_id,
        "kind": artifact.kind,
        "path": artifact.path,
        "filename": artifact.filename,
        "download_url": download_url(base, artifact),
        "content_type": artifact.content_type,
        "bytes": artifact.size_bytes,
        "sha256": artifact.sha256,
        "width": artifact.width,
        "height": artifact.height,
        "account": artifact.account,
        "created_at": seconds(artifact.created_at),
    }

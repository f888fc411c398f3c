"""The older routes of kept files."""

from __future__ import annotations

from typing import Any

from api.links import Links
from api.services import Services
from bridge.files.kept import KeptFile
from bridge.keys.grant import Grant
from core.contracts.artifacts import Artifact

USUAL, MOST = 100, 500


async def listed(services: Services, links: Links, limit: str | None) -> dict[str, Any]:
    """The newest files, at most 500; what is no number counts as 100."""
    most = int(limit) if limit is not None and limit.isascii() and limit.isdecimal() else USUAL
    found = await services.bridge.kept_files.newest(min(max(most, 1), MOST))
    return {"object": "chatgpt.admin.artifacts", "artifacts": [_shown(file, links) for file in found]}


async def delete(services: Services, grant: Grant, file_id: str, *, file: bool) -> dict[str, Any]:
    """Forget a file; with `file` its bytes go too, also those of a file that was forgotten before.

    Raises:
        NotFoundError: there is none of that id.
    """
    gone = await services.bridge.kept_files.remove(file_id, file=file, actor=grant.actor)
    return {
        "object": "chatgpt.admin.artifact_delete",
        "ok": True,
        "file_id": file_id,
        "deleted": {"metadata": gone.artifact is not None, "file": gone.file},
        "artifact": None if gone.artifact is None else _named(gone.artifact),
        "path": None if gone.path is None else str(gone.path),
    }


def _named(artifact: Artifact) -> dict[str, Any]:
    return {"filename": artifact.filename, "kind": artifact.kind, "bytes": artifact.size_bytes}


def _shown(file: KeptFile, links: Links) -> dict[str, Any]:
    artifact = file.artifact
    return {
        "file_id": artifact.file_id,
        "kind": artifact.kind,
        "filename": artifact.filename,
        "path": str(file.path),
        "download_url": links.of(artifact),
        "content_type": artifact.content_type,
        "bytes": artifact.size_bytes,
        "account": artifact.account,
        "operation_id": artifact.operation_id,
        "owner": file.owner,
        "prompt": file.prompt,
        "metadata": dict(file.facts or {}),
        "created_at": artifact.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "exists": True,
    }

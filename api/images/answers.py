"""Finished pictures as an answer."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

from api.images.groups import failures, group_of
from api.links import Links
from api.services import Services
from core.contracts.artifacts import Artifact
from core.contracts.operations import OperationRecord, OperationState


async def image_answer(services: Services, record: OperationRecord, links: Links) -> dict[str, Any]:
    """The answer of a completed operation, in the format that its request asked for; one that leads others answers
    with all that they made, and says which of them made nothing.

    Raises:
        GoneError, NotFoundError: the picture is asked for as bytes, and its file is not there any more.
    """
    group = await group_of(services, record)
    made = [one for one in group if one.state is OperationState.COMPLETED]
    missing = failures(group)
    ended = [one.finished_at for one in made if one.finished_at is not None]
    return {
        "created": int(max(ended, default=record.created_at).timestamp()),
        "model": record.model,
        "data": [await _picture(services, one, artifact, links) for one in made for artifact in one.artifacts],
        "chatgpt_account": record.account,
        "chatgpt_operation_id": record.id,
        **({"chatgpt_failed": missing} if missing else {}),
    }


async def _picture(services: Services, operation: OperationRecord, artifact: Artifact, links: Links) -> dict[str, Any]:
    url = links.of(artifact)
    if operation.request.get("response_format") == "b64_json":
        shown = {"b64_json": await encoded(services, artifact.file_id)}
    else:
        shown = {"url": url}
    return {
        **shown,
        "download_url": url,
        "file_id": artifact.file_id,
        "filename": artifact.filename,
        "path": str(services.settings.storage.artifacts_dir / artifact.path),
        "content_type": artifact.content_type,
        "chatgpt_account": operation.account,
        "chatgpt_operation_id": operation.id,
    }


async def encoded(services: Services, file_id: str) -> str:
    """A kept picture in base64.

    Raises:
        GoneError, NotFoundError: it is not there any more.
    """
    _, path = await services.bridge.artifacts.get(file_id)
    content = await asyncio.to_thread(path.read_bytes)
    return base64.b64encode(content).decode("ascii")

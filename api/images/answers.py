"""Finished pictures as an answer."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from typing import Any

from api.images.groups import failures, group_of
from api.links import Links
from api.services import Services
from bridge.operations.turns import messages_of
from bridge.usage import tokens
from bridge.usage.pictures import PictureUsage, pictures
from core.contracts.artifacts import Artifact
from core.contracts.images import ImageRequest
from core.contracts.operations import OperationRecord, OperationState
from core.errors import GoneError

SIZES = ("1024x1024", "1024x1536", "1536x1024")
"""The sizes that the vendor's schema can name; `width` and `height` beside them are always true."""


async def image_answer(services: Services, record: OperationRecord, links: Links) -> dict[str, Any]:
    """The answer of a completed operation, in the format that its request asked for; one that leads others answers
    with all that they made, and says which of them made nothing.

    Raises:
        GoneError, NotFoundError: the picture is asked for as bytes, and its file is not there any more.
    """
    group = await group_of(services, record)
    made = [one for one in group if one.state is OperationState.COMPLETED]
    if not made:
        raise GoneError("The picture was removed.")
    missing = failures(group)
    ended = [one.finished_at for one in made if one.finished_at is not None]
    return {
        "created": int(max(ended, default=record.created_at).timestamp()),
        "model": record.model,
        "data": [await _picture(services, one, artifact, links) for one in made for artifact in one.artifacts],
        **facts(made[0]),
        "usage": await usage(made),
        "chatgpt_account": record.account,
        "chatgpt_operation_id": record.id,
        **({"chatgpt_failed": missing} if missing else {}),
    }


def facts(record: OperationRecord) -> dict[str, str]:
    """What a picture of a completed operation is, and what was asked of it."""
    request = ImageRequest.model_validate(record.request)
    told = {name: value for name in ("background", "quality") if (value := getattr(request, name)) != "auto"}
    for artifact in record.artifacts[:1]:
        told["output_format"] = artifact.content_type.removeprefix("image/")
        size = f"{artifact.width}x{artifact.height}"
        told |= {"size": size} if size in SIZES else {}
    return told


async def usage(made: Sequence[OperationRecord]) -> dict[str, Any]:
    """What completed operations used, by estimate: upstream counts nothing."""
    await tokens.ready()
    counted = sum((_counted(one) for one in made), PictureUsage())
    return {
        "input_tokens": counted.text + counted.images,
        "input_tokens_details": {"text_tokens": counted.text, "image_tokens": counted.images},
        "output_tokens": counted.made,
        "output_tokens_details": {"text_tokens": 0, "image_tokens": counted.made},
        "total_tokens": counted.total,
        "estimated": True,
    }


def _counted(record: OperationRecord) -> PictureUsage:
    sizes = [(artifact.width, artifact.height) for artifact in record.artifacts]
    return pictures(messages_of(record.kind, record.request), sizes, str(record.request.get("quality", "auto")))


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
        "width": artifact.width,
        "height": artifact.height,
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

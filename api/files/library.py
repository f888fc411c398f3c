"""`/v1/files`: what clients uploaded and what their work made, as OpenAI's clients list it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api.dependencies import GrantDep, ServicesDep
from api.files.answering import FileFacts, answer_file
from api.files.receiving import receive_file
from api.files.schemas import MOST_LISTED
from bridge.files.library import PREFIX
from core.contracts.files import FileRecord

ROUTE = "/v1/files"

router = APIRouter(prefix=ROUTE, tags=["files"])


@router.post("")
async def upload_file(request: Request, services: ServicesDep) -> dict[str, Any]:
    """Keep a file: a form with `file`, `purpose` and perhaps `expires_after[anchor]` and `expires_after[seconds]`."""
    return view(await receive_file(services, request.scope, request.receive))


@router.get("")
async def list_files(
    services: ServicesDep,
    grant: GrantDep,
    *,
    purpose: str | None = None,
    after: str | None = None,
    limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = MOST_LISTED,
    order: Literal["asc", "desc"] = "desc",
) -> dict[str, Any]:
    """Files by the time they came, newest first.

    Args:
        purpose: only those that are for this.
        after: id of the last file of the page before.
    """
    page = await services.bridge.library.page(grant.owner, purpose=purpose, after=after, limit=limit, order=order)
    shown = [view(record) for record in page.items]
    return {
        "object": "list",
        "data": shown,
        "first_id": shown[0]["id"] if shown else "",
        "last_id": shown[-1]["id"] if shown else "",
        "has_more": page.has_more,
    }


@router.get("/{file_id}")
async def retrieve_file(file_id: str, services: ServicesDep, grant: GrantDep) -> dict[str, Any]:
    """What is known of a file."""
    return view(await services.bridge.library.get(file_id, grant.sees))


@router.get("/{file_id}/content", response_class=Response)
async def retrieve_content(file_id: str, request: Request, services: ServicesDep, grant: GrantDep) -> Response:
    """A file's bytes, whole or one range of them."""
    record = await services.bridge.library.get(file_id, grant.sees)
    path = await services.bridge.library.locate(record)
    facts = FileFacts(record.filename, record.content_type, record.size_bytes, record.sha256, inline=False)
    return answer_file(request, path, facts)


@router.delete("/{file_id}")
async def delete_file(file_id: str, services: ServicesDep, grant: GrantDep) -> dict[str, Any]:
    """Remove a file and its bytes. What operations took of it before stays theirs."""
    removed = await services.bridge.library.remove(file_id, grant.sees, actor=grant.actor)
    return {"id": f"{PREFIX}{removed.file_id}", "object": "file", "deleted": True}


def view(record: FileRecord) -> dict[str, Any]:
    """A file as OpenAI has them, and what else is known of it."""
    shown = {
        "id": f"{PREFIX}{record.file_id}",
        "object": "file",
        "bytes": record.size_bytes,
        "created_at": int(record.created_at.timestamp()),
        "filename": record.filename,
        "purpose": record.purpose,
        "status": "processed",
        "content_type": record.content_type,
        "sha256": record.sha256,
        "chatgpt_origin": record.origin,
    }
    if record.expires_at is not None:
        shown["expires_at"] = int(record.expires_at.timestamp())
    if record.operation_id is not None:
        shown["chatgpt_operation_id"] = record.operation_id
    return shown

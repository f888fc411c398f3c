"""`/v1/chatgpt/files`: downloads, by the key that made them or by a link that was signed for them."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.auth import GRANT
from api.dependencies import ServicesDep
from api.files.answering import FileFacts, answer_file
from api.links import opens_plain
from api.services import Services
from bridge.keys.grant import Grant
from core.errors import MissingKeyError, NotFoundError

router = APIRouter(prefix="/v1/chatgpt/files", tags=["files"])


@router.get("/{file_id}", response_class=Response)
@router.get("/{file_id}/{filename}", response_class=Response)
async def download(request: Request, services: ServicesDep, file_id: str, filename: str = "") -> Response:
    """A kept file, whole or one range of it; the name in the path is for people."""
    await _require_right(request, services, file_id)
    artifact, path = await services.bridge.artifacts.get(file_id)
    facts = FileFacts(artifact.filename, artifact.content_type, artifact.size_bytes, artifact.sha256)
    return answer_file(request, path, facts)


async def _require_right(request: Request, services: Services, file_id: str) -> None:
    """See that this request may read the file.

    Raises:
        LinkExpiredError: its link was right once.
        MissingKeyError: it brings neither a key nor a link that was signed for this file.
        NotFoundError: the file is another key's.
    """
    if opens_plain(request.scope, services.settings.server) or services.signer.opens(file_id, request.query_params):
        return
    grant: Grant | None = request.scope[GRANT]
    if grant is None:
        raise MissingKeyError("A download needs the API key, or a link that was signed for it.")
    if grant.sees is not None and await services.bridge.artifacts.owner(file_id) != grant.sees:
        raise NotFoundError("There is no file of this id.", param="file_id")

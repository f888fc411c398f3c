"""`/v1/chatgpt/files`: downloads, by the key that made them or by a link that was signed for them."""

from __future__ import annotations

import re
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.auth import GRANT
from api.dependencies import ServicesDep
from api.errors import answer_to
from api.files.ranges import UnsatisfiableRange, matches, wanted
from api.files.sending import FileAnswer
from api.links import opens_plain
from api.services import Services
from bridge.keys.grant import Grant
from core.contracts.artifacts import Artifact
from core.errors import InvalidRequestError, MissingKeyError, NotFoundError

router = APIRouter(prefix="/v1/chatgpt/files", tags=["files"])

_PLAIN = re.compile(r"[^A-Za-z0-9._-]")


@router.get("/{file_id}", response_class=Response)
@router.get("/{file_id}/{filename}", response_class=Response)
async def download(request: Request, services: ServicesDep, file_id: str, filename: str = "") -> Response:
    """A kept file, whole or one range of it; the name in the path is for people."""
    await _require_right(request, services, file_id)
    artifact, path = await services.bridge.artifacts.get(file_id)
    headers = _headers(artifact)
    if matches(request.headers.get("if-none-match"), headers["etag"]):
        return Response(status_code=304, headers={name: headers[name] for name in ("etag", "cache-control")})
    size = artifact.size_bytes
    unchanged = request.headers.get("if-range", headers["etag"]) == headers["etag"]
    try:
        found = wanted(request.headers.get("range") if unchanged else None, size)
    except UnsatisfiableRange:
        return _unsatisfiable(size)
    if found is None:
        return FileAnswer(path, first=0, end=size, status=200, headers=headers)
    headers["content-range"] = f"bytes {found[0]}-{found[1] - 1}/{size}"
    return FileAnswer(path, first=found[0], end=found[1], status=206, headers=headers)


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


def _headers(artifact: Artifact) -> dict[str, str]:
    plain = _PLAIN.sub("_", artifact.filename).strip("._") or "download"
    full = quote(artifact.filename, safe="")
    return {
        "content-type": artifact.content_type,
        "cache-control": "private, max-age=31536000",
        "etag": f'"{artifact.sha256}"',
        "accept-ranges": "bytes",
        "access-control-allow-origin": "*",
        "x-content-type-options": "nosniff",
        "content-disposition": f"inline; filename=\"{plain}\"; filename*=UTF-8''{full}",
    }


def _unsatisfiable(size: int) -> Response:
    error = InvalidRequestError(f"The file has {size} bytes; the range begins behind them.", param="Range")
    response = answer_to(error, status=416).response()
    response.headers["content-range"] = f"bytes */{size}"
    return response

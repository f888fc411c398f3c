"""A kept file as an answer: all of it, a range, or nothing where the client has it already."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from api.errors import answer_to
from api.files.ranges import UnsatisfiableRange, matches, wanted
from api.files.sending import FileAnswer
from core.errors import InvalidRequestError

_PLAIN = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What an answer says of a file. `inline`: a browser may show it instead of saving it."""

    filename: str
    content_type: str
    size_bytes: int
    sha256: str
    inline: bool = True


def answer_file(request: Request, path: Path, facts: FileFacts) -> Response:
    """The file, or the range of it that was asked for."""
    headers = _headers(facts)
    if matches(request.headers.get("if-none-match"), headers["etag"]):
        return Response(status_code=304, headers={name: headers[name] for name in ("etag", "cache-control")})
    size = facts.size_bytes
    unchanged = request.headers.get("if-range", headers["etag"]) == headers["etag"]
    try:
        found = wanted(request.headers.get("range") if unchanged else None, size)
    except UnsatisfiableRange:
        return _unsatisfiable(size)
    if found is None:
        return FileAnswer(path, first=0, end=size, status=200, headers=headers)
    headers["content-range"] = f"bytes {found[0]}-{found[1] - 1}/{size}"
    return FileAnswer(path, first=found[0], end=found[1], status=206, headers=headers)


def _headers(facts: FileFacts) -> dict[str, str]:
    plain = _PLAIN.sub("_", facts.filename).strip("._") or "download"
    full = quote(facts.filename, safe="")
    shown = "inline" if facts.inline else "attachment"
    return {
        "content-type": facts.content_type,
        "cache-control": "private, max-age=31536000",
        "etag": f'"{facts.sha256}"',
        "accept-ranges": "bytes",
        "access-control-allow-origin": "*",
        "x-content-type-options": "nosniff",
        "content-disposition": f"{shown}; filename=\"{plain}\"; filename*=UTF-8''{full}",
    }


def _unsatisfiable(size: int) -> Response:
    error = InvalidRequestError(f"The file has {size} bytes; the range begins behind them.", param="Range")
    response = answer_to(error, status=416).response()
    response.headers["content-range"] = f"bytes */{size}"
    return response

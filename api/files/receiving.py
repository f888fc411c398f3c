"""A file that a client uploads: on the disk as it comes, in memory a piece at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from api.caller import grant_of
from api.files.schemas import terms_of
from api.multipart import FormStream, Part, boundary_of
from api.services import Services
from bridge.files.drafts import Draft
from bridge.keys.grant import Grant
from core.contracts.files import FileRecord
from core.contracts.keys import AccessScope
from core.errors import InvalidRequestError, UnsupportedMediaTypeError

_FILE = "file"
_USERS = (AccessScope.CHAT, AccessScope.IMAGES, AccessScope.RESEARCH)
_MOST_FIELDS_BYTES = 64 * 1024
BESIDE_BYTES = 2 * _MOST_FIELDS_BYTES
"""What a form may have beside its file's bytes."""


async def receive_file(services: Services, scope: Scope, receive: Receive) -> FileRecord:
    """Take a form with a file, and keep that.

    Raises:
        UnsupportedMediaTypeError: it is no form.
        MissingScopeError: the key begins no work that could use a file.
        InvalidRequestError: it is malformed, or says something wrong; `param` names the field.
        RequestTooLargeError, FileQuotaError: there is no room for the file.
        ClientDisconnect: the client left before its end.
    """
    headers = Headers(scope=scope)
    boundary = boundary_of(headers.get("content-type", ""))
    if boundary is None or headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedMediaTypeError("The form must be multipart/form-data with a boundary, and not compressed.")
    _require_use(grant_of(scope))
    uploaded = services.bridge.uploaded
    async with uploaded.draft() as draft:
        terms = terms_of(await _received(receive, boundary, draft))
        if not draft.size_bytes:
            raise InvalidRequestError("`file` is empty.", param=_FILE)
        record: FileRecord = await uploaded.keep(draft, grant_of(scope).owner, terms)
        return record


def _require_use(grant: Grant) -> None:
    if not grant.allows(*_USERS):
        grant.require(AccessScope.CHAT)


async def _received(receive: Receive, boundary: bytes, draft: Draft) -> tuple[Part, ...]:
    form = FormStream(boundary, file_field=_FILE, most_bytes=_MOST_FIELDS_BYTES)
    async for chunk in _chunks(receive):
        if pieces := form.feed(chunk):
            await draft.write(pieces, param=_FILE)
    return form.close()


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        more = message.get("more_body", False)
        yield message.get("body", b"")

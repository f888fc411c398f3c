"""What a client says of a file that it uploads, and which files it lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field

from api.multipart import Part
from api.validation import Request, validated
from bridge.files.names import file_name
from core.contracts.files import FileTerms, UploadPurpose
from core.errors import InvalidRequestError

PURPOSES: tuple[str, ...] = get_args(UploadPurpose)

MOST_LISTED = 10_000

_SHORTEST_SECONDS = 3600
_LONGEST_SECONDS = 2_592_000


def _purpose(value: str) -> str:
    if value not in PURPOSES:
        raise ValueError(f"must be one of {', '.join(PURPOSES)}")
    return value


class ExpiresAfter(Request):
    """When a file goes by itself."""

    anchor: Literal["created_at"]
    seconds: Annotated[int, Field(ge=_SHORTEST_SECONDS, le=_LONGEST_SECONDS)]


class UploadBody(Request):
    """The fields of a form beside its file."""

    purpose: Annotated[str, AfterValidator(_purpose)]
    expires_after: ExpiresAfter | None = None


def terms_of(parts: Sequence[Part]) -> FileTerms:
    """What the parts of an upload's form say of its file.

    Raises:
        InvalidRequestError: `param` names the field that is missing, wrong, or there twice.
    """
    files = [part for part in parts if part.filename is not None]
    if [part.name for part in files] != ["file"]:
        raise InvalidRequestError("`file`: give one file.", param="file")
    body = validated(UploadBody, _fields(parts))
    (file,) = files
    return FileTerms.model_validate(
        {
            "purpose": body.purpose,
            "filename": file_name(file.filename or ""),
            "content_type": file.content_type,
            "expires_seconds": body.expires_after.seconds if body.expires_after else None,
        }
    )


def _fields(parts: Sequence[Part]) -> dict[str, Any]:
    """A form's fields as JSON would have them: `a[b]` is the field `b` of the object `a`."""
    body: dict[str, Any] = {}
    for part in parts:
        if part.filename is None:
            name, bracket, inner = part.name.partition("[")
            if bracket:
                inside = body.setdefault(name, {})
                if isinstance(inside, dict):
                    inside[inner.removesuffix("]")] = _number(part.text)
            else:
                body[name] = part.text
    return body


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else text

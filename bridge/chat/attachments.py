"""Pictures and documents inside a message: what names them becomes checked bytes."""

from __future__ import annotations

import asyncio
import mimetypes
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any, Literal

from bridge.files import images
from bridge.files.references import Caller, Given, References
from core.errors import InvalidImageError, InvalidRequestError, UnsupportedParameterError

_UNFIT = re.compile(r"[^\w.() -]+")
_LONGEST_NAME = 120
_ANY = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that a client sent with a message.

    Attributes:
        content: its bytes; empty until it is loaded and checked.
        param: the part of the request it came in.
        kind: a `picture` is looked at by the model, a `document` is read by it.
        name: a plain file name; a picture's comes from its number and its type.
        source: what the client named, until it is loaded.
    """

    content: bytes = field(repr=False)
    param: str
    kind: Literal["picture", "document"] = "picture"
    name: str = "image"
    mime_type: str = ""
    source: Any = field(default=None, repr=False)


def picture(part: Mapping[str, Any], param: str) -> Attachment:
    """The picture that a content part refers to; nothing is loaded yet.

    Raises:
        InvalidRequestError: the part has no reference.
    """
    url = part.get("image_url") or part.get("url") or part.get("image")
    if isinstance(url, dict):
        url = url.get("url")
    source = url if isinstance(url, str) else _stored(part)
    if source is None or not str(source).strip():
        raise InvalidRequestError(f"`{param}` has no picture.", param=param)
    return Attachment(b"", param, source=source)


def document(part: Mapping[str, Any], param: str) -> Attachment:
    """The document that a content part refers to, nested (`file`) or flat; nothing is loaded yet.

    Raises:
        InvalidRequestError: the part has no reference.
        UnsupportedParameterError: it is an address, which is not fetched for documents.
    """
    inner = part.get("file")
    holder: Mapping[str, Any] = inner if isinstance(inner, Mapping) else part
    data, name = holder.get("file_data"), holder.get("filename")
    if holder.get("file_url"):
        raise UnsupportedParameterError("Documents are not fetched from addresses.", param=f"{param}.file_url")
    source = {"data": data} if isinstance(data, str) and data.strip() else _stored(holder)
    if source is None:
        raise InvalidRequestError(f"`{param}` has neither `file_data` nor `file_id`.", param=param)
    return Attachment(b"", param, "document", name if isinstance(name, str) else "", source=source)


async def loaded(given: Sequence[Attachment], references: References, caller: Caller) -> tuple[Attachment, ...]:
    """The attachments with their bytes and types, in their order.

    Raises:
        CallerError: one cannot be had, or is no picture though it has to be; `param` names it.
    """
    found = await references.load_all([Given(one.param, one.source) for one in given], caller)
    checked = []
    for number, (one, had) in enumerate(zip(given, found, strict=True), start=1):
        filled = replace(one, content=had.content, name=one.name if one.kind == "picture" else one.name or had.name)
        checked.append(await _checked(replace(filled, source=None), number))
    return tuple(checked)


async def _checked(one: Attachment, number: int) -> Attachment:
    try:
        seen = await asyncio.to_thread(images.look, one.content)
    except images.NoPictureError as problem:
        if one.kind == "picture":
            raise InvalidImageError(f"`{one.param}`: {problem}", param=one.param) from None
        return _named(one, number)
    if one.kind == "picture":
        return replace(one, name=f"image-{number}.{seen.extension}", mime_type=seen.content_type)
    # Sent as a document, and a picture all the same: upstream looks at pictures only where they are said to be some.
    return replace(one, kind="picture", name=f"image-{number}.{seen.extension}", mime_type=seen.content_type)


def _named(one: Attachment, number: int) -> Attachment:
    """A document by the client's name for it, and the type that its name or its first bytes show."""
    last = re.split(r"[\\/]", one.name.strip())[-1]
    name = _UNFIT.sub("_", last).strip(". _")[-_LONGEST_NAME:]
    known = mimetypes.guess_type(name)[0]
    if known is None:
        known = "application/pdf" if one.content.startswith(b"%PDF-") else "text/plain" if _is_text(one) else _ANY
    if not PurePosixPath(name).suffix:
        name = f"{name or f'document-{number}'}{mimetypes.guess_extension(known) or '.bin'}"
    return replace(one, name=name, mime_type=known)


def _is_text(one: Attachment) -> bool:
    try:
        text = one.content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return "\0" not in text


def _stored(part: Mapping[str, Any]) -> dict[str, Any] | None:
    """A file of ours that a part names by its id."""
    return {"file_id": part["file_id"]} if part.get("file_id") else None

"""Pictures inside a message: what names them becomes checked bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bridge.files import images
from bridge.files.references import Caller, Given, References
from core.errors import InvalidImageError, InvalidRequestError


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that a client sent; `param` names the part it came in. Until it is loaded and checked there is only its
    `source`, which is what the client named."""

    content: bytes = field(repr=False)
    param: str
    name: str = "image"
    mime_type: str = ""
    source: Any = field(default=None, repr=False)


def reference(part: dict[str, Any], param: str) -> Picture:
    """The picture that a content part refers to; nothing is loaded yet.

    Raises:
        InvalidRequestError: the part has no reference.
    """
    url = part.get("image_url") or part.get("url") or part.get("image")
    if isinstance(url, dict):
        url = url.get("url")
    source = url if isinstance(url, str) else _file(part)
    if source is None or not str(source).strip():
        raise InvalidRequestError(f"`{param}` has no picture.", param=param)
    return Picture(b"", param, source=source)


async def loaded(pictures: Sequence[Picture], references: References, caller: Caller) -> tuple[Picture, ...]:
    """The pictures with their bytes and the type that those have, named by their numbers.

    Raises:
        CallerError: one cannot be had, or is no picture; `param` names it.
    """
    found = await references.load_all([Given(picture.param, picture.source) for picture in pictures], caller)
    return tuple(
        [
            await _checked(replace(picture, content=one.content, source=None), number)
            for number, (picture, one) in enumerate(zip(pictures, found, strict=True), start=1)
        ]
    )


async def _checked(picture: Picture, number: int) -> Picture:
    try:
        seen = await asyncio.to_thread(images.look, picture.content)
    except images.NoPictureError as problem:
        raise InvalidImageError(f"`{picture.param}`: {problem}", param=picture.param) from None
    return replace(picture, name=f"image-{number}.{seen.extension}", mime_type=seen.content_type)


def _file(part: dict[str, Any]) -> dict[str, Any] | None:
    """A file of ours that a part names by its id."""
    return {"file_id": part["file_id"]} if part.get("file_id") else None

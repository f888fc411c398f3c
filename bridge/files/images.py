"""Whether bytes are the picture they claim to be (Pillow)."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

from PIL import Image

from core.errors import ProtocolError

MAX_PIXELS = 64_000_000
"""Larger pictures are refused before they are decoded: 256 MB as RGBA."""

_TYPES = {
    "PNG": ("image/png", "png"),
    "JPEG": ("image/jpeg", "jpg"),
    "WEBP": ("image/webp", "webp"),
    "GIF": ("image/gif", "gif"),
    "MPO": ("image/jpeg", "jpg"),
}
"""By Pillow's name for a format; MPO is a JPEG with more pictures behind the first, as telephones make them."""

_OPENED = ("PNG", "JPEG", "WEBP", "GIF")


@dataclass(frozen=True, slots=True)
class Picture:
    """What a picture is by its bytes. `extension` has no dot; width and height are pixels."""

    content_type: str
    extension: str
    width: int
    height: int


class NoPictureError(ValueError):
    """The bytes are no picture that the bridge takes; the text says why."""


def examine(content: bytes) -> Picture:
    """Decode a picture that upstream sent.

    Raises:
        ProtocolError: as `NoPictureError` of `look`.
    """
    try:
        return look(content)
    except NoPictureError as problem:
        raise ProtocolError(f"What upstream sent as a picture is none: {problem}") from problem


def look(content: bytes) -> Picture:
    """Decode a picture completely.

    Raises:
        NoPictureError: the bytes are no PNG, JPEG, WebP or GIF, are cut short, or hold more than `MAX_PIXELS`.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=_OPENED) as image:
                width, height = image.size
                if width * height > MAX_PIXELS:
                    raise NoPictureError(f"it has {width} x {height} pixels, more than the bridge takes.")
                content_type, extension = _TYPES[str(image.format)]
                image.verify()
            # Verifying reads to the end and decodes nothing, decoding may stop before the end: both are needed.
            with Image.open(io.BytesIO(content), formats=_OPENED) as image:
                image.load()
    except NoPictureError:
        raise
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise NoPictureError("it is not a PNG, JPEG, WebP or GIF that can be decoded.") from error
    return Picture(content_type=content_type, extension=extension, width=width, height=height)

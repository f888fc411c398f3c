"""Masks: which parts of a picture are to be changed, as a picture that can be looked at."""

from __future__ import annotations

import io

from PIL import Image, ImageOps

from bridge.files.images import NoPictureError, look

_UNTOUCHED, _CHANGED = 0, 255


def drawn(mask: bytes, image: bytes) -> bytes:
    """A mask as black and white, in PNG: white is what it shows fully transparent, which is to be changed.

    Upstream is shown pictures, and what shines through would be lost on it. The same mask gives the same bytes.

    Args:
        image: the picture that it belongs to, which can be decoded.

    Raises:
        NoPictureError: it is no PNG, has another size than the picture as that is shown, has no alpha channel, or
            leaves nothing to be changed.
    """
    if look(mask).content_type != "image/png":
        raise NoPictureError("it is not a PNG.")
    with Image.open(io.BytesIO(image)) as picture:
        wanted = ImageOps.exif_transpose(picture).size
    with Image.open(io.BytesIO(mask)) as opened:
        if opened.size != wanted:
            raise NoPictureError(f"it has {_pixels(opened.size)} pixels, the first picture {_pixels(wanted)}.")
        if not opened.has_transparency_data:
            raise NoPictureError("it has no alpha channel, whose fully transparent parts are what is to be changed.")
        alpha = opened.convert("RGBA").getchannel("A")
    shown = alpha.point([_CHANGED] + [_UNTOUCHED] * 255)
    if shown.getextrema() == (_UNTOUCHED, _UNTOUCHED):
        raise NoPictureError("nothing of it is fully transparent, so nothing would be changed.")
    out = io.BytesIO()
    shown.save(out, "PNG")
    return out.getvalue()


def _pixels(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"

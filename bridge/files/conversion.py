"""Pictures in the form that was asked for (Pillow)."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from PIL import Image, ImageOps

from bridge.files.images import Picture, examine
from core.contracts.images import ImageForm, OutputFormat

_BEST = 100


def in_form(content: bytes, form: ImageForm) -> tuple[Picture, bytes]:
    """Verify a picture that upstream made, and convert it where another form was asked for.

    Raises:
        ProtocolError: the bytes are not a picture.
    """
    picture, kind = examine(content), form.output_format
    if kind is None or (picture.content_type == f"image/{kind}" and form.output_compression is None):
        return picture, content
    content = converted(content, kind, form.output_compression)
    return examine(content), content


def converted(content: bytes, kind: OutputFormat, compression: int | None) -> bytes:
    """A picture that can be decoded, in another format; the same bytes give the same bytes.

    Turned as its orientation says, with its colour profile and nothing else that stood in the file. Of several frames
    the first. What shines through in it is white in a JPEG.

    Args:
        compression: 0 to 100, for jpeg and webp; `None` is the best.
    """
    out = io.BytesIO()
    with Image.open(io.BytesIO(content)) as image:
        upright = ImageOps.exif_transpose(image)
        profile = upright.info.get("icc_profile")
        shown = _flat(upright) if kind == "jpeg" else _plain(upright)
        shown.info.clear()
        shown.save(out, kind, **_options(kind, compression), **({"icc_profile": profile} if profile else {}))
    return out.getvalue()


def _options(kind: OutputFormat, compression: int | None) -> Mapping[str, Any]:
    if kind == "png":
        return {}
    return {"quality": _BEST if compression is None else max(compression, 1)}


def _plain(image: Image.Image) -> Image.Image:
    """In colours that each format has."""
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _flat(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")

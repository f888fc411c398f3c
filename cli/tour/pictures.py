"""Pictures of the tour: drawn here, and looked at here."""

from __future__ import annotations

import base64
import io
from pathlib import Path

from cli.tour.report import StepFailedError

WORDS = "FRESH BREAD  7 TO 12"


def sign() -> str:
    """A shop's sign that says `WORDS`, as a data URL."""
    from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

    picture = Image.new("RGB", (480, 160), "#f4ead5")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((8, 8, 471, 151), outline="#7a4a21", width=5)
    draw.text((240, 80), WORDS, fill="#5b3213", font=ImageFont.load_default(34), anchor="mm")
    # The simulator has no eyes: it reads what a picture says of itself.
    said = PngImagePlugin.PngInfo()
    said.add_text("ocr", WORDS)
    written = io.BytesIO()
    picture.save(written, "PNG", pnginfo=said)
    return f"data:image/png;base64,{base64.b64encode(written.getvalue()).decode('ascii')}"


def content_of(data_url: str) -> bytes:
    """The bytes behind a data URL in base64."""
    return base64.b64decode(data_url.partition(",")[2])


def described(content: bytes, kind: str) -> str:
    """Size, type and bytes of a picture.

    Raises:
        StepFailedError: it is none.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content)) as picture:
            picture.load()
            return f"{picture.width} x {picture.height}, {kind}, {len(content):,} bytes"
    except (UnidentifiedImageError, OSError) as error:
        raise StepFailedError(f"the download is no picture: {error}") from None


def lies(path: str | None, content: bytes) -> str:
    """Where a file lies on this machine, once it is seen to lie there.

    Raises:
        StepFailedError: it does not.
    """
    if path is None or not Path(path).is_file() or Path(path).read_bytes() != content:
        raise StepFailedError(f"the file does not lie in {path}, as the answer says")
    return path

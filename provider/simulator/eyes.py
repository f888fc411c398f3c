"""What the simulator sees on a picture: its size, its colours, and the words that it says of itself."""

from __future__ import annotations

import io
from functools import lru_cache

from PIL import Image, UnidentifiedImageError

_NAMES = {
    "black": (0, 0, 0),
    "white": (255, 255, 255),
    "grey": (128, 128, 128),
    "red": (220, 40, 40),
    "orange": (240, 150, 40),
    "yellow": (240, 220, 60),
    "green": (50, 160, 70),
    "blue": (50, 90, 210),
    "purple": (140, 60, 170),
    "brown": (130, 85, 50),
    "pink": (240, 160, 190),
}


@lru_cache(maxsize=128)
def seen(content: bytes) -> str:
    """One sentence. A simulator cannot read: the words are those of the picture's own text field `ocr`."""
    try:
        with Image.open(io.BytesIO(content)) as picture:
            words = str(picture.info.get("ocr", ""))
            red, green, blue = picture.convert("RGB").resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]
            told = f"I see a picture of {picture.width} by {picture.height} pixels, mostly {_name(red, green, blue)}."
    except (UnidentifiedImageError, OSError, ValueError):
        return "I cannot make anything of this picture."
    return f"{told} It says: “{words}”" if words else f"{told} There are no words on it."


def _name(red: int, green: int, blue: int) -> str:
    return min(
        _NAMES,
        key=lambda name: sum((one - other) ** 2 for one, other in zip((red, green, blue), _NAMES[name], strict=True)),
    )

"""Estimated usage of pictures, by what their vendor publishes of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bridge.usage.tokens import estimate

_PIXELS_A_TOKEN: Mapping[str, int] = {"low": 64, "high": 16, "xhigh": 16, "max": 16}
_USUAL_PIXELS = 32


@dataclass(frozen=True, slots=True)
class PictureUsage:
    """Tokens of pictures that were made.

    Attributes:
        text, images: of the words, and of the pictures that came with them.
        made: of the pictures that were made.
    """

    text: int = 0
    images: int = 0
    made: int = 0

    @property
    def total(self) -> int:
        return self.text + self.images + self.made

    def __add__(self, other: PictureUsage) -> PictureUsage:
        return PictureUsage(self.text + other.text, self.images + other.images, self.made + other.made)


def pictures(
    messages: list[tuple[str, int]], made: Iterable[tuple[int | None, int | None]], quality: str
) -> PictureUsage:
    """What a turn that made pictures used.

    Words and pictures that come count as in chats. A picture that is made counts a token for each square of so many
    pixels, and one for each row of them: 64 in low quality, 16 in high, 32 otherwise, which is 1,056 tokens for
    1024 x 1024.

    Args:
        messages: as `estimate` takes them.
        made: width and height in pixels; one whose size is not known counts nothing.
    """
    asked = estimate(messages, "").prompt
    text = estimate([(words, 0) for words, _ in messages], "").prompt
    side = _PIXELS_A_TOKEN.get(quality, _USUAL_PIXELS)
    return PictureUsage(text, asked - text, sum(_squares(width, height, side) for width, height in made))


def _squares(width: int | None, height: int | None, side: int) -> int:
    if not width or not height:
        return 0
    columns, lines = -(-width // side), -(-height // side)
    return columns * lines + lines

"""Colours for a picture: from the prompt's words where they name some, else from its hash."""

from __future__ import annotations

import random
from dataclasses import dataclass

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one picture.

    Attributes:
        sky: from top to bottom.
        near, far: the land, and anything else that is layered.
        accent: the subject's colour.
        light: sun, moon, windows.
        dark: it is night.
    """

    sky: tuple[Colour, Colour, Colour]
    near: Colour
    far: Colour
    accent: Colour
    light: Colour
    dark: bool


_NAMED: dict[str, Colour] = {
    "red": (214, 48, 49),
    "orange": (240, 132, 40),
    "yellow": (247, 202, 66),
    "green": (46, 160, 96),
    "blue": (45, 108, 223),
    "purple": (132, 76, 196),
    "violet": (132, 76, 196),
    "pink": (236, 110, 160),
    "brown": (140, 92, 56),
    "black": (28, 28, 34),
    "white": (244, 244, 240),
    "grey": (130, 134, 142),
    "gray": (130, 134, 142),
    "gold": (222, 178, 60),
    "teal": (26, 150, 150),
    "turquoise": (48, 190, 184),
}
_NIGHT = frozenset(("night", "moon", "stars", "space", "midnight", "dark", "galaxy", "planet"))
_EVENING = frozenset(("sunset", "sunrise", "dawn", "dusk", "evening", "autumn"))


def palette_of(words: frozenset[str], choose: random.Random) -> Palette:
    """The palette that a prompt's words and the generator ask for."""
    hue = choose.random()
    dark = bool(words & _NIGHT) or (choose.random() < 0.2 and not words & _EVENING)
    accent = next((colour for name, colour in _NAMED.items() if name in words), None)
    if words & _EVENING:
        hue = choose.uniform(0.0, 0.09)
    if dark:
        sky = (_hsl(hue, 0.55, 0.08), _hsl(hue, 0.5, 0.17), _hsl(hue + 0.08, 0.5, 0.3))
    else:
        sky = (_hsl(hue, 0.6, 0.5), _hsl(hue + 0.06, 0.7, 0.7), _hsl(hue + 0.14, 0.85, 0.86))
    land = hue + choose.uniform(0.3, 0.6)
    far = _hsl(land, 0.35, 0.22 if dark else 0.55)
    near = _hsl(land + 0.04, 0.45, 0.1 if dark else 0.28)
    return Palette(sky, near, far, accent or _hsl(hue + 0.5, 0.75, 0.55), _hsl(0.13, 0.9, 0.86), dark)


def _hsl(hue: float, saturation: float, lightness: float) -> Colour:
    def channel(shift: int) -> int:
        at = (shift + hue * 12) % 12
        reach = saturation * min(lightness, 1 - lightness)
        return round(255 * (lightness - reach * max(-1, min(at - 3, 9 - at, 1))))

    return channel(0), channel(8), channel(4)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """The colour that lies `share` of the way from the first to the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue

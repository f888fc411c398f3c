"""What lies behind the subject: hills, mountains, sea, a city, or nothing but shapes."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from PIL import ImageDraw

from provider.simulator.painting.canvas import SHARPER, Canvas
from provider.simulator.painting.palette import mix

Tower = tuple[float, float, float]
"""Left, top and right in shares of the picture."""


def _lights(canvas: Canvas) -> None:
    """Sun or moon, and stars at night."""
    choose, palette = canvas.choose, canvas.palette
    x, y = choose.uniform(0.15, 0.85), choose.uniform(0.15, 0.38)
    if palette.dark:
        stars = [(choose.random(), choose.random() * 0.7, choose.uniform(1, 3.4)) for _ in range(90)]

        def sprinkle(draw: ImageDraw.ImageDraw, width: int, height: int) -> None:
            for star_x, star_y, size in stars:
                left, top = star_x * width, star_y * height
                draw.ellipse((left, top, left + size * SHARPER, top + size * SHARPER), fill=230)

        canvas.shape((250, 248, 240), sprinkle)
    canvas.glow(x, y, 0.42, palette.light)
    canvas.disc(x, y, choose.uniform(0.06, 0.11), palette.light)


def _hills(canvas: Canvas) -> None:
    _lights(canvas)
    palette = canvas.palette
    for layer in range(4):
        share = layer / 3
        colour = mix(palette.far, palette.near, share)
        canvas.ridge(0.56 + 0.11 * layer, 0.05 - 0.005 * layer, canvas.choose.uniform(0.8, 1.8), colour)


def _mountains(canvas: Canvas) -> None:
    _lights(canvas)
    palette, choose = canvas.palette, canvas.choose
    for layer in range(3):
        base = 0.5 + 0.13 * layer
        points = [(-0.05, 1.0), (-0.05, base)]
        for step in range(1, 9):
            peak = base - choose.uniform(0.08, 0.24) * (1 - layer * 0.25) if step % 2 else base + 0.03
            points.append((step / 8 - 0.02 + choose.uniform(-0.02, 0.02), peak))
        canvas.polygon([*points, (1.05, base), (1.05, 1.0)], mix(palette.far, palette.near, layer / 2))


def _sea(canvas: Canvas) -> None:
    _lights(canvas)
    palette = canvas.palette
    for layer in range(6):
        colour = mix(mix(palette.sky[1], (18, 74, 120), 0.6), (8, 38, 74), layer / 5)
        canvas.ridge(0.55 + 0.075 * layer, 0.009 + 0.003 * layer, 3.2 - 0.3 * layer, colour)


def _city(canvas: Canvas) -> None:
    _lights(canvas)
    palette, choose = canvas.palette, canvas.choose
    for layer in range(3):
        colour = mix(palette.far, palette.near, layer / 2)
        towers: list[Tower] = []
        x = -0.02
        while x < 1.0:
            wide = choose.uniform(0.05, 0.11)
            towers.append((x, 0.48 + layer * 0.12 + choose.uniform(-0.16, 0.06), x + wide * 0.92))
            x += wide

        def build(draw: ImageDraw.ImageDraw, width: int, height: int, towers: list[Tower] = towers) -> None:
            for left, top, right in towers:
                draw.rectangle((left * width, top * height, right * width, height), fill=255)

        canvas.shape(colour, build)
        canvas.shape(palette.light, _windows(towers, choose), alpha=190 if palette.dark else 90)


def _windows(towers: list[Tower], choose: random.Random) -> Callable[[ImageDraw.ImageDraw, int, int], None]:
    lit = [
        (left + 0.008 + column * 0.014, top + 0.02 + row * 0.03)
        for left, top, right in towers
        for row in range(7)
        for column in range(int((right - left - 0.012) / 0.014))
        if choose.random() < 0.35
    ]

    def light_up(draw: ImageDraw.ImageDraw, width: int, height: int) -> None:
        for x, y in lit:
            draw.rectangle((x * width, y * height, (x + 0.007) * width, (y + 0.013) * height), fill=255)

    return light_up


def _abstract(canvas: Canvas) -> None:
    choose, palette = canvas.choose, canvas.palette
    for number in range(9):
        colour = mix(palette.accent, palette.far if number % 2 else palette.light, choose.uniform(0.0, 0.8))
        x, y, size = choose.random(), choose.random(), choose.uniform(0.05, 0.24)
        if number % 3 == 0:
            turn = choose.uniform(0, 6.28)
            corners = [(x + size * math.cos(turn + k * 2.09), y + size * math.sin(turn + k * 2.09)) for k in range(3)]
            canvas.polygon(corners, colour, alpha=200)
        else:
            canvas.disc(x, y, size, colour, alpha=choose.randint(120, 220))


_SCENES: tuple[tuple[frozenset[str], Callable[[Canvas], None]], ...] = (
    (frozenset(("sea", "ocean", "beach", "boat", "ship", "lake", "wave", "waves", "water", "lighthouse")), _sea),
    (frozenset(("city", "street", "tokyo", "skyline", "building", "tower", "town", "robot")), _city),
    (frozenset(("mountain", "mountains", "snow", "alps", "peak", "winter")), _mountains),
    (frozenset(("hill", "hills", "field", "meadow", "forest", "garden", "landscape", "tree", "house", "fox")), _hills),
    (frozenset(("abstract", "pattern", "logo", "icon", "geometric", "shapes")), _abstract),
)


def scene_of(words: frozenset[str], choose: random.Random) -> Callable[[Canvas], None]:
    """The scene that a prompt's words ask for, else one of all."""
    drawn = choose.choice((_hills, _sea, _city, _mountains, _abstract))
    return next((scene for names, scene in _SCENES if names & words), drawn)

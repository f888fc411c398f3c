"""What stands in the middle of a picture, when the prompt names something we can draw."""

from __future__ import annotations

import math
from collections.abc import Callable

from provider.simulator.painting.canvas import Canvas
from provider.simulator.painting.palette import mix


def _cube(canvas: Canvas) -> None:
    accent = canvas.palette.accent
    x, y, size = 0.5, 0.6, 0.2
    aspect = canvas.width / canvas.height
    lift, side = size * 0.5 * aspect, size * 0.87
    drop = size * aspect
    top = [(x, y - drop), (x + side, y - drop + lift), (x, y), (x - side, y - drop + lift)]
    left = [(x - side, y - drop + lift), (x, y), (x, y + drop), (x - side, y + lift)]
    right = [(x + side, y - drop + lift), (x, y), (x, y + drop), (x + side, y + lift)]
    for corners, share, tone in ((top, 0.25, (255, 255, 255)), (left, 0.1, (0, 0, 0)), (right, 0.4, (0, 0, 0))):
        canvas.polygon(corners, mix(accent, tone, share))


def _ball(canvas: Canvas) -> None:
    accent = canvas.palette.accent
    canvas.disc(0.5, 0.62, 0.2, mix(accent, (0, 0, 0), 0.15))
    canvas.disc(0.485, 0.6, 0.165, accent)
    canvas.glow(0.44, 0.54, 0.12, mix(accent, (255, 255, 255), 0.7))


def _star(canvas: Canvas) -> None:
    aspect = canvas.width / canvas.height
    points = []
    for corner in range(10):
        reach = 0.2 if corner % 2 == 0 else 0.085
        angle = corner * math.pi / 5 - math.pi / 2
        points.append((0.5 + reach * math.cos(angle), 0.55 + reach * math.sin(angle) * aspect))
    canvas.polygon(points, canvas.palette.accent)


def _house(canvas: Canvas) -> None:
    accent = canvas.palette.accent
    canvas.polygon([(0.38, 0.62), (0.62, 0.62), (0.62, 0.84), (0.38, 0.84)], mix(accent, (255, 255, 255), 0.55))
    canvas.polygon([(0.34, 0.63), (0.5, 0.46), (0.66, 0.63)], accent)
    canvas.polygon([(0.47, 0.71), (0.54, 0.71), (0.54, 0.84), (0.47, 0.84)], mix(accent, (0, 0, 0), 0.5))
    canvas.polygon([(0.405, 0.67), (0.45, 0.67), (0.45, 0.73), (0.405, 0.73)], canvas.palette.light)


def _tree(canvas: Canvas) -> None:
    choose = canvas.choose
    green = mix(canvas.palette.accent, (46, 130, 70), 0.75)
    for place in (0.28, 0.5, 0.73):
        base = 0.8 + choose.uniform(-0.03, 0.03)
        canvas.polygon(
            [(place - 0.012, base), (place + 0.012, base), (place + 0.012, 0.6), (place - 0.012, 0.6)], (84, 58, 40)
        )
        for blob in range(3):
            canvas.disc(place + (blob - 1) * 0.05, 0.58 - (blob == 1) * 0.05, 0.07, mix(green, (0, 0, 0), blob * 0.09))


def _boat(canvas: Canvas) -> None:
    accent = canvas.palette.accent
    canvas.polygon([(0.36, 0.66), (0.64, 0.66), (0.58, 0.74), (0.42, 0.74)], mix(accent, (60, 30, 20), 0.5))
    canvas.polygon([(0.495, 0.38), (0.505, 0.38), (0.505, 0.66), (0.495, 0.66)], (60, 44, 34))
    canvas.polygon([(0.512, 0.4), (0.512, 0.64), (0.63, 0.64)], (246, 244, 238))
    canvas.polygon([(0.488, 0.43), (0.488, 0.64), (0.39, 0.64)], accent)


def _lighthouse(canvas: Canvas) -> None:
    accent = canvas.palette.accent
    canvas.polygon([(0.5, 0.33), (1.0, 0.22), (1.0, 0.42)], canvas.palette.light, alpha=80)
    canvas.polygon([(0.47, 0.36), (0.53, 0.36), (0.56, 0.8), (0.44, 0.8)], (244, 240, 232))
    for band in range(3):
        top = 0.42 + band * 0.13
        spread = 0.03 + (top - 0.36) * 0.068
        lower = spread + 0.0045
        canvas.polygon(
            [(0.5 - spread, top), (0.5 + spread, top), (0.5 + lower, top + 0.06), (0.5 - lower, top + 0.06)], accent
        )
    canvas.polygon([(0.475, 0.3), (0.525, 0.3), (0.525, 0.36), (0.475, 0.36)], canvas.palette.light)
    canvas.polygon([(0.465, 0.3), (0.5, 0.25), (0.535, 0.3)], mix(accent, (0, 0, 0), 0.3))


def _cat(canvas: Canvas) -> None:
    fur = mix(canvas.palette.accent, (40, 34, 34), 0.45)
    canvas.disc(0.5, 0.76, 0.16, fur)
    canvas.disc(0.5, 0.56, 0.105, fur)
    aspect = canvas.width / canvas.height
    for side in (-1, 1):
        canvas.polygon(
            [(0.5 + side * 0.095, 0.53), (0.5 + side * 0.085, 0.53 - 0.125 * aspect), (0.5 + side * 0.02, 0.49)], fur
        )
        canvas.disc(0.5 + side * 0.04, 0.55, 0.018, canvas.palette.light)
        canvas.disc(0.5 + side * 0.04, 0.55, 0.008, (20, 20, 24))
    canvas.disc(0.5, 0.592, 0.009, (238, 150, 160))


def _nothing(canvas: Canvas) -> None:
    """The scene is the subject."""


_SUBJECTS: tuple[tuple[frozenset[str], Callable[[Canvas], None]], ...] = (
    (frozenset(("cube", "box", "dice")), _cube),
    (frozenset(("ball", "sphere", "apple", "planet", "balloon", "orb")), _ball),
    (frozenset(("star",)), _star),
    (frozenset(("cat", "kitten", "fox", "dog", "puppy")), _cat),
    (frozenset(("lighthouse",)), _lighthouse),
    (frozenset(("boat", "ship", "sailing", "sail")), _boat),
    (frozenset(("house", "cottage", "home", "cabin")), _house),
    (frozenset(("tree", "trees", "forest", "garden")), _tree),
)


def subject_of(words: frozenset[str]) -> Callable[[Canvas], None]:
    """The subject that a prompt's words name, else nothing."""
    return next((subject for names, subject in _SUBJECTS if names & words), _nothing)

"""A prompt in, a PNG out: the same for the same words and seed, visibly different for others."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from provider.simulator.identity import derive
from provider.simulator.painting.canvas import Canvas
from provider.simulator.painting.palette import palette_of
from provider.simulator.painting.scenes import scene_of
from provider.simulator.painting.subjects import subject_of

_RATIO = re.compile(r"aspect ratio\s+(\d{1,2}):(\d{1,2})", re.IGNORECASE)
_INSTRUCTION = re.compile(r"\s*(?:make the )?aspect ratio\s+\d{1,2}:\d{1,2}\.?", re.IGNORECASE)
_RATIOS = {(1, 1), (3, 4), (9, 16), (4, 3), (16, 9)}
_SMALLEST_CAPTIONED = 256


@dataclass(frozen=True, slots=True)
class Picture:
    """What to draw.

    Attributes:
        number: which of several pictures of one prompt.
        pixels: the longer side.
        preview: 0 for the finished picture, otherwise a coarse stage.
        inset: bytes of a picture that the prompt is about; shown in a corner.
    """

    prompt: str
    seed: int
    number: int = 0
    pixels: int = 1024
    preview: int = 0
    inset: bytes | None = None


def frame_size(prompt: str, pixels: int) -> tuple[int, int]:
    """Width and height: the prompt's last "aspect ratio W:H", square when it names none that is offered."""
    found = [(int(width), int(height)) for width, height in _RATIO.findall(prompt)]
    width, height = found[-1] if found and found[-1] in _RATIOS else (1, 1)
    longer = max(width, height)
    return max(1, round(pixels * width / longer)), max(1, round(pixels * height / longer))


def paint(picture: Picture) -> bytes:
    """Draw it; returns a PNG. Takes some tens of milliseconds, so call it in a worker thread."""
    choose = random.Random(derive(picture.seed, picture.prompt, str(picture.number)))
    width, height = frame_size(picture.prompt, picture.pixels)
    words = frozenset(re.findall(r"[a-z]+", picture.prompt.lower()))
    canvas = Canvas(width, height, palette_of(words, choose), choose)
    scene_of(words, choose)(canvas)
    subject_of(words)(canvas)
    if picture.preview:
        canvas.blur(2 ** max(1, 5 - picture.preview))
    if picture.inset is not None:
        canvas.paste(picture.inset)
    if width >= _SMALLEST_CAPTIONED:
        canvas.caption(_INSTRUCTION.sub("", picture.prompt))
    return canvas.png()

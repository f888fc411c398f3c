"""A picture in the making: gradients, smooth shapes, light, lettering."""

from __future__ import annotations

import io
import math
import random
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageFont, ImageOps

from provider.simulator.painting.palette import Colour, Palette

SHARPER = 2
"""Shapes are drawn so many times larger and then reduced, which smooths their edges."""


class Canvas:
    """A picture in the making. Positions and sizes are shares of the width or height."""

    def __init__(self, width: int, height: int, palette: Palette, choose: random.Random) -> None:
        self.width, self.height = width, height
        self.short = min(width, height)
        self.palette = palette
        self.choose = choose
        shade = Image.linear_gradient("L").resize((width, height), Image.Resampling.BILINEAR)
        top, middle, bottom = palette.sky
        self._image = ImageOps.colorize(shade, top, bottom, mid=middle)

    def shape(self, colour: Colour, draw: Callable[[ImageDraw.ImageDraw, int, int], None], *, alpha: int = 255) -> None:
        """Fill what `draw` paints on a mask twice as large, so that its edges are smooth."""
        size = (self.width * SHARPER, self.height * SHARPER)
        mask = Image.new("L", size, 0)
        draw(ImageDraw.Draw(mask), *size)
        box = mask.getbbox()
        if box is None:
            return
        left, top = (edge // SHARPER for edge in box[:2])
        right, bottom = ((edge + 1) // SHARPER for edge in box[2:])
        mask = mask.crop((left * SHARPER, top * SHARPER, right * SHARPER, bottom * SHARPER)).reduce(SHARPER)
        if alpha < 255:
            mask = mask.point(lambda value: value * alpha // 255)
        self._image.paste(colour, (left, top), mask)

    def disc(self, x: float, y: float, radius: float, colour: Colour, *, alpha: int = 255) -> None:
        """A disc; the radius is a share of the shorter side."""
        centre_x, centre_y = x * self.width, y * self.height
        reach = radius * self.short
        edges = (centre_x - reach, centre_y - reach, centre_x + reach, centre_y + reach)
        self.shape(colour, lambda draw, _w, _h: draw.ellipse([edge * SHARPER for edge in edges], fill=255), alpha=alpha)

    def polygon(self, points: list[tuple[float, float]], colour: Colour, *, alpha: int = 255) -> None:
        """A polygon in shares of width and height."""
        self.shape(
            colour,
            lambda draw, width, height: draw.polygon([(x * width, y * height) for x, y in points], fill=255),
            alpha=alpha,
        )

    def glow(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """A soft light."""
        reach = max(2, int(radius * self.short))
        light = ImageOps.invert(Image.radial_gradient("L")).resize((reach * 2, reach * 2), Image.Resampling.BILINEAR)
        light = light.point(lambda value: max(0, value - 75))
        self._image.paste(colour, (int(x * self.width) - reach, int(y * self.height) - reach), light)

    def ridge(self, level: float, swing: float, waves: float, colour: Colour) -> None:
        """Hills or waves: everything below a curve."""
        phase, second = self.choose.uniform(0, 6.3), self.choose.uniform(1.7, 2.9)
        points = [(0.0, 1.0)]
        for step in range(97):
            x = step / 96
            curve = math.sin(x * waves * 6.28 + phase) + 0.4 * math.sin(x * waves * second * 6.28 + phase * 2)
            points.append((x, level + swing * curve))
        self.polygon([*points, (1.0, 1.0)], colour)

    def blur(self, factor: int) -> None:
        """Make it coarse, as a preview is."""
        small = self._image.reduce(max(1, factor * 4))
        self._image = small.resize((self.width, self.height), Image.Resampling.BILINEAR)

    def paste(self, content: bytes) -> None:
        """Show another picture in a frame; one that cannot be read is left out."""
        try:
            with Image.open(io.BytesIO(content)) as given:
                side = max(16, self.short // 3)
                whole = ImageOps.contain(given.convert("RGB"), (side * 3 // 2, side))
                inset = ImageOps.expand(whole, max(2, side // 40), "white")
        except (OSError, ValueError, Image.DecompressionBombError):
            # Not a picture, or one so thin that nothing of it would be left.
            return
        margin = self.short // 24
        self._image.paste(inset, (margin, margin))

    def caption(self, prompt: str) -> None:
        """A line that says what this is: nobody should take it for a real model's work."""
        flat = " ".join(prompt.split())
        line = f"simulated · {flat if len(flat) < 70 else flat[:69] + '…'}"
        size = max(11, self.short // 44)
        font = ImageFont.load_default(size)
        bar = Image.new("L", (self.width, size * 2), 110)
        self._image.paste((10, 10, 16), (0, self.height - size * 2), bar)
        pen = ImageDraw.Draw(self._image)
        pen.text((size, self.height - size - size // 2 - 1), line, font=font, fill=(240, 240, 235))

    def png(self) -> bytes:
        """The picture as a PNG file, compressed fast rather than well."""
        out = io.BytesIO()
        self._image.save(out, "PNG", compress_level=1)
        return out.getvalue()

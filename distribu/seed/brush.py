"""Drawing tools for still lifes: smooth outlines, filled with light and shade.

Coordinates are in thousandths of the image's height, from its upper
left corner, whatever its size in pixels.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, sin

from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFilter

Point = tuple[float, float]
Outline = Sequence[Point]
Color = tuple[int, int, int]

SUPERSAMPLE = 2
GRAIN = 32
SHADOW = "#2b241c"


@dataclass(frozen=True)
class Gradient:
    """Colors at positions from 0 to 1, from left to right or from top to bottom."""

    stops: tuple[tuple[float, Color], ...]
    is_vertical: bool = False

    def strip(self) -> Image.Image:
        """Return the colors in a strip of 256 pixels."""
        strip = Image.new("RGB", (256, 1))
        strip.putdata([self._at(x / 255) for x in range(256)])
        return strip.transpose(Image.Transpose.ROTATE_270) if self.is_vertical else strip

    def _at(self, place: float) -> Color:
        for (start, color), (stop, next_color) in zip(self.stops, self.stops[1:], strict=False):
            if place <= stop:
                return mixed(color, next_color, (place - start) / (stop - start or 1))
        return self.stops[-1][1]


Fill = str | Color | Gradient


def rgb(color: str | Color) -> Color:
    return ImageColor.getrgb(color)[:3] if isinstance(color, str) else color


def mixed(color: str | Color, other: str | Color, share: float) -> Color:
    """Return a mix of two colors. share: of other, from 0 to 1."""
    pairs = zip(rgb(color), rgb(other), strict=True)
    red, green, blue = (round(one + (two - one) * share) for one, two in pairs)
    return red, green, blue


def lit(color: str | Color, light: float) -> Color:
    """Return the color lightened (light above 0) or shaded (below 0), from -1 to 1."""
    return mixed(color, "#fffaf0" if light > 0 else "#1c140e", abs(light))


def round_fill(color: str | Color, gloss: float = 0.45) -> Gradient:
    """Return a fill that shades a round body, with light from the left."""
    lights = ((0, -0.45), (0.12, -0.1), (0.3, gloss), (0.45, 0.05), (0.75, -0.2), (1, -0.55))
    return Gradient(tuple((place, lit(color, light)) for place, light in lights))


def fading(color: str | Color, top: float, bottom: float) -> Gradient:
    """Return a vertical gradient of the color from one light to another."""
    return Gradient(((0, lit(color, top)), (1, lit(color, bottom))), is_vertical=True)


def ellipse(cx: float, cy: float, rx: float, ry: float, start=0.0, stop=2 * pi) -> list[Point]:
    steps = [start + (stop - start) * step / 90 for step in range(91)]
    return [(cx + rx * cos(angle), cy + ry * sin(angle)) for angle in steps]


def box(x0: float, y0: float, x1: float, y1: float, radius: float = 0) -> list[Point]:
    """Return the outline of a rectangle with round corners."""
    centres: tuple[Point, ...] = ((x1 - radius, y1 - radius), (x0 + radius, y1 - radius))
    centres += ((x0 + radius, y0 + radius), (x1 - radius, y0 + radius))
    corners = []
    for quarter, (cx, cy) in enumerate(centres):
        start = quarter * pi / 2
        corners += ellipse(cx, cy, radius, radius, start, start + pi / 2)
    return corners


def smooth(points: Outline) -> list[Point]:
    """Return a closed curve through points (Catmull-Rom)."""
    count, curve = len(points), []
    for here in range(count):
        before, start, stop, after = (points[(here + i) % count] for i in (-1, 0, 1, 2))
        for step in range(16):
            t = step / 16
            x, y = (
                0.5
                * (
                    2 * b
                    + (c - a) * t
                    + (2 * a - 5 * b + 4 * c - d) * t**2
                    + (3 * b - a - 3 * c + d) * t**3
                )
                for a, b, c, d in zip(before, start, stop, after, strict=True)
            )
            curve.append((x, y))
    return curve


def lathe(cx: float, profile: Sequence[Point]) -> list[Point]:
    """Return the outline of a turned body around the line at cx.

    profile: heights and radii, from the top down.
    """
    right = [(cx + half, y) for y, half in profile]
    return right + [(cx - half, y) for y, half in reversed(profile)]


def turned(outline: Outline, angle: float, cx: float, cy: float) -> list[Point]:
    """Return the outline turned clockwise about a point. angle: in degrees."""
    c, s = cos(angle * pi / 180), sin(angle * pi / 180)
    return [
        (cx + (x - cx) * c - (y - cy) * s, cy + (x - cx) * s + (y - cy) * c) for x, y in outline
    ]


class Canvas:
    """An image that is being painted. Without a ground it is transparent."""

    def __init__(self, size: tuple[int, int], ground: str | None, seed: int = 1):
        self.size, self.unit = size, size[1] / 1000
        self.width = size[0] / self.unit
        self.middle = self.width / 2
        self.random = random.Random(seed)
        self.has_ground = ground is not None
        self.image = Image.new("RGBA", size)
        if ground:
            wall, floor = fading(ground, 0.35, 0.1), fading(ground, -0.02, 0.2)
            self.paint(box(0, 0, self.width, 730), wall)
            self.paint(box(0, 720, self.width, 1000), floor)
            self.paint(box(-50, 700, self.width + 50, 740), lit(ground, 0.05), blur=14)

    def paint(self, outline: Outline, fill: Fill, blur: float = 0, opacity: float = 1) -> None:
        """Fill the outline. blur: the softness of its edge."""
        frame = self._frame(outline, blur * 3)
        if frame is None:
            return
        left, top, right, bottom = frame
        mask = self._mask(outline, frame)
        if blur:
            mask = mask.filter(ImageFilter.GaussianBlur(blur * self.unit))
        if opacity < 1:
            mask = mask.point(lambda value: round(value * opacity))
        layer = self._filled(fill, (right - left, bottom - top))
        layer.putalpha(mask)
        self.image.alpha_composite(layer, (left, top))

    def shadow(self, cx: float, y: float, rx: float, strength: float = 0.5) -> None:
        """Draw the shadow of an object that stands at y, falling to the right."""
        self.paint(ellipse(cx + rx * 0.25, y, rx * 1.15, rx * 0.16), SHADOW, 22, strength * 0.6)
        self.paint(ellipse(cx, y, rx * 0.98, rx * 0.07), SHADOW, 7, strength)

    def line(self, start: Point, stop: Point, width: float, fill: Fill, opacity=1.0) -> None:
        (x0, y0), (x1, y1) = start, stop
        length = max(1e-6, ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5)
        dx, dy = (y1 - y0) / length * width / 2, (x0 - x1) / length * width / 2
        corners = [(x0 + dx, y0 + dy), (x1 + dx, y1 + dy), (x1 - dx, y1 - dy), (x0 - dx, y0 - dy)]
        self.paint(corners, fill, opacity=opacity)

    def finished(self) -> Image.Image:
        """Return the image with a fine grain like that of a photograph."""
        width, height = self.size
        noise = Image.frombytes("L", self.size, self.random.randbytes(width * height))
        noise = noise.point(lambda value: 128 + (value - 128) // GRAIN)
        flat = self.image.convert("RGB")
        grained = ImageChops.add(flat, Image.merge("RGB", [noise] * 3), scale=1, offset=-128)
        if not self.has_ground:
            grained.putalpha(self.image.getchannel("A"))
        return grained

    def _frame(self, outline: Outline, margin: float) -> tuple[int, int, int, int] | None:
        xs, ys = zip(*outline, strict=True)
        left = max(0, int((min(xs) - margin) * self.unit))
        top = max(0, int((min(ys) - margin) * self.unit))
        right = min(self.size[0], int((max(xs) + margin) * self.unit) + 2)
        bottom = min(self.size[1], int((max(ys) + margin) * self.unit) + 2)
        return (left, top, right, bottom) if left < right and top < bottom else None

    def _mask(self, outline: Outline, frame: tuple[int, int, int, int]) -> Image.Image:
        left, top, right, bottom = frame
        size = (right - left, bottom - top)
        large = Image.new("L", (size[0] * SUPERSAMPLE, size[1] * SUPERSAMPLE))
        points = [
            ((x * self.unit - left) * SUPERSAMPLE, (y * self.unit - top) * SUPERSAMPLE)
            for x, y in outline
        ]
        ImageDraw.Draw(large).polygon(points, fill=255)
        return large.reduce(SUPERSAMPLE)

    def _filled(self, fill: Fill, size: tuple[int, int]) -> Image.Image:
        if not isinstance(fill, Gradient):
            return Image.new("RGBA", size, rgb(fill))
        return fill.strip().resize(size, Image.Resampling.BILINEAR).convert("RGBA")

"""The responsive set: its widths, its sizes and its paths. No pixels here."""

from .policies import EXTENSIONS

LADDER_VERSION = 2
LADDER = (100, 300, 500, 750, 1000, 1500)
THUMBNAIL_PX = 300
SHARE_PX = 1200
PUBLISHED_MAX_PX = 2560
# Outside of every ladder. The server gives it the image's own name: <name>.jpg.
MARKETPLACE_PATH = "marketplace.jpg"
NEEDS_MARKETPLACE = ("WEBP", "AVIF")


def ladder(width: int) -> tuple[int, ...]:
    """The widths made of an image so wide: every rung below it, then its own width or the top.

    Never enlarged, and the number in a path is the width in the file: an image of 220 pixels
    has 100w and 220w, one of 40 pixels has 40w alone.
    """
    top = min(width, LADDER[-1])
    return (*(rung for rung in LADDER if rung < top), top)


def fitted(size: tuple[int, int], max_px: int) -> tuple[int, int]:
    """The size with the same proportions and at most max_px a side, never larger."""
    scale = min(1.0, max_px / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def rung(size: tuple[int, int], width: int) -> tuple[int, int]:
    return width, max(1, round(size[1] * width / size[0]))


def ladder_path(name: str, format: str) -> str:
    return f"v{LADDER_VERSION}/{name}.{EXTENSIONS[format]}"

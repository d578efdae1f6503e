"""Widths, sizes and paths of the responsive set."""

from .policies import EXTENSIONS

LADDER_VERSION = 2
LADDER = (100, 300, 500, 750, 1000, 1500)
THUMBNAIL_PX = 300
SHARE_PX = 1200
PUBLISHED_MAX_PX = 2560
# Belongs to no ladder. The server renames it to the image's own name: <name>.jpg.
MARKETPLACE_PATH = "marketplace.jpg"
NEEDS_MARKETPLACE = ("WEBP", "AVIF")


def ladder(width: int) -> tuple[int, ...]:
    """Return the widths to make of an image: every rung below its width, then its width or the top.

    Images are never enlarged, and a path states the file's true width: an image 220 pixels wide
    has 100w and 220w, one 40 pixels wide has only 40w.
    """
    top = min(width, LADDER[-1])
    return (*(rung for rung in LADDER if rung < top), top)


def fitted(size: tuple[int, int], max_px: int) -> tuple[int, int]:
    """Return the size scaled down to at most max_px per side, with the same proportions."""
    scale = min(1.0, max_px / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def rung(size: tuple[int, int], width: int) -> tuple[int, int]:
    return width, max(1, round(size[1] * width / size[0]))


def ladder_path(name: str, format: str) -> str:
    return f"v{LADDER_VERSION}/{name}.{EXTENSIONS[format]}"

"""Shared pieces of the header readers: limits, errors, the result, EXIF orientation."""

import struct
from dataclasses import dataclass

MAX_PARTS = 10_000
MAX_FRAMES = 2_000
MAX_META_BYTES = 1_048_576
MAX_EXIF_BYTES = 65_536
_MAX_EXIF_ENTRIES = 512


class MalformedFile(ValueError):
    """The file breaks the rules of its format."""


class ExcessiveFile(ValueError):
    """The file has more parts than any honest image."""


@dataclass(frozen=True)
class Header:
    """Facts from the header: the size as stored, and the EXIF orientation (1 to 8) to apply.

    color_code: CICP primaries and transfer of an AVIF that has no ICC profile.
    """

    format: str
    width_px: int
    height_px: int
    orientation: int = 1
    frames: int = 1
    is_lossless: bool = False
    is_multiscan: bool = False
    color_code: tuple[int, int] | None = None


def exif_orientation(tiff: bytes) -> int:
    """Return the orientation in the first directory of an EXIF block; 1 if missing or invalid."""
    if tiff.startswith(b"Exif\0"):
        # Browsers ignore the byte after the first zero.
        tiff = tiff[6:]
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 10:
        return 1
    (start,) = struct.unpack_from(order + "I", tiff, 4)
    (entries,) = struct.unpack(order + "H", tiff[start : start + 2].ljust(2, b"\0"))
    last = start + 2 + 12 * min(entries, _MAX_EXIF_ENTRIES)
    for at in range(start + 2, min(last, len(tiff) - 11), 12):
        tag, kind, count, value = struct.unpack_from(order + "HHIH", tiff, at)
        if tag == 0x0112 and kind == 3 and count == 1 and 1 <= value <= 8:
            return int(value)
    return 1

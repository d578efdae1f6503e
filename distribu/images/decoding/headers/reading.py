"""The pieces that the header readers share: limits, errors, the result, EXIF orientation."""

import struct
from dataclasses import dataclass
from typing import BinaryIO

MAX_PARTS = 10_000
MAX_FRAMES = 2_000
MAX_META_BYTES = 1_048_576
MAX_EXIF_BYTES = 65_536


class MalformedFile(ValueError):
    """The file breaks the rules of its format."""


class ExcessiveFile(ValueError):
    """The file has more parts than any honest image."""


@dataclass(frozen=True)
class Header:
    """What the file claims: its size as stored, and the EXIF orientation (1 to 8) to apply."""

    format: str
    width_px: int
    height_px: int
    orientation: int = 1
    frames: int = 1
    is_lossless: bool = False
    is_multiscan: bool = False


def exactly(file: BinaryIO, count: int) -> bytes:
    data = file.read(count)
    if len(data) < count:
        raise MalformedFile("the file ends too early")
    return data


def exif_orientation(tiff: bytes) -> int:
    """Orientation in the first directory of an EXIF block; 1 where it is missing or nonsense."""
    tiff = tiff.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 10:
        return 1
    (start,) = struct.unpack_from(order + "I", tiff, 4)
    (entries,) = struct.unpack(order + "H", tiff[start : start + 2].ljust(2, b"\0"))
    for at in range(start + 2, min(start + 2 + 12 * entries, len(tiff) - 11), 12):
        tag, kind, _, value = struct.unpack_from(order + "HHIH", tiff, at)
        if tag == 0x0112 and kind == 3 and 1 <= value <= 8:
            return value
    return 1

"""The header of a WebP: its RIFF chunks."""

import struct
from collections.abc import Iterator

from .reading import (
    MAX_EXIF_BYTES,
    MAX_FRAMES,
    MAX_PARTS,
    ExcessiveFile,
    Header,
    MalformedFile,
    exif_orientation,
)

_STILLS = (b"VP8 ", b"VP8L")


def read_webp(data: bytes) -> Header:
    canvas, still, frames, is_lossless, exif = None, None, 0, False, None
    for kind, start, length in webp_chunks(data):
        if kind == b"ANMF":
            frames += 1
            inner = data[start + 16 : start + 20]
            is_lossless |= frames == 1 and inner == b"VP8L"
            if frames > MAX_FRAMES:
                raise ExcessiveFile("WebP frames")
        elif kind == b"VP8X" and canvas is None:
            canvas = _canvas_size(data[start : start + 10])
        elif kind in _STILLS and still is None:
            still = _still_size(kind, data[start : start + 10])
            is_lossless |= kind == b"VP8L"
        elif kind == b"EXIF" and exif is None:
            exif = data[start : start + min(length, MAX_EXIF_BYTES)]
    # A canvas alone is not an image: the bytes that follow may be noise.
    size = canvas or still
    if size is None or (still is None and not frames):
        raise MalformedFile("WebP without an image")
    orientation = exif_orientation(exif) if exif else 1
    return Header("WEBP", *size, orientation, frames=max(1, frames), is_lossless=is_lossless)


def webp_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind of each chunk, with the start and length of its content."""
    at = 12
    for _ in range(MAX_PARTS):
        if at + 8 > len(data):
            return
        kind, length = struct.unpack_from("<4sI", data, at)
        yield kind, at + 8, length
        at += 8 + length + length % 2
    raise ExcessiveFile("WebP chunks")


def _canvas_size(content: bytes) -> tuple[int, int]:
    if len(content) < 10:
        raise MalformedFile("WebP canvas")
    width, height = (int.from_bytes(content[at : at + 3], "little") + 1 for at in (4, 7))
    return width, height


def _still_size(kind: bytes, content: bytes) -> tuple[int, int]:
    if kind == b"VP8L":
        signature, bits = struct.unpack_from("<BI", content)
        if signature != 0x2F:
            raise MalformedFile("WebP lossless signature")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if content[3:6] != b"\x9d\x01\x2a":
        raise MalformedFile("WebP frame signature")
    width, height = struct.unpack_from("<HH", content, 6)
    return width & 0x3FFF, height & 0x3FFF

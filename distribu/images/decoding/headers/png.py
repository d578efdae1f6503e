"""The header of a PNG: its chunks."""

import struct
from collections.abc import Iterator

from .reading import (
    MAX_EXIF_BYTES,
    MAX_PARTS,
    ExcessiveFile,
    Header,
    MalformedFile,
    exif_orientation,
)

MAX_ANCILLARY_CHUNKS = 1_000
SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_CRITICAL = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"fcTL", b"fdAT"}


def read_png(data: bytes) -> Header:
    if not data.startswith(SIGNATURE):
        raise MalformedFile("PNG signature")
    size: tuple[int, int] | None = None
    frames, controls, ancillary, exif, has_pixels = 1, 0, 0, None, False
    for kind, start, length in png_chunks(data):
        if kind == b"IHDR" and size is None:
            size = struct.unpack_from(">II", data, start)
        elif kind == b"acTL":
            frames = max(1, int.from_bytes(data[start : start + 4]))
        elif kind == b"fcTL":
            controls += 1
        elif kind == b"IDAT":
            has_pixels = True
        elif kind == b"eXIf" and exif is None and not has_pixels:
            # Browsers use the first block, and none after the pixels.
            exif = data[start : start + min(length, MAX_EXIF_BYTES)]
        ancillary += kind not in _PNG_CRITICAL
        if ancillary > MAX_ANCILLARY_CHUNKS:
            raise ExcessiveFile("PNG ancillary chunks")
    if size is None:
        raise MalformedFile("PNG without a header")
    orientation = exif_orientation(exif) if exif else 1
    return Header("PNG", *size, orientation=orientation, frames=max(frames, controls))


def png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind of each chunk up to IEND, with the start and length of its content."""
    at = 8
    for _ in range(MAX_PARTS):
        # Leave a missing end to the decoder, which knows whether rows are missing too.
        if at + 8 > len(data):
            return
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IEND":
            return
        yield kind, at + 8, length
        at += length + 12
    raise ExcessiveFile("PNG chunks")

"""The header of a PNG: its chunks."""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from .reading import (
    MAX_EXIF_BYTES,
    MAX_PARTS,
    ExcessiveFile,
    Header,
    MalformedFile,
    exactly,
    exif_orientation,
)

MAX_ANCILLARY_CHUNKS = 1_000
_PNG_CRITICAL = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"fcTL", b"fdAT"}


def read_png(file: BinaryIO) -> Header:
    file.seek(8)
    size, frames, controls, ancillary, orientation = None, 1, 0, 0, 1
    for kind, length in _png_chunks(file):
        if kind == b"IHDR":
            size = struct.unpack(">II", exactly(file, 8))
        elif kind == b"acTL":
            frames = max(1, int.from_bytes(exactly(file, 4)))
        elif kind == b"fcTL":
            controls += 1
        elif kind == b"eXIf":
            orientation = exif_orientation(exactly(file, min(length, MAX_EXIF_BYTES)))
        ancillary += kind not in _PNG_CRITICAL
        if ancillary > MAX_ANCILLARY_CHUNKS:
            raise ExcessiveFile("PNG ancillary chunks")
    if size is None:
        raise MalformedFile("PNG without a header")
    return Header("PNG", *size, orientation=orientation, frames=max(frames, controls))


def _png_chunks(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    for _ in range(MAX_PARTS):
        start = file.read(8)
        # A missing end is the decoder's to judge: it knows whether a row is missing with it.
        if len(start) < 8 or start[4:] == b"IEND":
            return
        length, kind = struct.unpack(">I4s", start)
        after = file.tell() + length + 4
        yield kind, length
        file.seek(after)
    raise ExcessiveFile("PNG chunks")

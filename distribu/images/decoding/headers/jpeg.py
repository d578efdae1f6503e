"""The header of a JPEG: segments up to the first scan, and the number of scans."""

import re
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

# A progressive JPEG has 6 to 12 scans, and each costs a pass over the image: 5,000 scans in
# 231 kB take half a minute to decode. A PNG of 20 MB in the usual chunks of 8 kB has 2,500.
MAX_SCANS = 100
_JPEG_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_JPEG_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
_JPEG_STANDALONE = {0x01, *range(0xD0, 0xD8)}
# Inside coded data a byte of 255 is followed by 0, or by a restart marker.
_JPEG_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")


def read_jpeg(file: BinaryIO) -> Header:
    file.seek(2)
    size, components, is_progressive, orientation = None, 0, False, 1
    for marker, length in _jpeg_segments(file):
        if marker in _JPEG_FRAMES and size is None:
            height, width, components = struct.unpack_from(">xHHB", exactly(file, 6))
            size, is_progressive = (width, height), marker in _JPEG_PROGRESSIVE
        elif marker == 0xE1 and orientation == 1:
            block = exactly(file, min(length, MAX_EXIF_BYTES))
            orientation = exif_orientation(block) if block.startswith(b"Exif\0\0") else 1
        elif marker == 0xDA:
            if size is None:
                break
            # One scan with every component ends a sequential image: decoders stop there.
            is_multiscan = is_progressive or exactly(file, 1)[0] < components
            if is_multiscan:
                _count_scans(file.read())
            return Header("JPEG", *size, orientation, is_multiscan=is_multiscan)
    raise MalformedFile("JPEG without an image")


def _jpeg_segments(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Marker and length of each segment up to the end marker, file standing at its content."""
    for _ in range(MAX_PARTS):
        if exactly(file, 1) != b"\xff":
            raise MalformedFile("JPEG marker expected")
        marker = 0xFF
        while marker == 0xFF:
            marker = exactly(file, 1)[0]
        if marker in _JPEG_STANDALONE:
            continue
        if marker == 0xD9:
            return
        length = int.from_bytes(exactly(file, 2)) - 2
        after = file.tell() + length
        yield marker, length
        file.seek(after)
    raise ExcessiveFile("JPEG segments")


def _count_scans(data: bytes) -> None:
    scans, at = 1, 0
    while (found := _JPEG_MARKER.search(data, at)) is not None:
        marker, at = found[1][0], found.end()
        if marker == 0xD9:
            return
        if marker in _JPEG_STANDALONE:
            continue
        scans += marker == 0xDA
        if scans > MAX_SCANS:
            raise ExcessiveFile("JPEG scans")
        at += max(2, int.from_bytes(data[at : at + 2]))

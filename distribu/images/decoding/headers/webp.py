"""The header of a WebP: its RIFF chunks."""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from .reading import (
    MAX_EXIF_BYTES,
    MAX_FRAMES,
    MAX_PARTS,
    ExcessiveFile,
    Header,
    MalformedFile,
    exactly,
    exif_orientation,
)


def read_webp(file: BinaryIO) -> Header:
    file.seek(12)
    size, frames, is_lossless, orientation = None, 0, False, 1
    for kind, length in _webp_chunks(file):
        if kind == b"ANMF":
            frames += 1
            is_lossless |= frames == 1 and exactly(file, 20)[16:] == b"VP8L"
            if frames > MAX_FRAMES:
                raise ExcessiveFile("WebP frames")
        elif kind in (b"VP8X", b"VP8 ", b"VP8L"):
            size = size or _webp_size(kind, exactly(file, min(length, 10)))
            is_lossless |= kind == b"VP8L"
        elif kind == b"EXIF":
            orientation = exif_orientation(exactly(file, min(length, MAX_EXIF_BYTES)))
    if size is None:
        raise MalformedFile("WebP without an image")
    return Header("WEBP", *size, orientation, frames=max(1, frames), is_lossless=is_lossless)


def _webp_chunks(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    for _ in range(MAX_PARTS):
        start = file.read(8)
        if len(start) < 8:
            return
        kind, length = struct.unpack("<4sI", start)
        after = file.tell() + length + length % 2
        yield kind, length
        file.seek(after)
    raise ExcessiveFile("WebP chunks")


def _webp_size(kind: bytes, data: bytes) -> tuple[int, int]:
    if kind == b"VP8X":
        return int.from_bytes(data[4:7], "little") + 1, int.from_bytes(data[7:10], "little") + 1
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 1)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", data, 6)
    return width & 0x3FFF, height & 0x3FFF

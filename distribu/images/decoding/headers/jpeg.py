"""The header of a JPEG: segments up to the first scan, and the number of scans."""

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

# A progressive JPEG has 6 to 12 scans, and each costs a pass over the image: 5,000 scans in
# 231 kB take half a minute to decode. A PNG of 20 MB in the usual chunks of 8 kB has 2,500.
MAX_SCANS = 100
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
SCAN, END = 0xDA, 0xD9
_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
# Browsers look for these after an 0xFF, skipping stray bytes, fill and stand-alone markers.
_MARKERS = {*range(0xC0, 0xD0), *range(0xD9, 0xFF)}
# Maps each byte to its role in a marker. A regular expression restarts at each 0xFF, which took
# 15 ms for a megabyte of fill; finding a pair of mapped bytes takes the same time for any bytes.
_PARTS = bytes(
    ord("F" if byte == 0xFF else "M" if byte in _MARKERS else "-") for byte in range(256)
)
_FIRST_WINDOW, _LAST_WINDOW = 64, 1 << 18


def read_jpeg(data: bytes) -> Header:
    size, components, is_progressive, exif = None, 0, False, None
    for marker, start, length in jpeg_segments(data):
        if marker in FRAMES and size is None:
            height, width, components = struct.unpack_from(">xHHB", data, start)
            size, is_progressive = (width, height), marker in _PROGRESSIVE
        elif marker == 0xE1 and exif is None:
            # Browsers use the first block, even if it has no orientation.
            block = data[start : start + min(length, MAX_EXIF_BYTES)]
            exif = block if block.startswith(b"Exif\0") else None
        elif marker == SCAN and size:
            # A scan with every component completes a sequential image: decoders stop there.
            is_multiscan = is_progressive or data[start] < components
            if is_multiscan:
                _bound_scans(data, start)
            orientation = exif_orientation(exif) if exif else 1
            return Header("JPEG", *size, orientation, is_multiscan=is_multiscan)
    raise MalformedFile("JPEG without an image")


def jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield each marker up to the first scan or the end, with its content's start and length."""
    at = 2
    for _ in range(MAX_PARTS):
        found = _next_marker(data, at)
        if found is None or data[found] == END:
            return
        marker, start = data[found], found + 3
        # The length counts its own two bytes; decoders treat less than that as no content.
        length = max(0, int.from_bytes(data[found + 1 : start]) - 2)
        yield marker, start, length
        if marker == SCAN:
            return
        at = start + length
    raise ExcessiveFile("JPEG segments")


def _next_marker(data: bytes, at: int) -> int | None:
    """Return the index of the next marker's second byte, or None; fast if it is near."""
    window = _FIRST_WINDOW
    while at < len(data):
        found = data[at : at + window].translate(_PARTS).find(b"FM")
        if found >= 0:
            return at + found + 1
        # Step back by one: the last byte may be the first half of a pair.
        at += window - 1
        window = min(2 * window, _LAST_WINDOW)
    return None


def _bound_scans(data: bytes, start: int) -> None:
    """Raise ExcessiveFile for too many scans; coded data never looks like a scan marker."""
    at = start
    for _ in range(MAX_SCANS):
        at = data.find(b"\xff\xda", at) + 2
        if at == 1:
            return
    raise ExcessiveFile("JPEG scans")

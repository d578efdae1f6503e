"""Reduce files to the parts that carry pixels, before any decoder reads them.

Parts that are dropped anyway are not checked: text, comments, checksums of side chunks, trailers
and stray bytes. Colors, orientation and labels are read from the original first. Missing pixels
stay missing: nothing here makes half an image look whole.
"""

import struct
import zlib
from collections.abc import Iterator

from .headers.gif import FRAME, gif_parts, gif_screen, is_inside
from .headers.jpeg import FRAMES, SCAN, jpeg_segments
from .headers.png import SIGNATURE, png_chunks
from .headers.reading import ExcessiveFile, MalformedFile
from .headers.webp import webp_chunks

# Two fillers for the bytes that decoders look ahead; pixels must not depend on which one is used.
JPEG_PADDING, OTHER_JPEG_PADDING = b"\xff\0" * 8, b"\0" * 8
_JPEG_TABLES = FRAMES | {0xC4, 0xCC, 0xDB, 0xDD}
_ADOBE_BYTES = 12
_GRAPHIC_CONTROL, _APPLICATION = 0xF9, 0xFF
_GRAY, _TRUE_COLOR, _PALETTE = 0, 2, 3
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# First column and row of each pass over an interlaced PNG, and the steps between them.
_ADAM7 = (
    (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)
)  # fmt: skip
_INFLATED_AT_ONCE = 1_048_576
_WEBP_KEPT = (b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP")
_WEBP_PROFILE, _WEBP_SIDE_DATA = 0x20, 0x0C


def normalized(data: bytes, format: str) -> bytes:
    """Return the file reduced to its pixels, or unchanged if its structure is not understood."""
    try:
        return _NORMALIZERS[format](data)
    except (MalformedFile, ExcessiveFile, struct.error, IndexError, StopIteration):
        return data


def normalized_jpeg(data: bytes) -> bytes:
    pieces, scan, components = [b"\xff\xd8"], None, 0
    for marker, start, length in jpeg_segments(data):
        content = data[start : start + length]
        if marker == SCAN:
            scan = start
        elif marker in _JPEG_TABLES or _is_of_colors(marker, content):
            pieces.append(struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content)
            components = content[5] if marker in FRAMES and not components else components
            is_progressive = marker in FRAMES and marker & 3 == 2
            components = 256 if is_progressive else components
    if scan is None:
        raise MalformedFile("JPEG without a scan")
    coded = data[scan - 4 :]
    end = coded.find(b"\xff\xd9")
    if data[scan] >= components:
        # Decoders fill missing rows if there is an end marker; without one they report an error.
        coded = coded[: end if end > 0 else None] + JPEG_PADDING
    elif end < 0:
        coded += JPEG_PADDING + b"\xff\xd9"
    return b"".join([*pieces, coded])


def _is_of_colors(marker: int, content: bytes) -> bool:
    return (
        (marker == 0xE0 and content.startswith(b"JFIF\0"))
        or (marker == 0xE2 and content.startswith(b"ICC_PROFILE\0"))
        or (marker == 0xEE and content.startswith(b"Adobe") and len(content) >= _ADOBE_BYTES)
    )


def normalized_png(data: bytes) -> bytes:
    chunks = list(png_chunks(data))
    is_animated = sum(kind == b"fcTL" for kind, _, _ in chunks) > 1
    kept = {b"IDAT"} | ({b"acTL", b"fcTL", b"fdAT"} if is_animated else set())
    header = next(data[start : start + 13] for kind, start, _ in chunks if kind == b"IHDR")
    pieces = [SIGNATURE, png_chunk(b"IHDR", header), *_palette_chunks(data, chunks, header)]
    for kind, start, length in chunks:
        if kind in kept:
            # Keep the original checksum, so damaged pixels stay damaged.
            pieces.append(data[start - 8 : start + length + 4])
    return b"".join([*pieces, png_chunk(b"IEND", b"")])


def _palette_chunks(
    data: bytes, chunks: list[tuple[bytes, int, int]], header: bytes
) -> Iterator[bytes]:
    """Yield PLTE unchanged, and tRNS if it is valid, with its color key as Pillow scales it."""
    depth, color_type = header[8], header[9]
    has_palette = has_key = False
    for kind, start, length in chunks:
        if kind == b"IDAT":
            return
        if kind == b"PLTE" and not has_palette:
            has_palette = True
            yield data[start - 8 : start + length + 4]
        elif kind == b"tRNS" and not has_key and _is_sound(data, start, length):
            key = _scaled_key(data[start : start + length], depth, color_type, has_palette)
            has_key = key is not None
            if key:
                yield png_chunk(b"tRNS", key)


def _is_sound(data: bytes, start: int, length: int) -> bool:
    checksum = int.from_bytes(data[start + length : start + length + 4])
    return length <= 256 and zlib.crc32(data[start - 4 : start + length]) == checksum


def _scaled_key(key: bytes, depth: int, color_type: int, has_palette: bool) -> bytes | None:
    if color_type == _PALETTE:
        return key if has_palette else None
    if color_type == _GRAY and len(key) >= 2:
        # Pillow scales samples of fewer bits to 8, but compares them with the unscaled key.
        level = int.from_bytes(key[:2])
        return key[:2] if depth >= 8 else struct.pack(">H", level * 255 // ((1 << depth) - 1))
    if color_type == _TRUE_COLOR and len(key) >= 6:
        shift = depth - 8
        return struct.pack(">3H", *(part >> shift for part in struct.unpack_from(">3H", key)))
    return None


def png_chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I4s", len(content), kind) + content + struct.pack(">I", checksum)


def has_every_row(data: bytes) -> bool:
    """Return whether a normalized PNG has as much coded data as its pixels need."""
    width, height, depth, color_type, _, _, is_interlaced = struct.unpack_from(">IIBBBBB", data, 16)
    bits = depth * _CHANNELS[color_type]
    expected = 0
    for x, y, step_x, step_y in _ADAM7 if is_interlaced else ((0, 0, 1, 1),):
        columns, rows = -(-(width - x) // step_x), -(-(height - y) // step_y)
        expected += rows * (1 + -(-columns * bits // 8)) if columns > 0 and rows > 0 else 0
    return _inflated_bytes(data, expected) >= expected


def _inflated_bytes(data: bytes, enough: int) -> int:
    inflater, total = zlib.decompressobj(), 0
    for kind, start, length in png_chunks(data):
        waiting = data[start : start + length] if kind == b"IDAT" else b""
        while waiting and total < enough and not inflater.eof:
            total += len(inflater.decompress(waiting, _INFLATED_AT_ONCE))
            waiting = inflater.unconsumed_tail
    return total


def normalized_gif(data: bytes) -> bytes:
    parts = list(gif_parts(data))
    screen = gif_screen(data, next(part for part in parts if part.label == FRAME))
    palette_end = 13 + (3 << ((data[10] & 7) + 1) if data[10] & 0x80 else 0)
    pieces = [data[:6], struct.pack("<HH", *screen), data[10:palette_end]]
    control = b""
    for part in parts:
        content = data[part.start : part.stop]
        if part.label == _GRAPHIC_CONTROL:
            control = content
        elif part.label == _APPLICATION and content[3:14] == b"NETSCAPE2.0":
            pieces.append(content)
        elif part.label == FRAME:
            pieces += [control, content] if is_inside(part, screen) else []
            control = b""
    return b"".join([*pieces, b";"])


def normalized_webp(data: bytes) -> bytes:
    chunks = list(webp_chunks(data))
    kinds = {kind for kind, _, _ in chunks}
    pieces: list[bytes] = []
    for kind, start, length in chunks:
        content = data[start : start + length]
        if kind == b"VP8X" and not pieces:
            absent = 0 if b"ICCP" in kinds else _WEBP_PROFILE
            flags = content[0] & ~(_WEBP_SIDE_DATA | absent)
            content = bytes([flags]) + content[1:]
        elif kind not in _WEBP_KEPT:
            continue
        pieces.append(struct.pack("<4sI", kind, len(content)) + content + b"\0" * (length % 2))
        if kind in (b"VP8 ", b"VP8L"):
            break
    body = b"WEBP" + b"".join(pieces)
    return struct.pack("<4sI", b"RIFF", len(body)) + body


def normalized_avif(data: bytes) -> bytes:
    # AVIF refers to its data by offsets into the file, so nothing can be removed.
    return data


_NORMALIZERS = {
    "JPEG": normalized_jpeg,
    "PNG": normalized_png,
    "GIF": normalized_gif,
    "WEBP": normalized_webp,
    "AVIF": normalized_avif,
}

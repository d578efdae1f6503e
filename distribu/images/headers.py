"""What a file says about itself, read in plain Python before any decoder sees it.

Every reader walks its format's own structure, reads little, and counts what a hostile file
would multiply: scans, chunks, segments and frames. No decoder runs here, so the server may
call it on anything.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

# A progressive JPEG has 6 to 12 scans, and each costs a pass over the picture: 5,000 scans in
# 231 kB take half a minute to decode. A PNG of 20 MB in the usual chunks of 8 kB has 2,500.
MAX_SCANS = 100
MAX_PARTS = 10_000
MAX_ANCILLARY_CHUNKS = 1_000
MAX_FRAMES = 2_000
MAX_META_BYTES = 1_048_576
MAX_EXIF_BYTES = 65_536

# 64 bytes hold the signature of every format, and the brands of an AVIF or HEIC.
SIGNATURE_BYTES = 64
HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
AVIF_BRANDS = {b"avif", b"avis"}


class MalformedFile(ValueError):
    """The file breaks the rules of its format."""


class ExcessiveFile(ValueError):
    """The file has more parts than any honest picture."""


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


def sniff(signature: bytes) -> str | None:
    """Name the format by the first SIGNATURE_BYTES, "HEIC" included; None if it is no picture."""
    if signature.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if signature.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if signature.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if signature.startswith(b"RIFF") and signature[8:12] == b"WEBP":
        return "WEBP"
    if signature[4:8] == b"ftyp":
        return _sniff_brands(signature)
    return None


def _sniff_brands(signature: bytes) -> str | None:
    length = min(int.from_bytes(signature[:4]), len(signature))
    brands = {signature[8:12]} | {signature[at : at + 4] for at in range(16, length, 4)}
    if brands & AVIF_BRANDS:
        return "AVIF"
    return "HEIC" if brands & HEIC_BRANDS else None


def read_header(file: BinaryIO, format: str) -> Header:
    """Read what file, of that format, says about itself.

    file: open at any place, left anywhere.
    Raises MalformedFile and ExcessiveFile.
    """
    file.seek(0)
    try:
        return _READERS[format](file)
    except (struct.error, IndexError) as error:
        raise MalformedFile(f"{format}: {error}") from error


def _exact(file: BinaryIO, count: int) -> bytes:
    data = file.read(count)
    if len(data) < count:
        raise MalformedFile("the file ends too early")
    return data


def _exif_orientation(tiff: bytes) -> int:
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


_JPEG_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_JPEG_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
_JPEG_STANDALONE = {0x01, *range(0xD0, 0xD8)}
# Inside coded data a byte of 255 is followed by 0, or by a restart marker.
_JPEG_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")


def _read_jpeg(file: BinaryIO) -> Header:
    file.seek(2)
    size, components, is_progressive, orientation = None, 0, False, 1
    for marker, length in _jpeg_segments(file):
        if marker in _JPEG_FRAMES and size is None:
            height, width, components = struct.unpack_from(">xHHB", _exact(file, 6))
            size, is_progressive = (width, height), marker in _JPEG_PROGRESSIVE
        elif marker == 0xE1 and orientation == 1:
            block = _exact(file, min(length, MAX_EXIF_BYTES))
            orientation = _exif_orientation(block) if block.startswith(b"Exif\0\0") else 1
        elif marker == 0xDA:
            if size is None:
                break
            # One scan with every component ends a sequential picture: decoders stop there.
            is_multiscan = is_progressive or _exact(file, 1)[0] < components
            if is_multiscan:
                _count_scans(file.read())
            return Header("JPEG", *size, orientation, is_multiscan=is_multiscan)
    raise MalformedFile("JPEG without a picture")


def _jpeg_segments(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Marker and length of each segment up to the end marker, file standing at its content."""
    for _ in range(MAX_PARTS):
        if _exact(file, 1) != b"\xff":
            raise MalformedFile("JPEG marker expected")
        marker = 0xFF
        while marker == 0xFF:
            marker = _exact(file, 1)[0]
        if marker in _JPEG_STANDALONE:
            continue
        if marker == 0xD9:
            return
        length = int.from_bytes(_exact(file, 2)) - 2
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


_PNG_CRITICAL = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"fcTL", b"fdAT"}


def _read_png(file: BinaryIO) -> Header:
    file.seek(8)
    size, frames, controls, ancillary, orientation = None, 1, 0, 0, 1
    for kind, length in _png_chunks(file):
        if kind == b"IHDR":
            size = struct.unpack(">II", _exact(file, 8))
        elif kind == b"acTL":
            frames = max(1, int.from_bytes(_exact(file, 4)))
        elif kind == b"fcTL":
            controls += 1
        elif kind == b"eXIf":
            orientation = _exif_orientation(_exact(file, min(length, MAX_EXIF_BYTES)))
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


def _read_gif(file: BinaryIO) -> Header:
    file.seek(6)
    width, height, flags = struct.unpack("<HHBxx", _exact(file, 7))
    _skip_palette(file, flags)
    frames = 0
    while (kind := file.read(1)) not in (b"", b";"):
        if kind == b",":
            left, top, frame_width, frame_height, flags = struct.unpack("<HHHHB", _exact(file, 9))
            # Decoders grow the picture to the frame: 44 bytes can ask for 4 gigapixels.
            if left + frame_width > width or top + frame_height > height:
                raise MalformedFile("GIF frame larger than its picture")
            frames += 1
            if frames > MAX_FRAMES:
                raise ExcessiveFile("GIF frames")
            _skip_palette(file, flags)
            file.seek(1, 1)
        elif kind == b"!":
            file.seek(1, 1)
        else:
            raise MalformedFile("GIF block expected")
        _skip_gif_blocks(file)
    if not frames:
        raise MalformedFile("GIF without a picture")
    return Header("GIF", width, height, frames=frames)


def _skip_palette(file: BinaryIO, flags: int) -> None:
    if flags & 0x80:
        file.seek(3 << ((flags & 7) + 1), 1)


def _skip_gif_blocks(file: BinaryIO) -> None:
    while length := file.read(1).ljust(1, b"\0")[0]:
        file.seek(length, 1)


def _read_webp(file: BinaryIO) -> Header:
    file.seek(12)
    size, frames, is_lossless, orientation = None, 0, False, 1
    for kind, length in _webp_chunks(file):
        if kind == b"ANMF":
            frames += 1
            is_lossless |= frames == 1 and _exact(file, 20)[16:] == b"VP8L"
            if frames > MAX_FRAMES:
                raise ExcessiveFile("WebP frames")
        elif kind in (b"VP8X", b"VP8 ", b"VP8L"):
            size = size or _webp_size(kind, _exact(file, min(length, 10)))
            is_lossless |= kind == b"VP8L"
        elif kind == b"EXIF":
            orientation = _exif_orientation(_exact(file, min(length, MAX_EXIF_BYTES)))
    if size is None:
        raise MalformedFile("WebP without a picture")
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


# AVIF: boxes in boxes, as in every ISO media file

_TRACK_PATH = (b"trak", b"mdia", b"minf", b"stbl")
# How a quarter turn (anticlockwise) and a mirror together read as an EXIF orientation.
_AVIF_ORIENTATIONS = {
    (0, None): 1, (1, None): 8, (2, None): 3, (3, None): 6,
    (0, 0): 4, (1, 0): 5, (2, 0): 2, (3, 0): 7,
    (0, 1): 2, (1, 1): 7, (2, 1): 4, (3, 1): 5,
}  # fmt: skip


def _read_avif(file: BinaryIO) -> Header:
    brand, item, track = b"", None, None
    for kind, length in _file_boxes(file):
        if kind == b"ftyp":
            brand = _exact(file, min(length, 4))
        elif kind in (b"meta", b"moov"):
            if length > MAX_META_BYTES:
                raise ExcessiveFile("AVIF index")
            data = _exact(file, length)
            item = _avif_item(data[4:]) if kind == b"meta" else item
            track = _avif_track(data) if kind == b"moov" else track
    if track is not None and (brand == b"avis" or item is None):
        return track
    if item is None:
        raise MalformedFile("AVIF without a picture")
    return item


def _file_boxes(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    for _ in range(MAX_PARTS):
        start = file.read(8)
        if len(start) < 8:
            return
        length, kind = struct.unpack(">I4s", start)
        if length == 1:
            length = int.from_bytes(_exact(file, 8)) - 8
        # 0: the box lasts to the end of the file. So does one that is longer than any file here.
        if not 8 <= length < 1 << 32:
            return
        after = file.tell() + length - 8
        yield kind, length - 8
        file.seek(after)
    raise ExcessiveFile("AVIF boxes")


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if length < 8:
            return
        yield kind, data[at + 8 : at + length]
        at += length


def _box(data: bytes, kind: bytes) -> bytes:
    return next((content for found, content in _boxes(data) if found == kind), b"")


def _avif_item(meta: bytes) -> Header:
    properties = list(_boxes(_box(_box(meta, b"iprp"), b"ipco")))
    primary = _box(meta, b"pitm")
    item_id = int.from_bytes(primary[4:8] if primary[:1] == b"\1" else primary[4:6])
    size, turn, mirror = None, 0, None
    for index in _avif_associations(_box(_box(meta, b"iprp"), b"ipma"), item_id):
        kind, content = properties[index - 1]
        if kind == b"ispe":
            size = struct.unpack_from(">II", content, 4)
        elif kind == b"irot":
            turn = content[0] & 3
        elif kind == b"imir":
            mirror = content[0] & 1
    if size is None:
        raise MalformedFile("AVIF without a size")
    return Header("AVIF", *size, orientation=_AVIF_ORIENTATIONS[turn, mirror])


def _avif_associations(ipma: bytes, item_id: int) -> list[int]:
    """Numbers, from 1, of the properties that belong to an item."""
    id_bytes, index_bytes = (4 if ipma[0] else 2), (2 if ipma[3] & 1 else 1)
    (entries,) = struct.unpack_from(">I", ipma, 4)
    at = 8
    for _ in range(min(entries, MAX_PARTS)):
        found = int.from_bytes(ipma[at : at + id_bytes])
        count = ipma[at + id_bytes]
        at += id_bytes + 1
        end = at + count * index_bytes
        if found == item_id:
            # The top bit says "essential"; the rest is the number.
            mask = (1 << 8 * index_bytes - 1) - 1
            pieces = (ipma[start : start + index_bytes] for start in range(at, end, index_bytes))
            return [number for piece in pieces if (number := int.from_bytes(piece) & mask)]
        at = end
    return []


def _avif_track(moov: bytes) -> Header | None:
    table = moov
    for kind in _TRACK_PATH:
        table = _box(table, kind)
    entry, samples = _box(table, b"stsd")[8:], _box(table, b"stsz")
    if not entry or not samples:
        return None
    width, height = struct.unpack_from(">HH", entry, 32)
    (frames,) = struct.unpack_from(">I", samples, 8)
    return Header("AVIF", width, height, frames=max(1, frames))


_READERS = {
    "JPEG": _read_jpeg,
    "PNG": _read_png,
    "GIF": _read_gif,
    "WEBP": _read_webp,
    "AVIF": _read_avif,
}

"""The header of an AVIF: nested boxes, as in every ISO media file."""

import struct
from collections.abc import Iterator

from .reading import MAX_META_BYTES, MAX_PARTS, ExcessiveFile, Header, MalformedFile

_TRACK_PATH = (b"trak", b"mdia", b"minf", b"stbl")
# The EXIF orientation that equals some quarter turns (counterclockwise) and a mirror axis.
_AVIF_ORIENTATIONS = {
    (0, None): 1, (1, None): 8, (2, None): 3, (3, None): 6,
    (0, 0): 4, (1, 0): 5, (2, 0): 2, (3, 0): 7,
    (0, 1): 2, (1, 1): 7, (2, 1): 4, (3, 1): 5,
}  # fmt: skip


def read_avif(data: bytes) -> Header:
    brand, item, track = b"", None, None
    for kind, start, length in _file_boxes(data):
        if kind == b"ftyp":
            brand = data[start : start + min(length, 4)]
        # If there are several, the first counts.
        elif (kind == b"meta" and item is None) or (kind == b"moov" and track is None):
            if length > MAX_META_BYTES:
                raise ExcessiveFile("AVIF index")
            content = data[start : start + length]
            item = _avif_item(content[4:]) if kind == b"meta" else item
            track = _avif_track(content) if kind == b"moov" else track
    if track is not None and (brand == b"avis" or item is None):
        return track
    if item is None:
        raise MalformedFile("AVIF without an image")
    return item


def _file_boxes(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind of each box, with the start and length of its content."""
    at = 0
    for _ in range(MAX_PARTS):
        if at + 8 > len(data):
            return
        length, kind = struct.unpack_from(">I4s", data, at)
        start = at + 8
        if length == 1:
            length = int.from_bytes(data[start : start + 8])
            start += 8
        # 0 means that the box lasts to the end of the file, as does one longer than any file here.
        if not start - at <= length < 1 << 32:
            return
        yield kind, start, at + length - start
        at += length
    raise ExcessiveFile("AVIF boxes")


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    for _ in range(MAX_PARTS):
        if at + 8 > len(data):
            return
        length, kind = struct.unpack_from(">I4s", data, at)
        if length < 8:
            return
        yield kind, data[at + 8 : at + length]
        at += length
    raise ExcessiveFile("AVIF boxes")


def _box(data: bytes, kind: bytes) -> bytes:
    return next((content for found, content in _boxes(data) if found == kind), b"")


def _avif_item(meta: bytes) -> Header:
    properties = list(_boxes(_box(_box(meta, b"iprp"), b"ipco")))
    primary = _box(meta, b"pitm")
    item_id = int.from_bytes(primary[4:8] if primary[:1] == b"\1" else primary[4:6])
    size: tuple[int, int] | None = None
    color_code: tuple[int, int] | None = None
    turn, mirror, has_profile = 0, None, False
    for index in _avif_associations(_box(_box(meta, b"iprp"), b"ipma"), item_id):
        kind, content = properties[index - 1]
        if kind == b"ispe":
            size = struct.unpack_from(">II", content, 4)
        elif kind == b"irot":
            turn = content[0] & 3
        elif kind == b"imir":
            mirror = content[0] & 1
        elif kind == b"colr" and content[:4] == b"nclx":
            color_code = struct.unpack_from(">HH", content, 4)
        elif kind == b"colr":
            has_profile = True
    if size is None:
        raise MalformedFile("AVIF without a size")
    orientation = _AVIF_ORIENTATIONS[turn, mirror]
    return Header(
        "AVIF",
        *size,
        orientation=orientation,
        color_code=None if has_profile else color_code,
    )


def _avif_associations(ipma: bytes, item_id: int) -> list[int]:
    """Return the numbers, from 1, of an item's properties."""
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

"""Metadata of a file: one label is published, everything else is dropped.

The label is IPTC's DigitalSourceType, which marks images made by AI; marketplaces forbid
removing it.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from .headers.jpeg import jpeg_segments
from .headers.png import png_chunks
from .headers.reading import MAX_EXIF_BYTES, ExcessiveFile, MalformedFile
from .headers.webp import webp_chunks

# The terms of cv.iptc.org/newscodes/digitalsourcetype; nothing else is ever written.
SOURCE_TYPES = frozenset(
    [
        "algorithmicMedia",
        "algorithmicallyEnhanced",
        "composite",
        "compositeCapture",
        "compositeSynthetic",
        "compositeWithTrainedAlgorithmicMedia",
        "computationalCapture",
        "dataDrivenMedia",
        "digitalArt",
        "digitalCapture",
        "digitalCreation",
        "humanEdits",
        "minorHumanEdits",
        "multiFrameComputationalCapture",
        "negativeFilm",
        "positiveFilm",
        "print",
        "screenCapture",
        "softwareImage",
        "trainedAlgorithmicMedia",
        "virtualRecording",
    ]
)
_MAX_BLOCK_BYTES = 1_048_576
_MAX_ENTRIES = 512
_LABEL = re.compile(
    rb"DigitalSourceType[^A-Za-z]{1,20}(?:rdf:resource[^A-Za-z]{1,9})?"
    rb"https?://cv\.iptc\.org/newscodes/digitalsourcetype/([A-Za-z]{1,60})"
)
_XMP_OF_JPEG, _XMP_OF_PNG = b"http://ns.adobe.com/xap/1.0/\0", b"XML:com.adobe.xmp\0"
_EXIF_OF_AVIF = re.compile(rb"Exif\0\0(?:MM\0\*|II\*\0)")
_LOCATION, _CAMERA = {0x8825}, {0x010F, 0x0110}


@dataclass(frozen=True)
class SideData:
    """Metadata found in a file. source_type: a term of SOURCE_TYPES, or None."""

    has_location: bool = False
    has_camera: bool = False
    source_type: str | None = None


def read_side_data(data: bytes, format: str) -> SideData:
    """Read a file's metadata; empty if its structure is not understood."""
    tags, texts = set(), []
    try:
        for kind, block in _READERS[format](data):
            if kind == "exif":
                tags |= _exif_tags(block)
            else:
                texts.append(block)
    except (MalformedFile, ExcessiveFile, struct.error, IndexError):
        return SideData()
    return SideData(
        has_location=bool(tags & _LOCATION) or any(b"exif:GPS" in text for text in texts),
        has_camera=bool(tags & _CAMERA) or any(b"tiff:Make" in text for text in texts),
        source_type=next(filter(None, map(_source_type, texts)), None),
    )


def source_type_packet(source_type: str) -> bytes:
    """Return an XMP packet with this DigitalSourceType and nothing else."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" '
        'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
        "Iptc4xmpExt:DigitalSourceType="
        f'"http://cv.iptc.org/newscodes/digitalsourcetype/{source_type}"/>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def _source_type(text: bytes) -> str | None:
    found = _LABEL.search(text)
    term = found and found[1].decode()
    return term if term in SOURCE_TYPES else None


def _exif_tags(tiff: bytes) -> set[int]:
    """Return the tags in the first directory of an EXIF block."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 10:
        return set()
    (start,) = struct.unpack_from(order + "I", tiff, 4)
    (entries,) = struct.unpack(order + "H", tiff[start : start + 2].ljust(2, b"\0"))
    last = min(start + 2 + 12 * min(entries, _MAX_ENTRIES), len(tiff) - 11)
    return {struct.unpack_from(order + "H", tiff, at)[0] for at in range(start + 2, last, 12)}


def _of_jpeg(data: bytes) -> Iterator[tuple[str, bytes]]:
    for marker, start, length in jpeg_segments(data):
        block = data[start : start + length]
        if marker == 0xE1 and block.startswith(b"Exif\0"):
            yield "exif", block[6:]
        elif (marker == 0xE1 and block.startswith(_XMP_OF_JPEG)) or marker == 0xED:
            yield "text", block


def _of_png(data: bytes) -> Iterator[tuple[str, bytes]]:
    for kind, start, length in png_chunks(data):
        if kind == b"eXIf":
            yield "exif", data[start : start + min(length, MAX_EXIF_BYTES)]
        elif kind == b"iTXt" and data.startswith(_XMP_OF_PNG, start):
            is_compressed = data[start + len(_XMP_OF_PNG)] == 1
            text = data[start + len(_XMP_OF_PNG) + 2 : start + length]
            yield "text", _inflated(text) if is_compressed else text[:_MAX_BLOCK_BYTES]


def _inflated(text: bytes) -> bytes:
    # After the language and the translated keyword, each of which ends with a zero.
    compressed = text.split(b"\0", 2)[-1]
    try:
        return zlib.decompressobj().decompress(compressed, _MAX_BLOCK_BYTES)
    except zlib.error:
        return b""


def _of_webp(data: bytes) -> Iterator[tuple[str, bytes]]:
    for kind, start, length in webp_chunks(data):
        block = data[start : start + min(length, _MAX_BLOCK_BYTES)]
        if kind == b"EXIF":
            yield "exif", block.removeprefix(b"Exif\0\0")
        elif kind == b"XMP ":
            yield "text", block


def _of_avif(data: bytes) -> Iterator[tuple[str, bytes]]:
    if found := _EXIF_OF_AVIF.search(data):
        yield "exif", data[found.start() + 6 : found.start() + MAX_EXIF_BYTES]
    at = data.find(b"<x:xmpmeta")
    if at >= 0:
        yield "text", data[at : at + _MAX_BLOCK_BYTES]


def _of_gif(data: bytes) -> Iterator[tuple[str, bytes]]:
    at = data.find(b"XMP DataXMP")
    if at >= 0:
        yield "text", data[at : at + _MAX_BLOCK_BYTES]


_READERS = {"JPEG": _of_jpeg, "PNG": _of_png, "WEBP": _of_webp, "AVIF": _of_avif, "GIF": _of_gif}

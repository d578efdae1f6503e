"""Read a file's header in plain Python, before any decoder sees the file.

Each reader walks the structure of its format, reads little, and counts the parts that a hostile
file would multiply: scans, chunks, segments, blocks and frames. It skips what browsers skip. No
decoder runs here, so the server may call it on anything.
"""

import struct

from .avif import read_avif
from .gif import read_gif
from .jpeg import read_jpeg
from .png import read_png
from .reading import Header, MalformedFile
from .webp import read_webp

# 64 bytes hold the signature of every format, and the brands of an AVIF or HEIC.
SIGNATURE_BYTES = 64
HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
AVIF_BRANDS = {b"avif", b"avis"}


def sniff(signature: bytes) -> str | None:
    """Name the format from the first SIGNATURE_BYTES, also "HEIC"; None if it is not an image."""
    if signature.startswith(b"\xff\xd8"):
        return "JPEG"
    # The rest of the signature shows damage in transfer; the format is clear without it.
    if signature[1:4] == b"PNG":
        return "PNG"
    if signature.startswith(b"GIF"):
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


def read_header(data: bytes, format: str) -> Header:
    """Read the header of a file in that format.

    data: the whole file, as bytes or as an mmap of it.
    Raises MalformedFile and ExcessiveFile.
    """
    try:
        return _READERS[format](data)
    except (struct.error, IndexError) as error:
        raise MalformedFile(f"{format}: {error}") from error


_READERS = {
    "JPEG": read_jpeg,
    "PNG": read_png,
    "GIF": read_gif,
    "WEBP": read_webp,
    "AVIF": read_avif,
}

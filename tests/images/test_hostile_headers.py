"""Header work follows the bytes of a file, not the parts that a hostile one multiplies."""

import struct
import sys
from contextlib import suppress
from io import BytesIO

import pytest

from distribu.images.decoding.normalizing import normalized
from distribu.images.decoding.policies import PUBLISHED, InvalidImage
from distribu.images.decoding.probe import probe
from tests.images import image_files
from tests.images.image_files import png_chunk

MEGABYTE = 1_000_000
# Lines of Python that run whatever the size, and for so many bytes one more: a loop over
# single bytes or over empty parts runs at least one line for each three.
LINES, BYTES_PER_LINE = 250_000, 8


def repeated(start: bytes, part: bytes, end: bytes = b"") -> bytes:
    return start + part * ((3 * MEGABYTE - len(start)) // len(part)) + end


def hostile_files() -> dict[str, bytes]:
    jpeg = image_files.jpeg(64, 64).getvalue()
    progressive = image_files.jpeg(64, 64, progressive=True).getvalue()
    scan = progressive.index(b"\xff\xda")
    gif = image_files.gif(16, 16).getvalue()
    png = image_files.png(40, 30).getvalue()
    webp = image_files.webp(40, 30).getvalue()
    avif = image_files.avif(40, 30).getvalue()
    exif = b"Exif\0\0MM\0*\0\0\0\x08\x15\x18" + bytes(64_000)
    block = struct.pack(">BBH", 0xFF, 0xE1, len(exif) + 2) + exif
    index = struct.pack(">I4s", 1_000_000, b"meta") + struct.pack(">I4s", 8, b"free") * 124_999
    return {
        "jpeg-fill": repeated(jpeg[:2], b"\xff", jpeg[2:]),
        "jpeg-zeros": repeated(jpeg[:2], b"\0", jpeg[2:]),
        "jpeg-stray-pairs": repeated(jpeg[:2], b"\xff\0", jpeg[2:]),
        "jpeg-empty-segments": repeated(jpeg[:2], b"\xff\xc4\0\2", jpeg[2:]),
        "jpeg-short-segments": repeated(jpeg[:2], b"\xff\xe5\0\0", jpeg[2:]),
        "jpeg-exif": repeated(jpeg[:2], block, jpeg[2:]),
        "jpeg-scan-markers": repeated(progressive[:scan], b"\xff\xda\0\2"),
        "jpeg-markers": repeated(progressive[:-2], b"\xff\1"),
        "gif-blocks": repeated(gif[:-2], b"\1\0"[:1] + b"x", b"\0;"),
        "gif-extensions": repeated(gif[:-1], b"!\xfe\0", b";"),
        "gif-frames": repeated(gif[:-1], gif[gif.index(b",", 13) : -1], b";"),
        "png-chunks": repeated(png[:33], png_chunk(b"IDAT", b""), png[33:]),
        "png-side-chunks": repeated(png[:33], png_chunk(b"tEXt", b""), png[33:]),
        "webp-chunks": repeated(webp, b"JUNK\0\0\0\0"),
        "webp-frames": repeated(webp[:12], b"ANMF\0\0\0\0"),
        "avif-boxes": repeated(avif, struct.pack(">I4s", 8, b"free")),
        "avif-index": repeated(avif[:32], index),
    }


HOSTILE = hostile_files()


def lines_run(act) -> int:
    """Count the lines of Python that a call runs; fail at ten times the allowed number."""
    count = 0

    def trace(frame, event, argument):
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        act()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("name", HOSTILE)
def test_header_work_is_bounded_by_bytes(name):
    def read() -> None:
        with suppress(InvalidImage):
            probe(BytesIO(HOSTILE[name]), PUBLISHED)

    assert lines_run(read) <= LINES + len(HOSTILE[name]) / BYTES_PER_LINE


@pytest.mark.parametrize("name", HOSTILE)
def test_reducing_is_bounded_by_bytes(name):
    data = HOSTILE[name]

    def reduce() -> None:
        normalized(data, name.split("-")[0].upper())

    assert lines_run(reduce) <= LINES + len(data) / BYTES_PER_LINE


def test_broken_signature_is_damaged():
    data = image_files.png(40, 30).getvalue().replace(b"\r\n", b"\n", 1)
    with pytest.raises(InvalidImage) as caught:
        probe(BytesIO(data), PUBLISHED)
    assert caught.value.code == "damaged"


@pytest.mark.parametrize("kind", [b"VP8X", b"VP8 ", b"VP8L"])
def test_noise_behind_a_webp_header_is_damaged(kind):
    noise = image_files.noise(64, 64).tobytes()
    data = b"RIFF" + struct.pack("<I", len(noise) + 12) + b"WEBP" + kind + b"\xff\0\0\0" + noise
    with pytest.raises(InvalidImage) as caught:
        probe(BytesIO(data), PUBLISHED)
    assert caught.value.code == "damaged"

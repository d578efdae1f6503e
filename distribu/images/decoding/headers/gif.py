"""The header of a GIF: its blocks, and the size of each frame."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from .reading import MAX_FRAMES, MAX_PARTS, ExcessiveFile, Header, MalformedFile

FRAME = -1
_IMAGE, _EXTENSION = 0x2C, 0x21
# An honest encoder fills its blocks of up to 255 bytes; shorter ones on average are suspect.
_BYTES_PER_BLOCK = 32


@dataclass(frozen=True)
class GifPart:
    """One part of the file, data[start:stop]: an extension with its label, or a FRAME.

    box: left, upper, right and lower side of a frame.
    """

    label: int
    start: int
    stop: int
    box: tuple[int, int, int, int] = (0, 0, 0, 0)


def read_gif(data: bytes) -> Header:
    if data[3:6] not in (b"87a", b"89a"):
        raise MalformedFile("GIF signature")
    screen, frames = None, 0
    for part in gif_parts(data):
        if part.label != FRAME:
            continue
        screen = screen or gif_screen(data, part)
        frames += is_inside(part, screen)
        if frames > MAX_FRAMES:
            raise ExcessiveFile("GIF frames")
    if screen is None:
        raise MalformedFile("GIF without an image")
    return Header("GIF", *screen, frames=frames)


def gif_screen(data: bytes, first: GifPart) -> tuple[int, int]:
    """Return the screen size, enlarged to fit the first frame as in browsers."""
    width, height = struct.unpack_from("<HH", data, 6)
    return max(width, first.box[2]), max(height, first.box[3])


def is_inside(part: GifPart, screen: tuple[int, int]) -> bool:
    return part.box[2] <= screen[0] and part.box[3] <= screen[1]


def gif_parts(data: bytes) -> Iterator[GifPart]:
    """Yield each frame and extension in turn."""
    at, blocks_left = 13 + _palette_bytes(data[10]), MAX_PARTS + len(data) // _BYTES_PER_BLOCK
    for _ in range(MAX_PARTS):
        # Anything else ends the file, as in browsers: some encoders pad it.
        if at >= len(data) or data[at] not in (_IMAGE, _EXTENSION):
            return
        start, label, box = at, data[at + 1], (0, 0, 0, 0)
        at += 2
        if data[start] == _IMAGE:
            left, upper, width, height, flags = struct.unpack_from("<HHHHB", data, start + 1)
            label, box = FRAME, (left, upper, left + width, upper + height)
            at = start + 11 + _palette_bytes(flags)
        at, blocks_left = _skip_blocks(data, at, blocks_left)
        yield GifPart(label, start, at, box)
    raise ExcessiveFile("GIF parts")


def _palette_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _skip_blocks(data: bytes, at: int, blocks_left: int) -> tuple[int, int]:
    """Return the start of the next part, and how many more blocks the file may have."""
    end = len(data)
    while at < end and (length := data[at]):
        at += length + 1
        blocks_left -= 1
        if blocks_left < 0:
            raise ExcessiveFile("GIF blocks")
    return at + 1, blocks_left

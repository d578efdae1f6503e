"""The header of a GIF: its blocks, and the size of each frame."""

import struct
from typing import BinaryIO

from .reading import MAX_FRAMES, ExcessiveFile, Header, MalformedFile, exactly


def read_gif(file: BinaryIO) -> Header:
    file.seek(6)
    width, height, flags = struct.unpack("<HHBxx", exactly(file, 7))
    _skip_palette(file, flags)
    frames = 0
    while (kind := file.read(1)) not in (b"", b";"):
        if kind == b",":
            left, top, frame_width, frame_height, flags = struct.unpack("<HHHHB", exactly(file, 9))
            # Decoders grow the image to the frame: 44 bytes can ask for 4 gigapixels.
            if left + frame_width > width or top + frame_height > height:
                raise MalformedFile("GIF frame larger than its image")
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
        raise MalformedFile("GIF without an image")
    return Header("GIF", width, height, frames=frames)


def _skip_palette(file: BinaryIO, flags: int) -> None:
    if flags & 0x80:
        file.seek(3 << ((flags & 7) + 1), 1)


def _skip_gif_blocks(file: BinaryIO) -> None:
    while length := file.read(1).ljust(1, b"\0")[0]:
        file.seek(length, 1)

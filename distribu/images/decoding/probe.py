"""Identification of a file by its header alone."""

import os
from dataclasses import dataclass, replace
from typing import IO

from . import headers
from .headers.reading import ExcessiveFile, Header, MalformedFile
from .policies import DAMAGED, EMPTY, EXCESSIVE, HEIC_ADVICE, ImagePolicy, InvalidImage


@dataclass(frozen=True)
class ImageInfo:
    """Facts from a file's header: width and height after rotation; the rest as stored."""

    format: str
    width_px: int
    height_px: int
    frames: int
    byte_size: int
    orientation: int = 1
    is_lossless: bool = False
    is_multiscan: bool = False
    color_code: tuple[int, int] | None = None


# The EXIF orientation after one more quarter turn clockwise.
_QUARTER = {1: 6, 6: 3, 3: 8, 8: 1, 2: 7, 7: 4, 4: 5, 5: 2}


def turned(info: ImageInfo, quarters: int) -> ImageInfo:
    """Return the info as if the file were turned clockwise by some quarter turns."""
    for _ in range(quarters % 4):
        info = replace(
            info,
            orientation=_QUARTER[info.orientation],
            width_px=info.height_px,
            height_px=info.width_px,
        )
    return info


def probe(file: IO[bytes], policy: ImagePolicy) -> ImageInfo:
    """Identify a file from its header alone, regardless of its name.

    file: open, seekable; its position afterwards is undefined. Runs no decoder, so the pixels may
    still be damaged. Raises InvalidImage: format first, then bytes, then pixels and frames.
    """
    byte_size = file.seek(0, os.SEEK_END)
    if byte_size == 0:
        raise InvalidImage("empty", EMPTY)
    file.seek(0)
    format = headers.sniff(file.read(headers.SIGNATURE_BYTES))
    if format not in policy.formats:
        advice = f" {HEIC_ADVICE}" if format == "HEIC" else ""
        raise InvalidImage("format", policy.format_sentence + advice)
    if byte_size > policy.max_byte_size:
        raise InvalidImage("byte_size", policy.byte_size_sentence)
    header = _read_header(file, format)
    check_pixels(header.width_px, header.height_px, header.frames, policy)
    width, height = header.width_px, header.height_px
    return ImageInfo(
        format=format,
        width_px=height if is_sideways(header.orientation) else width,
        height_px=width if is_sideways(header.orientation) else height,
        frames=header.frames,
        byte_size=byte_size,
        orientation=header.orientation,
        is_lossless=header.is_lossless,
        is_multiscan=header.is_multiscan,
        color_code=header.color_code,
    )


def _read_header(file: IO[bytes], format: str) -> Header:
    file.seek(0)
    try:
        return headers.read_header(file.read(), format)
    except MalformedFile as error:
        raise InvalidImage("damaged", DAMAGED) from error
    except ExcessiveFile as error:
        raise InvalidImage("excessive", EXCESSIVE) from error


def check_pixels(width: int, height: int, frames: int, policy: ImagePolicy) -> None:
    if width * height == 0:
        raise InvalidImage("damaged", DAMAGED)
    if width * height > policy.max_pixels:
        raise InvalidImage("pixels", policy.pixels_sentence)
    if frames > 1 and width * height * frames > policy.max_animation_pixels:
        raise InvalidImage("animation", policy.animation_sentence)


def is_sideways(orientation: int) -> bool:
    return orientation >= 5

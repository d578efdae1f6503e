"""Encoding of published files: formats, qualities, and the measurements behind them."""

import os
import re
from typing import IO

from PIL import Image, ImageChops, ImageStat, PngImagePlugin

from .headers.png import png_chunks
from .ladder import MARKETPLACE_PATH, SHARE_PX, fitted, ladder_path
from .normalizing import png_chunk
from .pixels import LABEL, shrunk
from .policies import CONTENT_TYPES
from .side_data import source_type_packet
from .wire import Derivative

# Keyword arguments for Pillow's save().
Options = dict[str, object]

_WEBP: Options = {"quality": 80, "method": 2}
# Large images are scaled more softly, see shrunk(), and need fewer bytes; spend those on quality.
_WEBP_LARGE: Options = _WEBP | {"quality": 82}
_WEBP_LARGE_PX = 1000
# Against WebP at quality 80 and method 4 on nine images: 0.84 of its bytes at 0.8 more of
# SSIMULACRA2, at worst 2.2 less. Without this tuning noisy photographs lost up to 7 and smooth
# ones grew; speed 9 takes a quarter to half of the time for 14 % more bytes, but no one waits here.
_AVIF: Options = {"quality": 66, "speed": 8, "max_threads": 1, "advanced": {"tune": "ssim"}}
# Artifacts are more visible in small images, and quality costs few bytes there.
_AVIF_SMALL: Options = _AVIF | {"quality": 68}
_AVIF_SMALL_PX = 320
# Size for comparing an encoded file with its source; noise and dithering do not show in it. GIFs
# have no partial transparency, lossy formats blur colors, and in tiny images neighboring colors
# mix; a large file that shows something else differs by 80 or more.
_SMALL_PX = 16
# In files up to this size, server-side code is no accident: the pixels were chosen to produce it.
# Such a file is encoded with other options instead.
_CHOSEN_BYTES, _MAX_BREAKS = 262_144, 1_000
_CODE = re.compile(rb"<\?php|<\?=|<script", re.IGNORECASE)
_OTHERWISE: dict[str, tuple[Options, ...]] = {
    "JPEG": tuple({"quality": quality} for quality in (89, 86, 83, 80)),
    "PNG": ({"compress_level": 6}, {"compress_level": 1}),
    "WEBP": tuple({"quality": quality, "method": 3} for quality in (81, 77, 73)),
    "AVIF": tuple({"quality": quality} for quality in (70, 64, 58)),
    "GIF": ({"interlace": False}, {"optimize": False}),
}
_FAITHFUL, _FAITHFUL_ELSE, _FAITHFUL_TINY = {"PNG": 8}, 32, 128
_SHARE: Options = {"quality": 82, "optimize": True, "progressive": True}


class UnfaithfulEncoding(Exception):
    """The encoded file does not show its source image."""


def encode(
    path: str, format: str, image: Image.Image, options: Options, meant: Image.Image | None = None
) -> Derivative:
    """Encode the image, read the file back and compare it. Raises UnfaithfulEncoding.

    meant: the image to compare with, if image was prepared for its format.
    """
    for more in ({}, *_OTHERWISE[format]):
        file = _written(format, image, _merged(options, more))
        try:
            if carries_code(file):
                file = _broken_up(file) if format == "PNG" else file
            if carries_code(file):
                file.close()
                continue
            byte_size = file.seek(0, 2)
            _read_back(file, format, meant or image)
        except BaseException:
            file.close()
            raise
        file.seek(0)
        return Derivative(
            path, format, CONTENT_TYPES[format], image.width, image.height, byte_size, file
        )
    raise UnfaithfulEncoding(f"{format} reads as a program however it is written")


def _merged(options: Options, more: Options) -> Options:
    # Pillow takes quantization tables or a quality, never both.
    kept = {name: value for name, value in options.items() if name != "qtables" or not more}
    return kept | more


def _written(format: str, image: Image.Image, options: Options) -> IO[bytes]:
    # An anonymous memory file: a child has no folder to make a file in. The caller owns it.
    # It is unbuffered, since the server moves the file's position as well.
    flags = os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
    file = os.fdopen(os.memfd_create(format, flags), "w+b", buffering=0)
    try:
        image.save(file, format, **options, **_label(image, format))
    except BaseException:
        file.close()
        raise
    return file


def _broken_up(file: IO[bytes]) -> IO[bytes]:
    """Split the PNG's pixel data into more chunks wherever it reads as server-side code."""
    file.seek(0)
    data = file.read()
    for _ in range(_MAX_BREAKS):
        if (found := _CODE.search(data)) is None:
            break
        at = found.start() + 1
        for kind, start, length in png_chunks(data):
            if kind == b"IDAT" and start < at < start + length:
                halves = (data[start:at], data[at : start + length])
                chunks = b"".join(png_chunk(b"IDAT", half) for half in halves)
                data = data[: start - 8] + chunks + data[start + length + 4 :]
                break
    file.seek(0)
    file.write(data)
    return file


def carries_code(file: IO[bytes]) -> bool:
    """Return whether the file is small and contains server-side code.

    Pixels can be chosen so that the encoder produces such text.
    """
    if file.seek(0, 2) > _CHOSEN_BYTES:
        return False
    file.seek(0)
    return _CODE.search(file.read()) is not None


def _label(image: Image.Image, format: str) -> Options:
    """Return Pillow's arguments for writing the image's label, the only metadata we publish."""
    source_type = image.info.get(LABEL)
    if not source_type or format == "GIF":
        return {}
    packet = source_type_packet(source_type)
    if format != "PNG":
        return {"xmp": packet}
    texts = PngImagePlugin.PngInfo()
    texts.add_itxt("XML:com.adobe.xmp", packet.decode())
    return {"pnginfo": texts}


def _read_back(file: IO[bytes], format: str, meant: Image.Image) -> None:
    file.seek(0)
    with Image.open(file, formats=[format]) as written:
        is_whole = written.size == meant.size
        written.draft(None, (_SMALL_PX, _SMALL_PX))
        difference = max(map(_difference, _on_grounds(written), _on_grounds(meant)))
    is_tiny = min(meant.size) < 4 * _SMALL_PX
    limit = _FAITHFUL.get(format, _FAITHFUL_TINY if is_tiny else _FAITHFUL_ELSE)
    if not is_whole or difference > limit:
        raise UnfaithfulEncoding(f"{format} differs by {difference:.0f} of 255")


def _on_grounds(image: Image.Image) -> list[Image.Image]:
    """Return small copies on white and on black, which together show color and transparency."""
    mode = "RGBA" if image.has_transparency_data else "RGB"
    # After draft() the two images differ in size but not in proportions.
    size = fitted(image.size, _SMALL_PX)
    plain = image if image.mode == mode else image.convert(mode)
    small = plain.resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    return [on_ground(small, color).resize((_SMALL_PX, _SMALL_PX)) for color in ("white", "black")]


def _difference(one: Image.Image, other: Image.Image) -> float:
    return max(ImageStat.Stat(ImageChops.difference(one, other)).mean)


def webp_still(image: Image.Image) -> Derivative:
    options = _WEBP_LARGE if image.width >= _WEBP_LARGE_PX else _WEBP
    return encode(ladder_path(f"{image.width}w", "WEBP"), "WEBP", image, options)


def avif_still(image: Image.Image) -> Derivative:
    options = _AVIF_SMALL if image.width <= _AVIF_SMALL_PX else _AVIF
    return encode(ladder_path(f"{image.width}w", "AVIF"), "AVIF", image, options)


def share_still(image: Image.Image) -> Derivative:
    """Encode a JPEG for link previews, feeds and e-mail, with white for transparency."""
    small = on_white(shrunk(image, fitted(image.size, SHARE_PX)))
    return encode(ladder_path("share", "JPEG"), "JPEG", small, _SHARE)


_MARKETPLACE: Options = {"quality": 90}
_OWN_FORMAT: dict[str, Options] = {
    "JPEG": {"quality": 85, "progressive": True},
    "PNG": {"compress_level": 6},
    "GIF": {"optimize": True},
}


def marketplace_still(image: Image.Image) -> Derivative:
    """Encode a full-size JPEG for marketplaces that accept only JPEG, white for transparency."""
    return encode(MARKETPLACE_PATH, "JPEG", on_white(image), _MARKETPLACE)


def own_format_still(image: Image.Image, format: str) -> Derivative:
    """Encode one width of the ladder in the upload's own format."""
    return encode(ladder_path(f"{image.width}w", format), format, image, _OWN_FORMAT[format])


def on_white(image: Image.Image) -> Image.Image:
    return on_ground(image, "white")


def on_ground(image: Image.Image, color: str) -> Image.Image:
    if image.mode != "RGBA":
        return image
    # A plain conversion would show the hidden colors of transparent pixels.
    ground = Image.new("RGB", image.size, color)
    ground.info = image.info
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def mean_color(image: Image.Image) -> str:
    """Return the mean color on white, used as the placeholder until the image loads."""
    mean = on_white(image).convert("RGB").resize((1, 1), Image.Resampling.BOX)
    return f"#{mean.tobytes().hex()}"

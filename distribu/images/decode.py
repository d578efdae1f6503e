"""What is this file, really? Two policies, and pixels that mean the same on every screen."""

import os
import warnings
import zlib
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from math import ceil
from struct import error as StructError
from typing import BinaryIO

from PIL import AvifImagePlugin, Image, ImageCms

from . import headers

CONTENT_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "AVIF": "image/avif",
    "GIF": "image/gif",
}
EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "AVIF": "avif", "GIF": "gif"}

_NAMES = {"JPEG": "JPG", "PNG": "PNG", "WEBP": "WebP", "AVIF": "AVIF", "GIF": "GIF"}
_MB = 1024 * 1024
_MEGAPIXEL = 1_000_000

EMPTY = "The selected file is empty."
DAMAGED = "This image is damaged or incomplete. Export it again, or choose another file."
EXCESSIVE = "This image is built in a way that takes too long to read. Export it again as JPEG."
UNDECODABLE = "This image could not be processed. Export it again as JPEG, or choose another file."
HEIC_ADVICE = "This is an iPhone HEIC photo. Export it as JPEG."


class InvalidImage(Exception):
    """The file is not a picture that the policy takes.

    code: "empty", "format", "byte_size", "pixels", "animation", "damaged", "excessive" or
    "undecodable". message: a sentence that the merchant can act on.
    """

    def __init__(self, code: str, message: str):
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self):
        return self.message


@dataclass(frozen=True)
class ImagePolicy:
    """What one door takes; every limit is the largest value that passes."""

    name: str
    formats: tuple[str, ...]
    max_byte_size: int
    max_pixels: int
    # All frames of an animation together: what they cost to decode and to write again.
    max_animation_pixels: int

    @property
    def content_types(self) -> tuple[str, ...]:
        return tuple(CONTENT_TYPES[format] for format in self.formats)

    @property
    def format_sentence(self) -> str:
        *names, last = (_NAMES[format] for format in self.formats)
        return f"Only {', '.join(names)}, and {last} images are allowed."

    @property
    def byte_size_sentence(self) -> str:
        return f"Image too large. Maximum size is {ceil(self.max_byte_size / _MB)} MB."

    @property
    def pixels_sentence(self) -> str:
        megapixels = ceil(self.max_pixels / _MEGAPIXEL)
        return f"Image dimensions too large. Maximum is {megapixels} megapixels."

    @property
    def animation_sentence(self) -> str:
        megapixels = ceil(self.max_animation_pixels / _MEGAPIXEL)
        return (
            f"Animation too long. Maximum is {megapixels} megapixels in all frames together. "
            "Use fewer frames or a smaller size."
        )


MERCHANT = ImagePolicy(
    name="merchant",
    formats=("JPEG", "PNG", "WEBP", "AVIF"),
    max_byte_size=5 * _MB,
    max_pixels=60 * _MEGAPIXEL - 1,
    max_animation_pixels=100 * _MEGAPIXEL,
)

# Source of the limits, "less than 60MP" and "less than 20MB":
# developers.squarespace.com/commerce-apis/upload-product-image
COMMERCE = ImagePolicy(
    name="commerce",
    formats=("JPEG", "PNG", "GIF"),
    max_byte_size=20 * _MB - 1,
    max_pixels=60 * _MEGAPIXEL - 1,
    max_animation_pixels=100 * _MEGAPIXEL,
)

# What Distribu wrote itself, read again to make another ladder from it.
PUBLISHED = ImagePolicy(
    name="published",
    formats=("JPEG", "PNG", "WEBP", "AVIF", "GIF"),
    max_byte_size=100 * _MB,
    max_pixels=60 * _MEGAPIXEL - 1,
    max_animation_pixels=100 * _MEGAPIXEL,
)


@dataclass(frozen=True)
class ImageInfo:
    """What a file is: width and height as seen, after rotation; the rest as it was stored."""

    format: str
    width_px: int
    height_px: int
    frames: int
    byte_size: int
    orientation: int = 1
    is_lossless: bool = False
    is_multiscan: bool = False


def probe(file: BinaryIO, policy: ImagePolicy) -> ImageInfo:
    """Report what file claims to be, from its header alone, whatever its name says.

    file: open, seekable, left anywhere. Runs no decoder, so the pixels may still be damaged.
    Raises InvalidImage: format first, then bytes, then pixels and frames.
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
    _check_pixels(header.width_px, header.height_px, header.frames, policy)
    width, height = header.width_px, header.height_px
    return ImageInfo(
        format=format,
        width_px=height if _is_sideways(header.orientation) else width,
        height_px=width if _is_sideways(header.orientation) else height,
        frames=header.frames,
        byte_size=byte_size,
        orientation=header.orientation,
        is_lossless=header.is_lossless,
        is_multiscan=header.is_multiscan,
    )


def _read_header(file: BinaryIO, format: str) -> headers.Header:
    try:
        return headers.read_header(file, format)
    except headers.MalformedFile as error:
        raise InvalidImage("damaged", DAMAGED) from error
    except headers.ExcessiveFile as error:
        raise InvalidImage("excessive", EXCESSIVE) from error


def _check_pixels(width: int, height: int, frames: int, policy: ImagePolicy) -> None:
    if width * height == 0:
        raise InvalidImage("damaged", DAMAGED)
    if width * height > policy.max_pixels:
        raise InvalidImage("pixels", policy.pixels_sentence)
    if frames > 1 and width * height * frames > policy.max_animation_pixels:
        raise InvalidImage("animation", policy.animation_sentence)


def _is_sideways(orientation: int) -> bool:
    return orientation >= 5


# From here on decoders run: call it in a child of the sandbox.

# Not one a core: every thread reserves memory, and several pictures are decoded at once anyway.
AvifImagePlugin.DEFAULT_MAX_THREADS = 2

# What Pillow has been seen to raise on damaged files, and their relatives.
_DECODER_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    StructError,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
    ImageCms.PyCMSError,
)


@contextmanager
def decoding() -> Iterator[None]:
    """Every way in which a decoder fails becomes one InvalidImage."""
    try:
        with warnings.catch_warnings():
            # A flaw that the decoder can live with is no news; a bomb is.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except MemoryError as error:
        raise InvalidImage("undecodable", UNDECODABLE) from error
    except _DECODER_ERRORS as error:
        raise InvalidImage("damaged", DAMAGED) from error


@contextmanager
def opened(file: BinaryIO, info: ImageInfo, policy: ImagePolicy) -> Iterator[Image.Image]:
    """Open file with the one decoder of its format, nothing decoded yet.

    Raises InvalidImage where the decoder sees more pixels than the header admitted.
    """
    file.seek(0)
    with decoding():
        image = Image.open(file, formats=[info.format])
    with image:
        _check_pixels(*image.size, info.frames, policy)
        yield image


# A JPEG is decoded at a reduced scale that is still so many times larger. At 1.09 times and more
# the ladder had a higher SSIMULACRA2 at every width than from a full decode softened by a cheaper
# filter, on every photograph; at 1.02 to 1.05 times up to 0.3 less on two of ten.
_OVERSAMPLE = 1.08
# Scaled by so much or more, Hamming's softness costs 1 to 3 points of SSIMULACRA2, nearer to 1
# up to 10; it takes less than half the time of Lanczos.
_SOFT_FACTOR = 1.5


def read_still(
    image: Image.Image, info: ImageInfo, max_px: int, beside: Executor | None = None
) -> Image.Image:
    """Decode the current frame: upright, sRGB, at most max_px a side, never enlarged.

    beside: one more thread, where somebody waits: a large picture is then scaled sooner, though
    less sharply. Returns mode L, RGB or RGBA, and RGBA only where something is transparent.
    """
    size = fitted(image.size, max_px)
    with decoding():
        image.draft(None, tuple(ceil(side * _OVERSAMPLE) for side in size))
        image.load()
        still = _plain(image)
        if still.size != size:
            still = _in_halves(still, size, beside) if beside else shrunk(still, size)
        still = _to_srgb(still, image.info.get("icc_profile"))
    still = _upright(still, info.orientation)
    # What leaves here no longer belongs to the opened file.
    still = still.copy() if still is image else still
    # The pixels alone go on: comments, profiles and EXIF stay behind.
    still.info = {}
    return _without_idle_alpha(still)


def _in_halves(image: Image.Image, size: tuple[int, int], beside: Executor) -> Image.Image:
    """The image at that size, its upper half scaled on the other thread.

    A filter sees the rows beyond its box as well, so there is no seam.
    """
    (width, height), middle = size, size[1] // 2
    is_soft = image.width >= width * _SOFT_FACTOR
    filter = Image.Resampling.HAMMING if is_soft else Image.Resampling.LANCZOS
    if image.mode == "RGBA" or middle == 0:
        # With alpha each half would first make a copy of the whole.
        return image.resize(size, filter, reducing_gap=2.0)
    cut = image.height * middle / height
    upper = beside.submit(
        image.resize, (width, middle), filter, (0, 0, image.width, cut), reducing_gap=2.0
    )
    whole = Image.new(image.mode, size)
    box = (0, cut, image.width, image.height)
    lower = image.resize((width, height - middle), filter, box, reducing_gap=2.0)
    whole.paste(lower, (0, middle))
    whole.paste(upper.result(), (0, 0))
    return whole


def fitted(size: tuple[int, int], max_px: int) -> tuple[int, int]:
    """The size with the same proportions and at most max_px a side, never larger."""
    scale = min(1.0, max_px / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


# From so many pixels of width on, bicubic takes three quarters of the time of Lanczos, and what an
# encoder makes of it is as good at as many bytes; at 500 and 750 it was 1 point of SSIMULACRA2
# worse, at 300 it was 2 (mean of seven photographs).
_BICUBIC_PX = 1000


def shrunk(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    if image.size == size:
        return image
    is_large = size[0] >= _BICUBIC_PX
    filter = Image.Resampling.BICUBIC if is_large else Image.Resampling.LANCZOS
    return image.resize(size, filter, reducing_gap=2.0)


def _plain(image: Image.Image) -> Image.Image:
    """The image in a mode that can be scaled: L, RGB, RGBA or CMYK."""
    if image.has_transparency_data:
        return image if image.mode == "RGBA" else image.convert("RGBA")
    if image.mode in ("L", "RGB", "CMYK"):
        return image
    if image.mode.startswith("I"):
        # 16 bits: a plain conversion would turn everything above 255 into white.
        return image.point(lambda value: value * (1 / 257)).convert("L")
    return image.convert("L" if image.mode == "1" else "RGB")


_SRGB = ImageCms.createProfile("sRGB")
_COLOR_SPACES = {"L": "GRAY", "RGB": "RGB ", "RGBA": "RGB ", "CMYK": "CMYK"}
_COLOR_CUBE = Image.frombytes(
    "RGB",
    (125, 1),
    bytes(
        level
        for red in range(0, 256, 63)
        for green in range(0, 256, 63)
        for blue in range(0, 256, 63)
        for level in (red, green, blue)
    ),
)


def _to_srgb(image: Image.Image, icc_profile: bytes | None) -> Image.Image:
    """The same colours in sRGB, through the picture's own profile where it has a sound one."""
    transform = _transform(image.mode, icc_profile) if icc_profile else None
    if transform is not None:
        converted = ImageCms.applyTransform(image, transform)
        return converted.convert("L") if image.mode == "L" else converted
    return image.convert("RGB") if image.mode == "CMYK" else image


def _transform(mode: str, icc_profile: bytes) -> ImageCms.ImageCmsTransform | None:
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(icc_profile))
        if profile.profile.xcolor_space != _COLOR_SPACES[mode]:
            return None
        build = [profile, _SRGB, mode, "RGBA" if mode == "RGBA" else "RGB"]
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
        flags = ImageCms.Flags.BLACKPOINTCOMPENSATION
        if mode.startswith("RGB") and _is_srgb(profile):
            return None
        return ImageCms.buildTransform(*build, intent, flags)
    except (ImageCms.PyCMSError, OSError):
        # A broken profile says nothing about the colours; browsers take sRGB then.
        return None


def _is_srgb(profile: ImageCms.ImageCmsProfile) -> bool:
    """Whether the profile moves no colour visibly, so that converting would be work for nothing."""
    transform = ImageCms.buildTransform(profile, _SRGB, "RGB", "RGB")
    moved = ImageCms.applyTransform(_COLOR_CUBE, transform).tobytes()
    return all(abs(new - old) <= 2 for new, old in zip(moved, _COLOR_CUBE.tobytes(), strict=True))


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    return image.transpose(_TURNS[orientation]) if orientation in _TURNS else image


def _without_idle_alpha(image: Image.Image) -> Image.Image:
    if image.mode == "RGBA" and image.getchannel("A").getextrema()[0] == 255:
        return image.convert("RGB")
    return image

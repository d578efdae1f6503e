"""Decoded pixels: upright, sRGB, at the size that is wanted. Runs decoders: for a child process."""

import warnings
import zlib
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from math import ceil
from struct import error as StructError
from typing import BinaryIO

from PIL import AvifImagePlugin, Image, ImageCms

from .color import to_srgb
from .ladder import fitted
from .policies import DAMAGED, ImagePolicy, InvalidImage
from .probe import ImageInfo, check_pixels

# Not one a core: every thread reserves memory, and several images are decoded at once anyway.
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
    """Every way in which a decoder fails becomes one InvalidImage, except for a MemoryError."""
    try:
        with warnings.catch_warnings():
            # A flaw that the decoder can live with is no news; a bomb is.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
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
        check_pixels(*image.size, info.frames, policy)
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

    beside: one more thread, where somebody waits: a large image is then scaled sooner, though
    less sharply. Returns mode L, RGB or RGBA, and RGBA only where something is transparent.
    """
    size = fitted(image.size, max_px)
    with decoding():
        image.draft(None, tuple(ceil(side * _OVERSAMPLE) for side in size))
        image.load()
        still = _plain(image)
        if still.size != size:
            still = _in_halves(still, size, beside) if beside else shrunk(still, size)
        still = to_srgb(still, image.info.get("icc_profile"))
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

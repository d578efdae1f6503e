"""Decode pixels: upright, in sRGB, at the wanted size. Runs decoders: use it in a child process."""

import warnings
import zlib
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from math import ceil
from struct import error as StructError
from typing import IO

from PIL import AvifImagePlugin, Image, ImageChops, ImageCms

from .color import to_srgb
from .color_codes import ToldProfile, code_profile, png_profile
from .headers.gif import FRAME, gif_parts
from .ladder import fitted
from .normalizing import JPEG_PADDING, OTHER_JPEG_PADDING, has_every_row, normalized
from .policies import DAMAGED, ImagePolicy, InvalidImage
from .probe import ImageInfo, check_pixels
from .side_data import SideData, read_side_data

# Not one per core: every thread reserves memory, and several images are decoded at once anyway.
AvifImagePlugin.DEFAULT_MAX_THREADS = 2
# Errors that Pillow was seen to raise on damaged files, and related ones.
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
    """Turn every decoder error except MemoryError into InvalidImage."""
    try:
        with warnings.catch_warnings():
            # Ignore flaws that the decoder tolerates, but not decompression bombs.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except _DECODER_ERRORS as error:
        raise InvalidImage("damaged", DAMAGED) from error


# Key of the label in Pillow's Image.info, which every copy of the image keeps.
LABEL = "digital_source_type"


@dataclass
class Source:
    """An opened file, reduced to its pixels, and the facts read from it.

    frame_boxes: the part of the screen that each frame of a GIF covers.
    converted_from: the name of the original colors, set by read_still() if it converts them.
    """

    image: Image.Image
    info: ImageInfo
    data: bytes
    profile: ToldProfile | None = None
    frame_boxes: list[tuple[int, int, int, int]] = field(default_factory=list)
    converted_from: str | None = None
    has_end: bool = True
    side_data: SideData = field(default_factory=SideData)
    _covered: Image.Image | None = None

    @property
    def is_partial(self) -> bool:
        """Whether the first frame leaves part of the screen uncovered."""
        return bool(self.frame_boxes) and self.frame_boxes[0] != (0, 0, *self.image.size)

    @property
    def is_animation(self) -> bool:
        """Whether more than one frame is published; of an AVIF only the first is."""
        return self.info.frames > 1 and self.info.format != "AVIF"

    @property
    def first_frame(self) -> int:
        # An animated PNG may start with a still for old programs, outside the animation.
        return 1 if self.is_animation and self.image.info.get("default_image") else 0


@contextmanager
def opened(file: IO[bytes], info: ImageInfo, policy: ImagePolicy) -> Iterator[Source]:
    """Open file with its format's decoder, without decoding anything yet.

    Raises InvalidImage if the decoder sees more pixels than the policy allows.
    """
    file.seek(0)
    original = file.read()
    data = normalized(original, info.format)
    with decoding():
        image = Image.open(BytesIO(data), formats=[info.format])
    with image:
        check_pixels(*image.size, info.frames, policy)
        source = Source(image, info, data, _told(original, image, info))
        source.side_data = read_side_data(original, info.format)
        # After the start of the last scan, coded data never contains the bytes of an end marker.
        source.has_end = (
            info.format != "JPEG" or b"\xff\xd9" in original[original.rfind(b"\xff\xda") :]
        )
        if info.format == "GIF":
            source.frame_boxes = [part.box for part in gif_parts(data) if part.label == FRAME]
        yield source


def _told(original: bytes, image: Image.Image, info: ImageInfo) -> ToldProfile | None:
    """Return the file's color description that browsers prefer, or None."""
    if info.format == "PNG":
        return png_profile(original)
    if icc := image.info.get("icc_profile"):
        return ToldProfile(icc)
    return code_profile(*info.color_code) if info.color_code else None


# A JPEG is decoded at a reduced scale, still this many times larger. At 1.09 times and more
# the ladder had a higher SSIMULACRA2 at every width than from a full decode softened by a cheaper
# filter, on every photograph; at 1.02 to 1.05 times up to 0.3 less on two of ten.
_OVERSAMPLE = 1.08
# From this factor on, Hamming's softness costs 1 to 3 points of SSIMULACRA2; nearer to 1 it costs
# up to 10. It takes less than half the time of Lanczos.
_SOFT_FACTOR = 1.5


def read_still(source: Source, max_px: int, beside: Executor | None = None) -> Image.Image:
    """Decode the current frame: upright, sRGB, at most max_px per side, never enlarged.

    beside: one more thread, used when someone waits: a large image is then scaled sooner but less
    sharply. Returns mode L, RGB or RGBA; RGBA only if something is transparent.
    """
    image = source.image
    size = fitted(image.size, max_px)
    with decoding():
        width, height = (ceil(side * _OVERSAMPLE) for side in size)
        image.draft(None, (width, height))
        image.load()
        _refuse_missing_rows(source)
        _refuse_missing_end(source)
        still = _covered_only(_plain(image), source)
        if still.size != size:
            still = _in_halves(still, size, beside) if beside else shrunk(still, size)
        still, source.converted_from = to_srgb(still, source.profile)
    still = still.convert("RGBA") if still.mode == "LA" else still
    still = _upright(still, source.info.orientation)
    # Return a copy that no longer belongs to the opened file.
    still = still.copy() if still is image else still
    # Drop comments, profiles and EXIF.
    still.info = {LABEL: source.side_data.source_type}
    return _without_idle_alpha(still)


def _refuse_missing_rows(source: Source) -> None:
    """Raise InvalidImage for a PNG whose coded data is valid but lacks the last row."""
    image = source.image
    if source.info.format != "PNG" or image.tell():
        return
    width, height = image.size
    # Counting takes a second for 125 MB of pixels, so first check for zeros, as missing rows have.
    last_rows = image.crop((0, max(0, height - 2), width, height))
    if last_rows.getbbox(alpha_only=False) is None and not has_every_row(source.data):
        raise InvalidImage("damaged", DAMAGED)


def _refuse_missing_end(source: Source) -> None:
    """Raise InvalidImage for a JPEG that lacks its end marker and some of its pixels."""
    if source.has_end:
        return
    other = source.data.replace(JPEG_PADDING, OTHER_JPEG_PADDING)
    with Image.open(BytesIO(other), formats=["JPEG"]) as image:
        if image.size != source.image.size:
            image.draft(None, source.image.size)
        if image.tobytes() != source.image.tobytes():
            raise InvalidImage("damaged", DAMAGED)


def _covered_only(still: Image.Image, source: Source) -> Image.Image:
    """Return the still, transparent where no frame of its GIF has drawn yet."""
    if not source.is_partial:
        return still
    if source._covered is None:
        source._covered = Image.new("L", still.size, 0)
    source._covered.paste(255, source.frame_boxes[source.image.tell()])
    still = still.convert("RGBA")
    still.putalpha(ImageChops.darker(still.getchannel("A"), source._covered))
    return still


def _in_halves(image: Image.Image, size: tuple[int, int], beside: Executor) -> Image.Image:
    """Return the image at that size, with its upper half scaled on the other thread.

    A filter also reads rows beyond its box, so there is no seam.
    """
    (width, height), middle = size, size[1] // 2
    is_soft = image.width >= width * _SOFT_FACTOR
    filter = Image.Resampling.HAMMING if is_soft else Image.Resampling.LANCZOS
    if image.mode == "RGBA" or middle == 0:
        # With alpha, each half would first copy the whole image.
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


# From this width on, bicubic takes three quarters of the time of Lanczos, and the encoded result
# is as good for the same bytes; at 500 and 750 it was 1 point of SSIMULACRA2 worse, at 300 it
# was 2 (mean of seven photographs).
_BICUBIC_PX = 1000


def shrunk(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    if image.size == size:
        return image
    is_large = size[0] >= _BICUBIC_PX
    filter = Image.Resampling.BICUBIC if is_large else Image.Resampling.LANCZOS
    return image.resize(size, filter, reducing_gap=2.0)


def _plain(image: Image.Image) -> Image.Image:
    """Return the image in a mode that can be scaled: L, LA, RGB, RGBA or CMYK."""
    if image.mode.startswith("I"):
        return _plain_16_bit(image)
    if image.has_transparency_data:
        wanted = "LA" if image.mode in ("L", "LA") else "RGBA"
        return image if image.mode == wanted else image.convert(wanted)
    if image.mode in ("L", "RGB", "CMYK"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _plain_16_bit(image: Image.Image) -> Image.Image:
    """Convert 16-bit gray to 8 bits; Pillow's own conversion turns all above 255 into white."""
    key = image.info.get("transparency")
    gray = image.point(lambda value: value * (1 / 257)).convert("L")
    if not isinstance(key, int):
        return gray
    low, high = (image.tobytes("raw", "I;16")[part::2] for part in (0, 1))
    differences = [
        Image.frombytes("L", image.size, half).point(
            [255 * (level != value) for level in range(256)]
        )
        for half, value in ((low, key & 255), (high, key >> 8))
    ]
    gray.putalpha(ImageChops.lighter(*differences))
    return gray


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

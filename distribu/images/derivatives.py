"""The published picture and its responsive set, from one decode and one cascade."""

import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from typing import BinaryIO

from PIL import Image, JpegImagePlugin

from .decode import (
    CONTENT_TYPES,
    EXTENSIONS,
    ImageInfo,
    ImagePolicy,
    decoding,
    fitted,
    opened,
    probe,
    read_still,
    shrunk,
)

LADDER_VERSION = 1
LADDER = (100, 300, 500, 750, 1000, 1500)
THUMBNAIL_PX = 300
SHARE_PX = 1200
PUBLISHED_MAX_PX = 2560

_WEBP = {"quality": 80, "method": 2}
# Scaled more softly than the small ones, see shrunk(): fewer bytes, spent on quality.
_WEBP_LARGE = _WEBP | {"quality": 82}
_WEBP_LARGE_PX = 1000
# Against WebP at quality 80 and method 4 on nine pictures: 0.84 of its bytes at 0.8 more of
# SSIMULACRA2, at worst 2.2 less. Without this tuning noisy photographs lost up to 7 and smooth
# ones grew; speed 9 takes a quarter to a half of the time for 14 % more bytes, and nobody waits.
_AVIF = {"quality": 66, "speed": 8, "max_threads": 1, "advanced": {"tune": "ssim"}}
# Small pictures show their artefacts, and cost few bytes.
_AVIF_SMALL = _AVIF | {"quality": 68}
_AVIF_SMALL_PX = 320
_SHARE = {"quality": 82, "optimize": True, "progressive": True}

# The stable picture at no visible loss: SSIMULACRA2 of 82 to 87 against its own pixels. Where
# that is larger in bytes than the upload was, the next row is tried. Methods and levels are
# those that do not make the merchant wait: WebP's method 4 and PNG's level 6 cost two to
# three times as much for 2 % fewer bytes, AVIF's speed 8 four times for 4 %.
_STABLE = {
    "JPEG": ({"quality": 90}, {"quality": 85, "progressive": True}),
    "PNG": ({"compress_level": 4},),
    "WEBP": tuple({"quality": quality, "method": 2} for quality in (90, 80, 70)),
    "AVIF": tuple({"quality": quality, "speed": 9, "max_threads": 1} for quality in (75, 60)),
    "GIF": ({"optimize": True},),
}
_SMALL_PNG = ({"compress_level": 4}, {"compress_level": 9})
_SMALL_PNG_PIXELS = 1_000_000
_LOSSLESS_WEBP = {"lossless": True, "method": 1, "quality": 50}
_ANIMATION = {
    "PNG": {"compress_level": 4},
    "WEBP": {"quality": 80, "method": 2},
    "GIF": {"optimize": True},
}
_LOSSLESS_ANIMATION = {"lossless": True, "method": 0, "quality": 50}
# A JPEG that is hardly scaled keeps its own quantisation: a finer one would spend bytes on its
# artefacts. Scaled further its pixels are new, and deserve the full quality.
_SAME_SCALE = 1.5
_FINEST_QUALITY = 90


@dataclass
class Derivative:
    """One object to put: its path below the image's prefix, and its bytes.

    path: "v1/300w.webp"; "" for the picture at the stable address.
    file: unlinked, at its start, owned by the caller.
    """

    path: str
    format: str
    content_type: str
    width_px: int
    height_px: int
    byte_size: int
    file: BinaryIO


@dataclass
class Publication:
    """What an image needs to be READY. info is what was decoded, not what the header claimed."""

    info: ImageInfo
    picture: Derivative
    thumbnail: Derivative
    placeholder_color: str


def publish(file: BinaryIO, policy: ImagePolicy) -> Publication:
    """The stable picture, the first thumbnail and a colour, from one decode.

    Raises InvalidImage. Runs decoders: call it in a child of the sandbox. Two threads share
    the work, because somebody waits for it; derive() has one, because a queue does.
    """
    info = probe(file, policy)
    with opened(file, info, policy) as source, ThreadPoolExecutor(1) as beside:
        # The thread starts now, while there is memory for its stack.
        beside.submit(bool)
        info = _as_decoded(info, source)
        still = read_still(source, info, PUBLISHED_MAX_PX, beside)
        is_animation = info.frames > 1 and info.format != "AVIF"
        # All is read before anything is made: a damaged frame leaves no file behind.
        frames = _frames(source, info) if is_animation else []
        first = beside.submit(_thumbnail, still)
        picture = _animation(source, info, frames) if frames else _stable(source, still, info)
    return Publication(info, picture, *first.result())


def derive(
    file: BinaryIO, policy: ImagePolicy, *, with_thumbnail: bool = False
) -> list[Derivative]:
    """The rest of the set, largest first: WebP and AVIF at every width, and share.jpg.

    with_thumbnail: make the thumbnail of publish() again too, for another ladder.
    Raises InvalidImage. Runs decoders: call it in a child of the sandbox.
    """
    info = probe(file, policy)
    with opened(file, info, policy) as source:
        info = _as_decoded(info, source)
        published = fitted((info.width_px, info.height_px), PUBLISHED_MAX_PX)
        rungs = ladder(published[0])
        still = read_still(source, info, max(_rung(published, rungs[-1])))
    made = [_share(still)]
    for width in reversed(rungs):
        still = shrunk(still, _rung(published, width))
        if with_thumbnail or width != min(THUMBNAIL_PX, published[0]):
            made.append(webp_still(still))
        made.append(avif_still(still))
    return made


def ladder(width: int) -> tuple[int, ...]:
    """The widths made of a picture so wide: every rung below it, then its own width or the top.

    Never enlarged, and the number in a path is the width in the file: a picture of 220 pixels
    has 100w and 220w, one of 40 pixels has 40w alone.
    """
    top = min(width, LADDER[-1])
    return (*(rung for rung in LADDER if rung < top), top)


def _as_decoded(info: ImageInfo, source: Image.Image) -> ImageInfo:
    width, height = source.size if info.orientation < 5 else source.size[::-1]
    # The second picture of a phone's MPO is a preview or a depth map, not a frame.
    with decoding():
        frames = 1 if info.format == "JPEG" else getattr(source, "n_frames", 1)
    return replace(info, width_px=width, height_px=height, frames=frames)


def _rung(size: tuple[int, int], width: int) -> tuple[int, int]:
    return width, max(1, round(size[1] * width / size[0]))


def _encode(path: str, format: str, image: Image.Image, options: dict) -> Derivative:
    file = tempfile.TemporaryFile()  # noqa: SIM115 (the caller owns it)
    image.save(file, format, **options)
    byte_size = file.seek(0, 2)
    file.seek(0)
    return Derivative(path, format, CONTENT_TYPES[format], *image.size, byte_size, file)


def webp_still(image: Image.Image) -> Derivative:
    options = _WEBP_LARGE if image.width >= _WEBP_LARGE_PX else _WEBP
    return _encode(_path(f"{image.width}w", "WEBP"), "WEBP", image, options)


def avif_still(image: Image.Image) -> Derivative:
    options = _AVIF_SMALL if image.width <= _AVIF_SMALL_PX else _AVIF
    return _encode(_path(f"{image.width}w", "AVIF"), "AVIF", image, options)


def _thumbnail(still: Image.Image) -> tuple[Derivative, str]:
    """The first derivative, and the colour of the box that waits for it."""
    size = _rung(still.size, min(THUMBNAIL_PX, still.width))
    # Pillow keeps an encoder's settings in the image: two threads never save the same one.
    small = shrunk(still, size) if size != still.size else still.copy()
    return webp_still(small), _color(small)


def _share(image: Image.Image) -> Derivative:
    """A JPEG for whoever shows links, feeds and e-mail, transparency on white."""
    small = _on_white(shrunk(image, fitted(image.size, SHARE_PX)))
    return _encode(_path("share", "JPEG"), "JPEG", small, _SHARE)


def _path(name: str, format: str) -> str:
    return f"v{LADDER_VERSION}/{name}.{EXTENSIONS[format]}"


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    # A plain conversion would show the colours that hide under transparent pixels.
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def _color(image: Image.Image) -> str:
    """The mean colour on white, for the box that waits for the picture."""
    mean = _on_white(image).convert("RGB").resize((1, 1), Image.Resampling.BOX)
    return "#{:02x}{:02x}{:02x}".format(*mean.getpixel((0, 0)))


def _stable(source: Image.Image, still: Image.Image, info: ImageInfo) -> Derivative:
    """The still in the format family of the upload, at no visible loss and no needless byte."""
    attempts = _STABLE[info.format]
    is_whole = still.size == (info.width_px, info.height_px)
    if info.format == "JPEG" and info.width_px < still.width * _SAME_SCALE:
        attempts = _own_quantisation(source) or attempts
    elif info.format == "WEBP" and info.is_lossless and is_whole:
        attempts = (_LOSSLESS_WEBP,)
    elif info.format == "PNG" and still.width * still.height <= _SMALL_PNG_PIXELS:
        attempts = _SMALL_PNG
    if source.mode in ("P", "1") and is_whole and _is_plain(source, info):
        still = _palette_image(source)
    return _no_larger(info, still, attempts)


def _no_larger(info: ImageInfo, still: Image.Image, attempts: Iterable[dict]) -> Derivative:
    """The first attempt that is no larger than the upload, or the last."""
    *better, last = attempts
    for options in better:
        made = _encode("", info.format, still, options)
        if made.byte_size <= info.byte_size:
            return made
        made.file.close()
    return _encode("", info.format, still, last)


def _own_quantisation(source: Image.Image) -> tuple[dict, ...]:
    """The upload's own quantisation, no finer than can be seen; () where it does not fit.

    Written again with it, a JPEG loses next to nothing and stays as small as it was.
    """
    if source.mode not in ("L", "RGB") or len(source.quantization) > 2:
        return ()
    own = [source.quantization[key] for key in sorted(source.quantization)]
    options = {
        "qtables": [
            [max(pair) for pair in zip(table, finest, strict=True)]
            for table, finest in zip(own, _finest_tables(), strict=False)
        ],
        "subsampling": max(JpegImagePlugin.get_sampling(source), 0),
    }
    return options, options | {"progressive": True}


@cache
def _finest_tables() -> list[list[int]]:
    with tempfile.TemporaryFile() as file:
        Image.new("RGB", (8, 8)).save(file, "JPEG", quality=_FINEST_QUALITY)
        with Image.open(file, formats=["JPEG"]) as image:
            return [image.quantization[0], image.quantization[1]]


def _is_plain(source: Image.Image, info: ImageInfo) -> bool:
    return info.orientation == 1 and "icc_profile" not in source.info


def _palette_image(source: Image.Image) -> Image.Image:
    """The source with its palette as it is: as true colour it would be several times larger."""
    copy = source.copy()
    copy.info = {key: source.info[key] for key in ("transparency",) if key in source.info}
    return copy


def _animation(
    source: Image.Image, info: ImageInfo, frames: list[tuple[Image.Image, float]]
) -> Derivative:
    """Every frame, written again with its time."""
    stills, durations = zip(*frames, strict=True)
    mode = "RGBA" if any(still.mode == "RGBA" for still in stills) else "RGB"
    stills = [still if still.mode == mode else still.convert(mode) for still in stills]
    options = dict(_ANIMATION[info.format])
    if info.format == "WEBP" and info.is_lossless:
        options = dict(_LOSSLESS_ANIMATION)
    if info.format == "GIF" and mode == "RGBA":
        options["disposal"] = 2
    if "loop" in source.info:
        options["loop"] = source.info["loop"]
    options |= {"save_all": True, "append_images": stills[1:], "duration": list(durations)}
    return _encode("", info.format, stills[0], options)


def _frames(source: Image.Image, info: ImageInfo) -> list[tuple[Image.Image, float]]:
    """Every frame with the milliseconds that it is shown for."""
    frames = []
    # An animated PNG may start with a still for old programs that is no part of the animation.
    start = 1 if source.info.get("default_image") else 0
    for number in range(start, info.frames):
        with decoding():
            source.seek(number)
        still = read_still(source, info, PUBLISHED_MAX_PX)
        frames.append((still, source.info.get("duration", 0)))
    return frames

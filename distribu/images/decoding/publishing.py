"""Make the published image and its responsive set."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import cache
from io import BytesIO
from typing import IO

from PIL import Image, JpegImagePlugin

from .encoding import (
    Options,
    UnfaithfulEncoding,
    avif_still,
    encode,
    marketplace_still,
    mean_color,
    own_format_still,
    share_still,
    webp_still,
)
from .ladder import NEEDS_MARKETPLACE, PUBLISHED_MAX_PX, THUMBNAIL_PX, fitted, ladder, rung
from .pixels import LABEL, Source, decoding, opened, read_still, shrunk
from .policies import ImagePolicy
from .probe import ImageInfo, probe
from .wire import Derivative, Facts, Publication

# The stable image without visible loss: SSIMULACRA2 of 82 to 87 against its own pixels. If the
# file is larger than the upload, the next options are tried. Methods and levels are chosen so
# that the merchant does not wait: WebP's method 4 and PNG's level 6 cost two to three times as
# much for 2 % fewer bytes, AVIF's speed 8 four times for 4 %.
_STABLE: dict[str, tuple[Options, ...]] = {
    "JPEG": ({"quality": 90}, {"quality": 85, "progressive": True}),
    "PNG": ({"compress_level": 4},),
    "WEBP": tuple({"quality": quality, "method": 2} for quality in (90, 80, 70)),
    "AVIF": tuple({"quality": quality, "speed": 9, "max_threads": 1} for quality in (75, 60)),
    "GIF": ({"optimize": True},),
}
_SMALL_PNG: tuple[Options, ...] = ({"compress_level": 4}, {"compress_level": 6})
_SMALL_PNG_PIXELS = 1_000_000
_LOSSLESS_WEBP: Options = {"lossless": True, "method": 1, "quality": 50}
_ANIMATION: dict[str, Options] = {
    "PNG": {"compress_level": 4},
    "WEBP": {"quality": 80, "method": 2},
    "GIF": {"optimize": True},
}
_LOSSLESS_ANIMATION: Options = {"lossless": True, "method": 0, "quality": 50}
# A JPEG scaled by less than this keeps its own quantization, since a finer one would spend bytes
# on its artifacts. Scaled further, its pixels are new and get the full quality.
_SAME_SCALE = 1.5
_FINEST_QUALITY = 90


def publish(
    file: IO[bytes],
    policy: ImagePolicy,
    info: ImageInfo | None = None,
    *,
    label: str | None = None,
    quality: int | None = None,
) -> Publication:
    """Make the stable image, the first thumbnail and the placeholder color from one decode.

    info: the result of probe(), if the caller has it already.
    label: a term of DigitalSourceType, used if the file has none.
    quality: replaces the usual quality of a lossy format.
    Raises InvalidImage. Runs decoders: call it in a child of the sandbox. Two threads share the
    work, because someone waits for it; derive() has one, because it runs from a queue.
    """
    info = info or probe(file, policy)
    with opened(file, info, policy) as source, ThreadPoolExecutor(1) as beside:
        source.side_data = side_data = replace(
            source.side_data, source_type=source.side_data.source_type or label
        )
        # Start the thread now, while there is memory for its stack.
        beside.submit(bool)
        source.info = info = _as_decoded(info, source.image)
        _seek(source, source.first_frame)
        still = read_still(source, PUBLISHED_MAX_PX, beside)
        # Read every frame before encoding any, so a damaged frame leaves no file behind.
        frames = _frames(source) if source.is_animation else []
        first = beside.submit(_thumbnail, still)
        stable = _animation(source, frames) if frames else _stable(source, still, quality)
        thumbnail, color = first.result()
    return Publication(info, stable, thumbnail, color, _done(source), side_data.source_type)


def _done(source: Source) -> Facts:
    """Return the child's facts for the receipt; the server adds the sizes."""
    return {
        "turned": source.info.orientation != 1,
        "location_removed": source.side_data.has_location,
        "camera_removed": source.side_data.has_camera,
        "converted_from": source.converted_from,
    }


def derive(
    file: IO[bytes],
    policy: ImagePolicy,
    info: ImageInfo | None = None,
    *,
    with_thumbnail: bool = False,
    in_own_format: bool = False,
    label: str | None = None,
) -> list[Derivative]:
    """Make the rest of the set, largest first: WebP and AVIF at every width, and share.jpg.

    with_thumbnail: also make the thumbnail of publish() again, for another ladder.
    in_own_format: also make every width in the file's own format.
    label: a term of DigitalSourceType, in case the file has lost it.
    Raises InvalidImage. Runs decoders: call it in a child of the sandbox.
    """
    info = info or probe(file, policy)
    with opened(file, info, policy) as source:
        source.info = info = _as_decoded(info, source.image)
        published = fitted((info.width_px, info.height_px), PUBLISHED_MAX_PX)
        rungs = ladder(published[0])
        _seek(source, source.first_frame)
        is_whole = info.format in NEEDS_MARKETPLACE
        largest = PUBLISHED_MAX_PX if is_whole else max(rung(published, rungs[-1]))
        still = read_still(source, largest)
    still.info[LABEL] = label or still.info[LABEL]
    made = [marketplace_still(still)] if is_whole else []
    still = shrunk(still, rung(published, rungs[-1]))
    made.append(share_still(still))
    for width in reversed(rungs):
        still = shrunk(still, rung(published, width))
        if with_thumbnail or width != min(THUMBNAIL_PX, published[0]):
            made.append(webp_still(still))
        if still.mode != "RGBA":
            # Chromium 156 stretches the transparency of an AVIF, as if it were video.
            made.append(avif_still(still))
        if in_own_format:
            made.append(own_format_still(still, info.format))
    return made


def _seek(source: Source, number: int) -> None:
    if number != source.image.tell():
        with decoding():
            source.image.seek(number)


def _as_decoded(info: ImageInfo, source: Image.Image) -> ImageInfo:
    width, height = source.size if info.orientation < 5 else source.size[::-1]
    # The second image of a phone's MPO is a preview or a depth map, not a frame.
    with decoding():
        frames = 1 if info.format == "JPEG" else getattr(source, "n_frames", 1)
    return replace(info, width_px=width, height_px=height, frames=frames)


def _thumbnail(still: Image.Image) -> tuple[Derivative, str]:
    """Return the first derivative and the placeholder color."""
    size = rung(still.size, min(THUMBNAIL_PX, still.width))
    # Pillow keeps encoder settings in the image, so two threads must not save the same one.
    small = shrunk(still, size) if size != still.size else still.copy()
    return webp_still(small), mean_color(small)


def _stable(source: Source, still: Image.Image, quality: int | None) -> Derivative:
    """Encode the still in the upload's format, without visible loss or needless bytes."""
    info = source.info
    attempts = _STABLE[info.format]
    is_whole = still.size == (info.width_px, info.height_px)
    if quality and "quality" in attempts[0]:
        attempts = (attempts[0] | {"quality": quality},)
    elif info.format == "JPEG" and info.width_px < still.width * _SAME_SCALE:
        attempts = own_quantization(source.image) or attempts
    elif info.format == "WEBP" and info.is_lossless and is_whole:
        attempts = (_LOSSLESS_WEBP,)
    elif info.format == "PNG" and still.width * still.height <= _SMALL_PNG_PIXELS:
        attempts = _SMALL_PNG
    if source.image.mode in ("P", "1") and is_whole and _is_plain(source):
        with suppress(UnfaithfulEncoding):
            return _no_larger(
                info, _palette_image(source.image, still.info[LABEL]), attempts, still
            )
    return _no_larger(info, still, attempts)


def _no_larger(
    info: ImageInfo,
    still: Image.Image,
    attempts: Iterable[Options],
    meant: Image.Image | None = None,
) -> Derivative:
    """Return the first attempt that is no larger than the upload, or else the last."""
    *better, last = attempts
    for options in better:
        made = encode("", info.format, still, options, meant)
        if made.byte_size <= info.byte_size:
            return made
        made.file.close()
    return encode("", info.format, still, last, meant)


def own_quantization(source: Image.Image) -> tuple[Options, ...]:
    """Return options with the upload's own quantization, limited to what is visible.

    Encoded with it, a JPEG loses next to nothing and stays as small as it was. Returns () if the
    tables do not fit.
    """
    quantization = _tables(source)
    if source.mode not in ("L", "RGB") or len(quantization) > 2:
        return ()
    own = [quantization[key] for key in sorted(quantization)]
    options: Options = {
        "qtables": [
            [max(pair) for pair in zip(table, finest, strict=True)]
            for table, finest in zip(own, _finest_tables(), strict=False)
        ],
        "subsampling": max(JpegImagePlugin.get_sampling(source), 0),
    }
    return options, options | {"progressive": True}


def _tables(image: Image.Image) -> dict[int, list[int]]:
    assert isinstance(image, JpegImagePlugin.JpegImageFile)
    return image.quantization


@cache
def _finest_tables() -> list[list[int]]:
    with BytesIO() as file:
        Image.new("RGB", (8, 8)).save(file, "JPEG", quality=_FINEST_QUALITY)
        with Image.open(file, formats=["JPEG"]) as image:
            return [_tables(image)[0], _tables(image)[1]]


def _is_plain(source: Source) -> bool:
    return source.info.orientation == 1 and not source.converted_from and not source.is_partial


def _palette_image(source: Image.Image, label: str | None) -> Image.Image:
    """Copy the source with its palette; as true color it would be several times larger."""
    copy = source.copy()
    copy.info = {key: source.info[key] for key in ("transparency",) if key in source.info}
    copy.info[LABEL] = label
    if copy.mode == "P" and (palette := source.getpalette("RGB")) is not None:
        # Reading transparency has changed the palette's mode, which the encoders misread.
        copy.putpalette(palette)
    return copy


def _animation(source: Source, frames: list[tuple[Image.Image, float]]) -> Derivative:
    """Encode every frame with its duration."""
    info = source.info
    mode = "RGBA" if any(still.mode == "RGBA" for still, _ in frames) else "RGB"
    stills = [still if still.mode == mode else still.convert(mode) for still, _ in frames]
    durations = [duration for _, duration in frames]
    options = dict(_ANIMATION[info.format])
    if info.format == "WEBP" and info.is_lossless:
        options = dict(_LOSSLESS_ANIMATION)
    if info.format == "GIF" and mode == "RGBA":
        options["disposal"] = 2
    if "loop" in source.image.info:
        options["loop"] = source.image.info["loop"]
    options |= {"save_all": True, "append_images": stills[1:], "duration": durations}
    return encode("", info.format, stills[0], options)


def _frames(source: Source) -> list[tuple[Image.Image, float]]:
    """Decode every frame, each with its duration in milliseconds."""
    frames = []
    for number in range(source.first_frame, source.info.frames):
        _seek(source, number)
        still = read_still(source, PUBLISHED_MAX_PX)
        frames.append((still, source.image.info.get("duration", 0)))
    return frames

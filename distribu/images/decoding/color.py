"""Conversion of colors to sRGB, from an embedded or a described profile."""

from functools import cache
from io import BytesIO

from PIL import Image, ImageCms, ImageFilter

from .color_codes import ToldProfile
from .hdr import HdrColors

_SRGB = ImageCms.createProfile("sRGB")
_COLOR_SPACES = {"L": "GRAY", "RGB": "RGB ", "RGBA": "RGB ", "CMYK": "CMYK"}
# Closer together in dark tones, which a gamma of 2.2 moves by nine levels, and others by two.
_SAMPLES = (0, 16, 40, 80, 150, 255)
_COLOR_CUBE = Image.frombytes(
    "RGB",
    (len(_SAMPLES) ** 3, 1),
    bytes(
        level
        for red in _SAMPLES
        for green in _SAMPLES
        for blue in _SAMPLES
        for level in (red, green, blue)
    ),
)
_HDR_CUBE_POINTS = 33


def to_srgb(image: Image.Image, profile: ToldProfile | None) -> tuple[Image.Image, str | None]:
    """Convert to sRGB; return the image and the name of its former color space, or None.

    A profile that is broken or made for another kind of image is ignored.
    """
    if profile and profile.hdr_code:
        return _from_hdr(image, profile.hdr_code), profile.name
    converted = _through(image, profile) if profile else None
    if profile and converted is not None:
        return converted, profile.name or _described(profile.icc)
    if image.mode == "CMYK":
        return image.convert("RGB"), "CMYK"
    return image, None


def _through(image: Image.Image, profile: ToldProfile) -> Image.Image | None:
    if image.mode == "L" and not profile.is_embedded:
        # Described primaries and curves also apply to gray, and keep gray gray.
        converted = _applied(image.convert("RGB"), profile.icc)
        return converted and converted.convert("L")
    if image.mode == "LA":
        alpha = image.getchannel("A")
        converted = _through(image.getchannel("L"), profile)
        if converted is not None:
            converted = converted.convert("RGBA")
            converted.putalpha(alpha)
        return converted
    converted = _applied(image, profile.icc)
    return converted.convert("L") if converted and image.mode == "L" else converted


def _applied(image: Image.Image, icc: bytes) -> Image.Image | None:
    try:
        opened = ImageCms.ImageCmsProfile(BytesIO(icc))
        if opened.profile.xcolor_space != _COLOR_SPACES[image.mode]:
            return None
        if image.mode.startswith("RGB") and _is_srgb(opened):
            return None
        transform = ImageCms.buildTransform(
            opened,
            _SRGB,
            image.mode,
            "RGBA" if image.mode == "RGBA" else "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        return _transformed(image, transform)
    except (ImageCms.PyCMSError, OSError):
        # Ignore a broken profile; browsers assume sRGB then.
        return None


def _transformed(image: Image.Image, transform: ImageCms.ImageCmsTransform) -> Image.Image:
    copy = ImageCms.applyTransform(image, transform)
    # None only if an image is changed in place.
    assert copy is not None
    return copy


def _is_srgb(profile: ImageCms.ImageCmsProfile) -> bool:
    """Return whether the profile changes no color visibly, so that converting is unnecessary."""
    transform = ImageCms.buildTransform(profile, _SRGB, "RGB", "RGB")
    moved = _transformed(_COLOR_CUBE, transform).tobytes()
    return all(abs(new - old) <= 2 for new, old in zip(moved, _COLOR_CUBE.tobytes(), strict=True))


def _described(icc: bytes) -> str:
    try:
        name = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(BytesIO(icc)))
    except (ImageCms.PyCMSError, OSError):
        return "another color space"
    printable = "".join(char for char in name if char.isprintable()).strip()
    return printable[:60] or "another color space"


def _from_hdr(image: Image.Image, code: tuple[int, int]) -> Image.Image:
    if image.mode in ("L", "LA"):
        return image.point([*_hdr_grays(code), *range(256)][: 256 * len(image.mode)])
    return image.filter(_hdr_cube(code))


@cache
def _hdr_grays(code: tuple[int, int]) -> list[int]:
    colors = HdrColors(*code)
    return [round(255 * colors(*(level / 255,) * 3)[0]) for level in range(256)]


@cache
def _hdr_cube(code: tuple[int, int]) -> ImageFilter.Color3DLUT:
    return ImageFilter.Color3DLUT.generate(_HDR_CUBE_POINTS, HdrColors(*code))

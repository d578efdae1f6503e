"""Colors in sRGB, through the profile of the image."""

from io import BytesIO

from PIL import Image, ImageCms

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


def to_srgb(image: Image.Image, icc_profile: bytes | None) -> Image.Image:
    """The same colors in sRGB, through the image's own profile where it has a sound one."""
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
        # A broken profile says nothing about the colors; browsers take sRGB then.
        return None


def _is_srgb(profile: ImageCms.ImageCmsProfile) -> bool:
    """Whether the profile moves no color visibly, so that converting would be work for nothing."""
    transform = ImageCms.buildTransform(profile, _SRGB, "RGB", "RGB")
    moved = ImageCms.applyTransform(_COLOR_CUBE, transform).tobytes()
    return all(abs(new - old) <= 2 for new, old in zip(moved, _COLOR_CUBE.tobytes(), strict=True))

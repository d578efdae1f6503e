"""Warm-up of a decoding child with sample images, before any upload arrives."""

from contextlib import suppress
from io import BytesIO

from PIL import Image, ImageCms

from .color import to_srgb
from .color_codes import code_profile
from .encoding import Options
from .policies import PUBLISHED, InvalidImage
from .publishing import derive, publish

_SIZE = (24, 16)
_KINDS: tuple[tuple[str, str, Options], ...] = (
    ("JPEG", "RGB", {}),
    ("JPEG", "CMYK", {"progressive": True}),
    ("PNG", "RGBA", {}),
    ("PNG", "P", {}),
    ("PNG", "I;16", {}),
    ("WEBP", "RGBA", {}),
    ("WEBP", "RGB", {"lossless": True}),
    ("AVIF", "RGB", {"speed": 10}),
    ("GIF", "P", {"transparency": 0}),
)
_ANIMATED = ("PNG", "WEBP", "GIF")


def warm_up() -> None:
    """Read and write every format once, and convert colors once."""
    files = [_saved(format, Image.new(mode, _SIZE), options) for format, mode, options in _KINDS]
    for format in _ANIMATED:
        frames: Options = {"save_all": True, "append_images": [Image.new("RGB", _SIZE, "red")]}
        files.append(_saved(format, Image.new("RGB", _SIZE), frames))
    for file in files:
        with suppress(InvalidImage):
            made = publish(file, PUBLISHED)
            made.stable.file.close()
            made.thumbnail.file.close()
    for derivative in derive(files[0], PUBLISHED):
        derivative.file.close()
    _convert()


def _saved(format: str, image: Image.Image, options: Options) -> BytesIO:
    file = BytesIO()
    image.save(file, format, **options)
    return file


def _convert() -> None:
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(BytesIO(icc)))
    to_srgb(Image.new("RGB", _SIZE, "red"), code_profile(12, 13))

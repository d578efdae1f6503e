"""How each published file is encoded: formats, qualities, and the figures behind them."""

import tempfile

from PIL import Image

from .ladder import SHARE_PX, fitted, ladder_path
from .pixels import shrunk
from .policies import CONTENT_TYPES
from .wire import Derivative

_WEBP = {"quality": 80, "method": 2}
# Scaled more softly than the small ones, see shrunk(): fewer bytes, spent on quality.
_WEBP_LARGE = _WEBP | {"quality": 82}
_WEBP_LARGE_PX = 1000
# Against WebP at quality 80 and method 4 on nine images: 0.84 of its bytes at 0.8 more of
# SSIMULACRA2, at worst 2.2 less. Without this tuning noisy photographs lost up to 7 and smooth
# ones grew; speed 9 takes a quarter to a half of the time for 14 % more bytes, and nobody waits.
_AVIF = {"quality": 66, "speed": 8, "max_threads": 1, "advanced": {"tune": "ssim"}}
# Small images show their artefacts, and cost few bytes.
_AVIF_SMALL = _AVIF | {"quality": 68}
_AVIF_SMALL_PX = 320
_SHARE = {"quality": 82, "optimize": True, "progressive": True}


def encode(path: str, format: str, image: Image.Image, options: dict) -> Derivative:
    file = tempfile.TemporaryFile()  # noqa: SIM115 (the caller owns it)
    image.save(file, format, **options)
    byte_size = file.seek(0, 2)
    file.seek(0)
    return Derivative(path, format, CONTENT_TYPES[format], *image.size, byte_size, file)


def webp_still(image: Image.Image) -> Derivative:
    options = _WEBP_LARGE if image.width >= _WEBP_LARGE_PX else _WEBP
    return encode(ladder_path(f"{image.width}w", "WEBP"), "WEBP", image, options)


def avif_still(image: Image.Image) -> Derivative:
    options = _AVIF_SMALL if image.width <= _AVIF_SMALL_PX else _AVIF
    return encode(ladder_path(f"{image.width}w", "AVIF"), "AVIF", image, options)


def share_still(image: Image.Image) -> Derivative:
    """A JPEG for whoever shows links, feeds and e-mail, transparency on white."""
    small = on_white(shrunk(image, fitted(image.size, SHARE_PX)))
    return encode(ladder_path("share", "JPEG"), "JPEG", small, _SHARE)


def on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    # A plain conversion would show the colors that hide under transparent pixels.
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def mean_color(image: Image.Image) -> str:
    """The mean color on white, for the box that waits for the image."""
    mean = on_white(image).convert("RGB").resize((1, 1), Image.Resampling.BOX)
    return "#{:02x}{:02x}{:02x}".format(*mean.getpixel((0, 0)))

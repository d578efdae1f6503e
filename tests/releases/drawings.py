"""Images drawn in memory for a release instance: small files of every kind that it takes."""

import random
import struct
from io import BytesIO

from PIL import Image, ImageDraw

BACKGROUND, CLEAR = (238, 238, 230), (0, 0, 0, 0)
# Harmless here, but a program to a server that takes the file for PHP.
PAYLOAD = b"<?php echo 1; ?>"
COLORS = {
    "red": (200, 60, 50),
    "green": (60, 150, 80),
    "blue": (50, 90, 190),
    "yellow": (225, 180, 40),
}


def still(format: str, color: str, width: int = 320, height: int = 240, **options) -> bytes:
    """An opaque image of a colored disk."""
    return _saved(_disk(COLORS[color], width, height, BACKGROUND), format, **options)


def transparent(format: str, color: str, width: int = 160, height: int = 120) -> bytes:
    """A colored disk whose lower half is half transparent, on nothing at all."""
    image = _disk(COLORS[color], width, height, CLEAR)
    alpha = image.getchannel("A")
    alpha.paste(
        alpha.crop((0, height // 2, width, height)).point(lambda a: a // 2), (0, height // 2)
    )
    image.putalpha(alpha)
    return _saved(image, format)


def transparent_gif(color: str, width: int = 160, height: int = 120) -> bytes:
    """A still GIF in which one color of its palette is the transparent one."""
    image = Image.new("P", (width, height), 0)
    image.putpalette([255, 0, 255, *COLORS[color]])
    ImageDraw.Draw(image).ellipse(
        (width // 4, height // 4, width * 3 // 4, height * 3 // 4), fill=1
    )
    return _saved(image, "GIF", transparency=0)


def animated(format: str, width: int = 160, height: int = 120) -> bytes:
    """Three frames, a disk of another color in each."""
    frames = [_disk(COLORS[color], width, height, BACKGROUND) for color in ("red", "green", "blue")]
    return _saved(frames[0], format, save_all=True, append_images=frames[1:], duration=200, loop=0)


def animated_png_with_still(width: int = 160, height: int = 120) -> bytes:
    """An animation, and a still of another color for programs that show no animations."""
    still, *frames = [
        _disk(COLORS[color], width, height, BACKGROUND) for color in ("yellow", "red", "green")
    ]
    options = {"save_all": True, "default_image": True, "duration": 200}
    return _saved(still, "PNG", append_images=frames, **options)


def gif_on_larger_screen(color: str, width: int = 160, height: int = 120) -> bytes:
    """A GIF whose frame covers the top left quarter; the rest of its screen is transparent."""
    content = still("GIF", color, width // 2, height // 2)
    return content[:6] + struct.pack("<HH", width, height) + content[10:]


def deep_png_with_color_key(width: int = 160, height: int = 120) -> bytes:
    """A PNG of 16-bit gray with one gray that stands for transparency."""
    key, gray = 20000, 50000
    image = Image.new("I;16", (width, height), key)
    image.paste(gray, (width // 4, height // 4, width * 3 // 4, height * 3 // 4))
    return _saved(image, "PNG", transparency=key)


def payload_png() -> bytes:
    """An image whose pixels make a PNG encoder write PAYLOAD into its file.

    A row's differences from pixel to pixel spell it, and the noise around
    that row keeps the encoder from compressing anything.
    """
    noise = random.Random(0)
    rows = [bytearray(noise.randbytes(96)) for _ in range(32)]
    steps = PAYLOAD + bytes(noise.choice((1, 2, 254, 255)) for _ in range(96 - len(PAYLOAD)))
    for at, step in enumerate(steps):
        rows[16][at] = (step + (rows[16][at - 3] if at >= 3 else 0)) % 256
    return _saved(Image.frombytes("RGB", (32, 32), b"".join(rows)), "PNG")


def truncated_png() -> bytes:
    """A PNG whose header is sound and whose pixels end too early."""
    content = still("PNG", "red")
    return content[: len(content) // 2]


def _disk(color: tuple, width: int, height: int, background: tuple) -> Image.Image:
    image = Image.new("RGBA" if len(background) == 4 else "RGB", (width, height), background)
    edge = min(width, height) // 8
    ImageDraw.Draw(image).ellipse((edge, edge, width - edge, height - edge), fill=color)
    return image


def _saved(image: Image.Image, format: str, **options) -> bytes:
    file = BytesIO()
    image.save(file, format, **options)
    return file.getvalue()

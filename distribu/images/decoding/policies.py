"""Limits for each kind of upload, and the sentences of its refusals."""

from dataclasses import dataclass
from math import ceil

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
    """The file is not an image that the policy allows.

    code: "empty", "format", "byte_size", "pixels", "animation", "damaged", "excessive" or
    "undecodable". message: a sentence that the merchant can act on.
    """

    def __init__(self, code: str, message: str):
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message


# Every refusal code, with its sentence if that is the same for all policies.
REFUSALS = {
    "empty": EMPTY,
    "format": None,
    "byte_size": None,
    "pixels": None,
    "animation": None,
    "damaged": DAMAGED,
    "excessive": EXCESSIVE,
    "undecodable": UNDECODABLE,
}


def refusal(code: str, policy: "ImagePolicy") -> InvalidImage:
    """Return the refusal with this code, worded by the policy."""
    return InvalidImage(code, REFUSALS[code] or getattr(policy, f"{code}_sentence"))


@dataclass(frozen=True)
class ImagePolicy:
    """The limits for one kind of upload; every limit is the largest allowed value."""

    name: str
    formats: tuple[str, ...]
    max_byte_size: int
    max_pixels: int
    # Of all frames together, since each is decoded and encoded.
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
# For stable images that Distribu encoded itself, when another ladder is made from them.
PUBLISHED = ImagePolicy(
    name="published",
    formats=("JPEG", "PNG", "WEBP", "AVIF", "GIF"),
    max_byte_size=100 * _MB,
    max_pixels=60 * _MEGAPIXEL - 1,
    max_animation_pixels=100 * _MEGAPIXEL,
)

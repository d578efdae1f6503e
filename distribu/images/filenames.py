"""Names derived from a filename: the name in a URL, and an alt text."""

import re

from slugify import slugify

from .decoding.policies import EXTENSIONS

# How browsers escape line breaks in a filename.
_ESCAPED_LINE_BREAK = re.compile("%0[AD]", re.IGNORECASE)
_DRIVE = re.compile("^[A-Za-z]:")


def last_part(filename: str) -> str:
    r"""Return the filename without any folders or drive that the client sent with it.

    >>> last_part(r"C:\Pictures\blue.png"), last_part("/home/ann/blue.png"), last_part("C:blue.png")
    ('blue.png', 'blue.png', 'blue.png')
    """
    name = _ESCAPED_LINE_BREAK.sub(" ", filename).replace("\\", "/").rsplit("/", 1)[-1]
    return _printable(_DRIVE.sub("", name)).strip()


def public_name(filename: str, format: str) -> str:
    """Return the last part of the stable URL, from the uploaded filename and detected format."""
    stem = _stem(filename)
    return f"{slugify(stem, max_length=80, word_boundary=True) or 'image'}.{EXTENSIONS[format]}"


def readable_name(filename: str) -> str:
    """Return the filename as alt text: no extension, hyphens and underscores as spaces."""
    words = _stem(filename).replace("-", " ").replace("_", " ")
    return " ".join(words.split())[:200]


def shortened(filename: str) -> str:
    """Return the filename as at most 255 printable characters, with its extension."""
    filename = last_part(filename) or "image"
    stem, dot, extension = filename.rpartition(".")
    if len(filename) <= 255 or not dot or len(extension) > 10:
        return filename[:255]
    return f"{stem[: 254 - len(extension)]}.{extension}"


def _stem(filename: str) -> str:
    return last_part(filename).rsplit(".", 1)[0]


def _printable(text: str) -> str:
    # Unprintable characters cannot be shown, and some of them cannot be stored.
    return "".join(c if c.isprintable() else " " for c in text)

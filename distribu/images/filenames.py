"""What a filename becomes: the name in a URL, an alt text."""

from slugify import slugify

from .decoding.policies import EXTENSIONS


def public_name(filename: str, format: str) -> str:
    """The last part of a stable URL, made from the uploaded filename and the real format."""
    stem = filename.rsplit("/", 1)[-1].rsplit("\\", 1)[-1].rsplit(".", 1)[0]
    return f"{slugify(stem, max_length=80, word_boundary=True) or 'image'}.{EXTENSIONS[format]}"


def readable_name(filename: str) -> str:
    """The filename as an alt text: extension dropped, hyphens and underscores as spaces."""
    stem = filename.rsplit("/", 1)[-1].rsplit("\\", 1)[-1].rsplit(".", 1)[0]
    words = _printable(stem).replace("-", " ").replace("_", " ")
    return " ".join(words.split())[:200]


def shortened(filename: str) -> str:
    """The filename in at most 255 characters, all of them printable, its extension kept."""
    filename = _printable(filename)
    stem, dot, extension = filename.rpartition(".")
    if len(filename) <= 255 or not dot or len(extension) > 10:
        return filename[:255]
    return f"{stem[: 254 - len(extension)]}.{extension}"


def _printable(text: str) -> str:
    # What cannot be printed can neither be shown nor, some of it, be stored.
    return "".join(c if c.isprintable() else " " for c in text)

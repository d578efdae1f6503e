"""Detect the encoding of an uploaded text file, and list those that a person can choose."""

from dataclasses import dataclass

from ..models import is_storable

# Python's names and those that people know, in the order in which they are offered.
ENCODINGS = {
    "cp1252": "Western European (Windows-1252)",
    "cp1250": "Central European (Windows-1250)",
    "cp1251": "Cyrillic (Windows-1251)",
    "cp1253": "Greek (Windows-1253)",
    "cp1254": "Turkish (Windows-1254)",
    "cp1255": "Hebrew (Windows-1255)",
    "cp1256": "Arabic (Windows-1256)",
    "cp1257": "Baltic (Windows-1257)",
    "iso8859_15": "Western European (ISO 8859-15)",
    "mac_roman": "Western European (Mac OS Roman)",
    "cp850": "Western European (DOS 850)",
    "cp932": "Japanese (Shift JIS)",
    "gb18030": "Chinese (GB 18030)",
    "cp950": "Chinese (Big5)",
    "cp949": "Korean (EUC-KR)",
    "utf-16-le": "Unicode (UTF-16, little endian)",
    "utf-16-be": "Unicode (UTF-16, big endian)",
}
# By byte order mark.
_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
# Strict ones first, so that the first one that can decode the bytes is likely.
_PROPOSED = ("cp1252", "cp932", "gb18030", "mac_roman")


@dataclass(frozen=True)
class DecodedText:
    """A text without its byte order mark. is_sure: the encoding is certain."""

    text: str
    encoding: str
    is_sure: bool


def decoded(content: bytes) -> DecodedText | None:
    """Decode by byte order mark, as UTF-8, or by the likeliest encoding; None if not text."""
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            text = decoded_by(content, encoding)
            return None if text is None else DecodedText(text, encoding, is_sure=True)
    if (text := decoded_by(content, "utf-8")) is not None:
        return DecodedText(text, "utf-8", is_sure=True)
    for encoding in _likely(content):
        if (text := decoded_by(content, encoding)) is not None:
            return DecodedText(text, encoding, is_sure=False)
    return None


def decoded_by(content: bytes, encoding: str) -> str | None:
    """Return the text in this encoding; None if it cannot be decoded or stored."""
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        return None
    return text if is_storable(text) else None


def _likely(content: bytes) -> tuple[str, ...]:
    # A header begins with a letter that is one ASCII byte, except for the zeros of UTF-16.
    if content[1:2] == b"\0":
        return ("utf-16-le",)
    if content[:1] == b"\0":
        return ("utf-16-be",)
    return _PROPOSED

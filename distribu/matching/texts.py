"""The two forms in which names and SKUs are compared: verbatim, and as tokens."""

import re
import unicodedata

from ..models.sku_keys import sku_key

_ASCII_TOKENS = re.compile("[a-z0-9]+")
# Characters that some file systems do not allow, so a file cannot be named after such a SKU.
UNWRITABLE = frozenset('<>:"/\\|?*')


def verbatim(text: str) -> str:
    """Return the text in NFC, without invisible characters and surrounding blanks.

    >>> verbatim(" AB\\u200b-1 ")
    'AB-1'
    """
    return sku_key(text) or ""


def tokens(text: str) -> tuple[str, ...]:
    """Return the runs of letters, digits and marks in lower case; other characters separate them.

    >>> tokens('A/12"B') == tokens("A-12_B") == tokens("a 12 b") == ("a", "12", "b")
    True
    """
    text = verbatim(text)
    if text.isascii():
        return tuple(_ASCII_TOKENS.findall(text.lower()))
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text).lower())
    return tuple("".join(c if is_part(c) else " " for c in folded).split())


def is_part(character: str) -> bool:
    """Return whether a character belongs to a token; others separate tokens."""
    return unicodedata.category(character)[0] in "LNM"


def through_separator(text: str, length: int) -> str:
    """Return the first length characters of text and the separator that follows them.

    >>> through_separator("ab-1_2", 4)
    'ab-1_'
    """
    end = length
    while end < len(text) and not is_part(text[end]):
        end += 1
    return text[:end]

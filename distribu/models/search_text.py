"""Text for searching, folded in Python so that every database finds the same.

The words of a text lose their case and their accents, letters such as
"ø" become those that people type instead, and each word gets two spaces
before it. So any input has at least the three characters that a trigram
index needs: "wid" is searched for anywhere, the shorter "wi" as " wi"
and "w" as "  w", at the start of a word.
"""

import unicodedata

# Room for the longest name, SKU and category; with two ids it fits into one entry of any index.
SEARCHABLE_MAX = 620
TYPED_MAX = 200
GRAM = 3
# Accents, control characters, invisible characters such as soft hyphens, and lone surrogates.
_DROPPED = ("Mn", "Cc", "Cf", "Cs")
# Latin letters that Unicode does not decompose, and how people type them without the key.
_LETTERS = str.maketrans("øđðłıȷħŧŋĸƀɓɖɗƒɠǥƙɲɔɛəƴ", "oddlijhtnkbbddfggknoeey") | {
    ord("œ"): "oe",
    ord("æ"): "ae",
    ord("þ"): "th",
}


def searchable(*fields: str | None) -> str:
    """Return the fields folded for searching and sorting, one per line.

    A line break sorts before a space, so "Blue" comes before "Blue Widget".
    """
    lines = ("".join(f"  {word}" for word in words(field)) for field in fields)
    return "\n".join(lines)[:SEARCHABLE_MAX]


def needles(typed: str | None) -> list[str]:
    """Return the pieces that must all occur in the searchable text."""
    return [word.rjust(GRAM) for word in words((typed or "")[:TYPED_MAX])]


def words(text: str | None) -> list[str]:
    """Return the words of text without case and accents, in letters that every keyboard has."""
    text = text or ""
    if text.isascii() and text.isprintable():
        return text.lower().split()
    folded = unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)
    return list(filter(None, map(_without_marks, folded.split())))


def _without_marks(word: str) -> str:
    kept = (char for char in word if unicodedata.category(char) not in _DROPPED)
    return unicodedata.normalize("NFC", "".join(kept))

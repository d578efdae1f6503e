"""Suggest products for a name that matches no SKU, for a person to decide."""

import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator

from .catalog import Catalog, Sku
from .suffixes import is_camera_name
from .texts import tokens

MAX = 3
# Shorter pieces of a name occur in too many SKUs.
SHORTEST = 3
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "ß": "ss"})


class Suggester:
    """Finds SKUs that are similar to a name."""

    def __init__(self, catalog: Catalog):
        self._by_loose = defaultdict(list)
        for sku in catalog:
            for loose in _loose_forms(sku.text):
                self._by_loose[loose].append(sku)
        self._lengths = {len(loose) for loose in self._by_loose}
        self._sorted = sorted(((" ".join(sku.tokens), sku.text, sku) for sku in catalog), key=_two)
        self._beginnings = [text for text, _, _ in self._sorted]

    def suggest(self, stem: str) -> list[Sku]:
        """Return up to MAX products, likeliest first; none for a camera's file name.

        >>> catalog = Catalog([("1", "AB-7"), ("2", "shirt-blue-S")])
        >>> [sku.text for sku in Suggester(catalog).suggest("AB-77")]
        ['AB-7']
        """
        found: dict[str, Sku] = {}
        if not is_camera_name(stem):
            for sku in self._candidates(stem):
                found.setdefault(sku.product_id, sku)
                if len(found) == MAX:
                    break
        return list(found.values())

    def _candidates(self, stem: str) -> Iterator[Sku]:
        for loose in _loose_forms(_repaired(stem)):
            yield from self._by_loose.get(loose, ())
        yield from self._held(stem)
        yield from self._begun(" ".join(tokens(stem)))
        whole = _loose(stem)
        if len(whole) > SHORTEST:
            for edited in _edits(whole, self._lengths):
                yield from self._by_loose.get(edited, ())

    def _held(self, stem: str) -> Iterator[Sku]:
        """Yield the SKUs that occur anywhere in the name, longest first."""
        words = tokens(stem)
        for length in range(min(len(words), 8), 0, -1):
            for start in range(len(words) - length + 1):
                loose = _loose("".join(words[start : start + length]))
                if len(loose) >= SHORTEST:
                    yield from self._by_loose.get(loose, ())

    def _begun(self, text: str) -> Iterator[Sku]:
        """Yield the SKUs that begin with the name."""
        if len(text) < SHORTEST:
            return
        for index in range(bisect_left(self._beginnings, text), len(self._beginnings)):
            if not self._beginnings[index].startswith(text):
                return
            yield self._sorted[index][2]


def _two(entry: tuple) -> tuple[str, str]:
    return entry[:2]


def _loose_forms(text: str) -> set[str]:
    return {_loose(text), _loose(text.lower().translate(_SPELLED))} - {""}


def _loose(text: str) -> str:
    """Return the text without case, accents, separators, and leading zeros of numbers."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    letters = "".join(c for c in folded if c.isalnum())
    kept = (c for i, c in enumerate(letters) if c != "0" or _is_inside_number(letters, i))
    return "".join(kept)


def _is_inside_number(letters: str, index: int) -> bool:
    """Return whether a zero is part of a number and not one of its leading zeros."""
    start = index
    while start and letters[start - 1].isdecimal():
        start -= 1
    return letters[start:index].strip("0") != ""


def _repaired(text: str) -> str:
    """Repair UTF-8 text that was misread as Windows-1252; return other text unchanged."""
    try:
        return text.encode("cp1252").decode("utf-8")
    except ValueError:
        return text


def _edits(text: str, lengths: set[int]) -> Iterator[str]:
    """Yield the texts that differ in one missing, extra or wrong letter, or two swapped ones.

    lengths: lengths of the texts that are searched for; others are skipped.
    """
    length = len(text)
    if length - 1 in lengths:
        yield from (text[:i] + text[i + 1 :] for i in range(length))
    if length in lengths:
        for i in range(length - 1):
            yield text[:i] + text[i + 1] + text[i] + text[i + 2 :]
        for i in range(length):
            yield from (text[:i] + letter + text[i + 1 :] for letter in _LETTERS)
    if length + 1 in lengths:
        for i in range(length + 1):
            yield from (text[:i] + letter + text[i:] for letter in _LETTERS)

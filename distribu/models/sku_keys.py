"""Equality of SKUs: keys without invisible characters.

A key is the SKU in NFC, without format characters such as soft hyphens
and zero-width spaces, and without blanks at both ends. Nothing else is
folded: "M²" and "M2" are two SKUs.
"""

import unicodedata

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute

# NFC makes a text at most three times as long.
KEY_MAX = 300
# Before the id of a product whose key another one had first. No key has a format character.
OWN_KEY = "\u2060"
_BEHIND_OWN_KEYS = "\u2061"
# Where a list by SKU has the products without one: behind every SKU.
NO_SKU = "\U0010ffff"


def sku_key(sku: str | None) -> str | None:
    """The key by which a SKU is compared; None where nothing of it can be seen.

    >>> sku_key("SH-10\\u00ad00\\u00a0")
    'SH-1000'
    """
    if sku is None or sku.isascii():
        return (sku or "").strip() or None
    normalized = unicodedata.normalize("NFC", sku)
    seen = "".join(one for one in normalized if unicodedata.category(one) != "Cf")
    # Without them, letters and accents may have come together.
    return unicodedata.normalize("NFC", seen).strip() or None


def trimmed_sku(sku: str) -> str:
    """The SKU as it is kept: without blanks and format characters at both ends."""
    start, stop = 0, len(sku)
    while start < stop and _is_unseen(sku[start]):
        start += 1
    while start < stop and _is_unseen(sku[stop - 1]):
        stop -= 1
    return sku[start:stop]


def sku_order(sku: str | None) -> str:
    """The text by which a list is sorted by SKU; no database compares NULLs as a place."""
    return sku_key(sku) or NO_SKU


def own_key(product_id: str) -> str:
    """The key of a product whose SKU looks like another one's, until it is renamed."""
    return OWN_KEY + product_id


def is_own_key(column: InstrumentedAttribute[str | None]) -> ColumnElement[bool]:
    """The condition that a key column has an own_key()."""
    return (column >= OWN_KEY) & (column < _BEHIND_OWN_KEYS)


def _is_unseen(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) == "Cf"

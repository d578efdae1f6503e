"""Keys that decide whether two SKUs are equal, ignoring invisible characters.

A key is the SKU in NFC, without format characters such as soft hyphens
and zero-width spaces, and without blanks at both ends. Nothing else is
folded: "M²" and "M2" are two SKUs.
"""

import unicodedata

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute

# NFC makes a text at most three times as long.
KEY_MAX = 300
# Prefix of the key of a product whose SKU equals another's; no normal key contains it.
OWN_KEY = "\u2060"
_BEHIND_OWN_KEYS = "\u2061"
# Sorts products without a SKU after every SKU.
NO_SKU = "\U0010ffff"


def sku_key(sku: str | None) -> str | None:
    """Return the key by which a SKU is compared; None if no character of it is visible.

    >>> sku_key("SH-10\\u00ad00\\u00a0")
    'SH-1000'
    """
    if sku is None or sku.isascii():
        return (sku or "").strip() or None
    normalized = unicodedata.normalize("NFC", sku)
    seen = "".join(one for one in normalized if unicodedata.category(one) != "Cf")
    # Removing characters may have brought letters and accents together.
    return unicodedata.normalize("NFC", seen).strip() or None


def trimmed_sku(sku: str) -> str:
    """Return the SKU as it is stored: without blanks and format characters at both ends."""
    start, stop = 0, len(sku)
    while start < stop and _is_unseen(sku[start]):
        start += 1
    while start < stop and _is_unseen(sku[stop - 1]):
        stop -= 1
    return sku[start:stop]


def sku_order(sku: str | None) -> str:
    """Return the text that sorts lists by SKU, since databases disagree on the place of NULL."""
    return sku_key(sku) or NO_SKU


def own_key(product_id: str) -> str:
    """Return the unique key of a product whose SKU looks like another's, until it is renamed."""
    return OWN_KEY + product_id


def is_own_key(column: InstrumentedAttribute[str | None]) -> ColumnElement[bool]:
    """Return the condition that a key column contains an own_key()."""
    return (column >= OWN_KEY) & (column < _BEHIND_OWN_KEYS)


def _is_unseen(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) == "Cf"

"""Name each image in a ZIP after its product's SKU and its number in the gallery."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..images.filenames import readable_name
from ..matching.filenames import JUNK, read_path
from ..matching.texts import UNWRITABLE

# With a number and a type added, the name fits into the 255 bytes of most file systems.
STEM_BYTES_MAX = 200
# Device names, which Windows does not allow as file names.
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


@dataclass(frozen=True)
class NamedProduct:
    """A product whose images get names. images: id and type, such as "jpg", in order."""

    id: str
    sku: str | None
    name: str
    images: tuple[tuple[str, str], ...]


def image_names(products: Iterable[NamedProduct]) -> Iterator[tuple[str, str]]:
    """Yield the id of each image and its name in the ZIP, unique on every file system.

    >>> product = NamedProduct("01P", "AB-1", "Board", (("01A", "jpg"), ("01B", "png")))
    >>> list(image_names([product]))
    [('01A', 'AB-1.jpg'), ('01B', 'AB-1_2.png')]
    """
    products = list(products)
    stems = [(product, _stem(product)) for product in products]
    # Reserve the names of all first images before numbering others.
    owners: dict[str, str] = {}
    for product, stem in stems:
        owners.setdefault(_folded(stem), product.id)
    taken = set(owners)
    for product, stem in stems:
        if owners[_folded(stem)] != product.id:
            stem = f"{stem}_{product.id}"
            taken.add(_folded(stem))
        for number, (image_id, type) in enumerate(product.images, 1):
            yield image_id, f"{_numbered(stem, number, product.id, taken)}.{type}"


def _numbered(stem: str, number: int, product_id: str, taken: set[str]) -> str:
    if number == 1:
        return stem
    name = f"{stem}_{number}"
    if _folded(name) in taken:
        # AB-1_2 is another product's SKU.
        name = f"{stem}_{product_id}_{number}"
    taken.add(_folded(name))
    return name


def _stem(product: NamedProduct) -> str:
    """Return the SKU, or a name with the product's id if the SKU is missing or not valid."""
    sku = product.sku or ""
    if sku and _is_writable(sku):
        return sku
    written = "".join("_" if not _is_safe(c) else c for c in sku or readable_name(product.name))
    cut = written.encode()[: STEM_BYTES_MAX - 30].decode(errors="ignore")
    return f"{cut.strip(' .~') or 'image'}_{product.id}"


def _is_writable(sku: str) -> bool:
    return (
        all(map(_is_safe, sku))
        and sku == sku.strip()
        and not sku.endswith(".")
        and len(sku.encode()) <= STEM_BYTES_MAX
        and not _DEVICES.fullmatch(sku)
        and read_path(f"{sku}.jpg").kind != JUNK
    )


def _is_safe(character: str) -> bool:
    return character not in UNWRITABLE and character.isprintable()


def _folded(name: str) -> str:
    """Return the name for comparison, ignoring case and Unicode composition."""
    return unicodedata.normalize("NFC", name).casefold()

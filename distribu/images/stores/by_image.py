"""The objects of stores, image by image: both folders side by side, and beside the rows.

Stores list in the order of keys and rows are read in the order of ids, so each is read once from
its start to its end, and one image at a time is in memory.
"""

import heapq
from collections.abc import Iterator
from itertools import groupby
from typing import TypeVar

from .contract import PRIVATE, PUBLIC, ImageStore, StoreMisconfigured

Left = TypeVar("Left")
Right = TypeVar("Right")


def objects_by_image(*stores: ImageStore) -> Iterator[tuple[str, list[dict[str, int]]]]:
    """Yield each image id that a key names, and for each store the byte sizes by key.

    Raises StoreError.
    """
    listings = (
        _listing(number, image_store, folder)
        for number, image_store in enumerate(stores)
        for folder in (PUBLIC, PRIVATE)
    )
    for place, listed in groupby(heapq.merge(*listings), key=lambda one: one[0]):
        sizes: list[dict[str, int]] = [{} for _ in stores]
        for _, number, key, byte_size in listed:
            sizes[number][key] = byte_size
        yield place.removesuffix("/"), sizes


def outer_join(
    left: Iterator[tuple[str, Left]], right: Iterator[tuple[str, Right]]
) -> Iterator[tuple[str, Left | None, Right | None]]:
    """Yield every id in two sorted iterators, with what each of them has for it."""
    one, other = next(left, None), next(right, None)
    while one or other:
        image_id = min((pair[0] for pair in (one, other) if pair), key=_place)
        found_left, found_right = None, None
        if one and one[0] == image_id:
            found_left, one = one[1], next(left, None)
        if other and other[0] == image_id:
            found_right, other = other[1], next(right, None)
        yield image_id, found_left, found_right


def _listing(
    number: int, image_store: ImageStore, folder: str
) -> Iterator[tuple[str, int, str, int]]:
    """Yield sort place, store number, key and byte size of each object.

    Raises StoreMisconfigured if the store does not list in the order of keys.
    """
    last = ""
    for stored in image_store.objects(folder):
        if stored.key < last:
            raise StoreMisconfigured(
                f"{image_store} does not list its objects in the order of their keys.",
                "Use another store.",
            )
        last = stored.key
        yield _place(stored.key.split("/")[1]), number, stored.key, stored.byte_size


def _place(image_id: str) -> str:
    # Where the keys of an image sort: those of "a-b" come before those of "a".
    return f"{image_id}/"

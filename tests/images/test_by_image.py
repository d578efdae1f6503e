"""Listings of stores, image by image: what is in memory, and what is refused."""

from collections.abc import Iterator

import pytest

from distribu.images.stores.by_image import objects_by_image, outer_join
from distribu.images.stores.contract import StoredObject, StoreMisconfigured


class Listing:
    """A store that can only list; it counts how far it was read."""

    def __init__(self, keys: list[str]):
        self.keys, self.read = keys, 0

    def objects(self, folder: str) -> Iterator[StoredObject]:
        for key in self.keys:
            if key.startswith(folder):
                self.read += 1
                yield StoredObject(key, len(key))


def listed(*stores: Listing) -> list[tuple[str, list[list[str]]]]:
    found: Iterator[tuple[str, list[dict[str, int]]]] = objects_by_image(*stores)
    return [(image_id, [list(sizes) for sizes in of_stores]) for image_id, of_stores in found]


def test_both_folders_of_an_image_come_together():
    store = Listing(["images/01A/a.jpg", "images/01B/b.jpg", "incoming/01B/upload"])
    assert listed(store) == [
        ("01A", [["images/01A/a.jpg"]]),
        ("01B", [["images/01B/b.jpg", "incoming/01B/upload"]]),
    ]


def test_two_stores_stand_side_by_side():
    assert listed(Listing(["images/01A/a"]), Listing(["images/01A/b", "images/01C/c"])) == [
        ("01A", [["images/01A/a"], ["images/01A/b"]]),
        ("01C", [[], ["images/01C/c"]]),
    ]


def test_an_id_that_begins_like_another_is_one_of_its_own():
    store = Listing(["images/a-b/1", "images/a/1", "images/ab/1", "incoming/a/upload"])
    ids = ["a-b", "a", "ab"]
    assert [image_id for image_id, _ in listed(store)] == ids
    rows = iter([("a", "row"), ("ab", "row")])
    joined = [one[:2] for one in outer_join(rows, objects_by_image(store))]
    assert joined == [("a-b", None), ("a", "row"), ("ab", "row")]


def test_rows_without_objects_and_objects_without_a_row_are_told():
    rows, others = [("1", "a"), ("2", "b")], [("2", "c"), ("3", "d")]
    assert list(outer_join(iter(rows), iter(others))) == [
        ("1", "a", None),
        ("2", "b", "c"),
        ("3", None, "d"),
    ]


def test_a_listing_is_read_no_further_than_the_next_image():
    stores = [
        Listing([f"images/{n:05}/{path}" for n in range(5_000) for path in "ab"]) for _ in "12"
    ]
    for number, (image_id, _) in enumerate(objects_by_image(*stores), 1):
        assert image_id == f"{number - 1:05}"
        assert max(store.read for store in stores) <= number * 2 + 1


def test_a_store_that_lists_in_no_order_is_refused():
    store = Listing(["images/01B/b", "images/01A/a"])
    with pytest.raises(StoreMisconfigured, match="order of their keys"):
        listed(store)

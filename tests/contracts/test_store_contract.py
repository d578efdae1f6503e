"""The contract of image stores: the same cases for every store."""

import io
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from distribu.images.stores.by_url import open_store
from distribu.images.stores.contract import (
    MAX_OBJECT_BYTE_SIZE,
    ImageStore,
    InvalidKey,
    ObjectNotFound,
    StoredObject,
    StoreMisconfigured,
    StoreUnavailable,
)
from tests.images.store_uses import UPLOAD, USES, WIDGET, put, read

GADGET = "images/01JDX/gadget.png"
ROUNDS = 30


@pytest.fixture
def local_url(tmp_path) -> str:
    return (tmp_path / "a store").as_uri()


# A further store joins with its name here and a fixture <name>_url.
@pytest.fixture(params=["local", "minio", "versitygw"])
def store_url(request) -> str:
    """Return the URL of a store that nobody has prepared yet."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def store(store_url) -> ImageStore:
    store = open_store(store_url)
    store.prepare()
    return store


class BrokenFile(io.BytesIO):
    """A file of 1,000 bytes whose second half cannot be read."""

    def __init__(self):
        super().__init__(b"x" * 1000)

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() >= 500:
            raise OSError("the disk of the upload is damaged")
        return super().read(500)


# Put and read


def test_put_object_is_read_back(store):
    put(store, WIDGET, b"an image")
    assert read(store, WIDGET) == b"an image"


def test_put_replaces_the_whole_object(store):
    put(store, WIDGET, b"a long image")
    put(store, WIDGET, b"short")
    assert read(store, WIDGET) == b"short"


def test_put_reads_a_file_from_its_start(store):
    file = io.BytesIO(b"0123456789")
    file.seek(7)
    store.put(WIDGET, file, "image/jpeg")
    assert read(store, WIDGET) == b"0123456789"


def test_put_of_19_megabytes_is_read_back(store):
    image = random.Random(19).randbytes(19 * 1024 * 1024)
    put(store, UPLOAD, image)
    assert read(store, UPLOAD) == image


def test_put_of_nothing_is_an_empty_object(store):
    put(store, WIDGET, b"")
    assert read(store, WIDGET) == b""
    assert store.stat(WIDGET).byte_size == 0


def test_put_refuses_an_object_that_would_need_several_requests(store):
    with pytest.raises(ValueError, match="33554432"):
        put(store, WIDGET, bytes(MAX_OBJECT_BYTE_SIZE + 1))
    assert store.keys() == set()


def test_put_of_an_unreadable_file_leaves_nothing(store):
    with pytest.raises(StoreUnavailable):
        store.put(WIDGET, BrokenFile(), "image/jpeg")
    assert store.keys() == set()


def test_put_of_an_unreadable_file_leaves_what_was_there(store):
    put(store, WIDGET, b"an image")
    with pytest.raises(StoreUnavailable):
        store.put(WIDGET, BrokenFile(), "image/jpeg")
    assert read(store, WIDGET) == b"an image"
    assert store.keys() == {WIDGET}


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [
        (0, None, b"0123456789"),
        (3, None, b"3456789"),
        (0, 4, b"0123"),
        (3, 4, b"3456"),
        (9, 1, b"9"),
        (8, 100, b"89"),
        (3, 0, b""),
        (10, None, b""),
        (10, 5, b""),
        (500, None, b""),
    ],
)
def test_open_reads_a_range(store, start, length, expected):
    put(store, WIDGET)
    assert read(store, WIDGET, start, length) == expected


def test_open_of_a_range_is_read_in_pieces(store):
    put(store, WIDGET, b"0123456789" * 20_000)
    with store.open(WIDGET, 5, 100_000) as file:
        pieces = list(iter(lambda: file.read(7_001), b""))
    assert b"".join(pieces) == b"5678901234" * 10_000


@pytest.mark.parametrize(("start", "length"), [(-1, None), (0, -1)])
def test_open_refuses_a_negative_range(store, start, length):
    put(store, WIDGET)
    with pytest.raises(ValueError, match="-1"):
        store.open(WIDGET, start, length)


def test_open_file_can_be_closed_before_its_end(store):
    put(store, WIDGET, bytes(1_000_000))
    file = store.open(WIDGET)
    file.read(10)
    file.close()
    assert file.closed
    assert read(store, WIDGET, 999_999) == b"\0"


def test_stat_tells_the_size(store):
    put(store, WIDGET)
    assert store.stat(WIDGET) == StoredObject(WIDGET, 10)


@pytest.mark.parametrize("key", ["images/01JD/none.jpg", "images/01JD/blue-widget.jpg/100w.webp"])
def test_reading_what_is_not_there_raises(store, key):
    put(store, WIDGET)
    with pytest.raises(ObjectNotFound):
        store.open(key)
    with pytest.raises(ObjectNotFound):
        store.open(key, 5, 0)
    with pytest.raises(ObjectNotFound):
        store.stat(key)


def test_a_prefix_is_no_object(store):
    put(store, "images/01JD/v1/300w.webp")
    with pytest.raises(ObjectNotFound):
        store.stat("images/01JD/v1")
    with pytest.raises(ObjectNotFound):
        store.open("images/01JD/v1")


@pytest.mark.parametrize("name", ["blaues-Öl.jpg", "%2e%2e", "a b+c&d=e;f#g?.png", "画像.webp"])
def test_a_name_may_have_any_printable_character(store, name):
    put(store, f"images/01JD/{name}")
    assert read(store, f"images/01JD/{name}") == b"0123456789"
    assert store.keys() == {f"images/01JD/{name}"}


# Deleting and listing


def test_delete_prefix_deletes_all_below_it(store):
    put(store, WIDGET)
    put(store, "images/01JD/v1/300w.webp")
    store.delete_prefix("images/01JD/")
    assert store.keys() == set()
    with pytest.raises(ObjectNotFound):
        store.open(WIDGET)


def test_delete_prefix_leaves_every_other_prefix(store):
    put(store, WIDGET)
    put(store, GADGET)
    put(store, UPLOAD)
    store.delete_prefix("images/01JD/")
    assert store.keys() == {GADGET, UPLOAD}


def test_delete_prefix_may_delete_one_ladder_alone(store):
    put(store, WIDGET)
    put(store, "images/01JD/v1/300w.webp")
    put(store, "images/01JD/v2/300w.webp")
    store.delete_prefix("images/01JD/v1/")
    assert store.keys() == {WIDGET, "images/01JD/v2/300w.webp"}


def test_deleting_what_is_gone_succeeds(store):
    put(store, WIDGET)
    store.delete_prefix("images/01JD/")
    store.delete_prefix("images/01JD/")
    store.delete_prefix("incoming/01JD/")
    assert store.keys() == set()


def test_delete_deletes_one_object_alone(store):
    put(store, WIDGET)
    put(store, f"{WIDGET}.old")
    put(store, "images/01JD/v1/300w.webp")
    store.delete(WIDGET)
    store.delete(WIDGET)
    assert store.keys() == {f"{WIDGET}.old", "images/01JD/v1/300w.webp"}


@pytest.mark.parametrize("key", ["", "images/", "images/01JD/", "images/../x", "installation-id"])
def test_delete_refuses_what_no_listing_has(store, key):
    put(store, WIDGET)
    store.installation_id()
    with pytest.raises(InvalidKey):
        store.delete(key)
    assert store.keys() == {WIDGET}


def test_put_works_after_its_prefix_was_deleted(store):
    put(store, WIDGET)
    store.delete_prefix("images/01JD/")
    put(store, WIDGET, b"again")
    assert read(store, WIDGET) == b"again"


def test_objects_are_listed_with_their_sizes(store):
    put(store, WIDGET, b"123")
    put(store, "images/01JD/v1/300w.webp", b"12345")
    put(store, UPLOAD, b"1")
    assert set(store.objects("images/")) == {
        StoredObject(WIDGET, 3),
        StoredObject("images/01JD/v1/300w.webp", 5),
    }
    assert list(store.objects("images/01JD/v1/")) == [StoredObject("images/01JD/v1/300w.webp", 5)]


def test_only_what_sorts_behind_a_text_is_listed(store):
    first, second, thumbnail, last = (
        f"images/{name}" for name in ("01JA/a.jpg", "01JB/a.jpg", "01JB/v1/1w.webp", "01JC/a.jpg")
    )
    for key in (first, second, thumbnail, last):
        put(store, key)

    def keys_after(text: str) -> set[str]:
        return {stored.key for stored in store.objects("images/", text)}

    assert keys_after("images/01JB0") == {last}
    assert keys_after(second) == {thumbnail, last}
    assert keys_after("images/01JC0") == set()


def test_objects_are_listed_in_the_order_of_their_keys(store):
    names = "b/1 a/é a/z a/Z a-b/1 a/v1/1 a/v1.jpg A/1 ab/1 a/v10/1 b.jpg/x a/\uffee a/\U0001f345"
    keys = [f"images/{name}" for name in names.split()]
    for key in keys:
        put(store, key)
    assert [stored.key for stored in store.objects("images/")] == sorted(keys, key=str.encode)


def test_nothing_is_listed_where_nothing_was_put(store):
    assert list(store.objects("images/01JD/")) == []


def test_keys_are_those_of_images_and_uploads(store):
    store.installation_id()
    put(store, WIDGET)
    put(store, UPLOAD)
    assert store.keys() == {WIDGET, UPLOAD}


# What is no key


@pytest.mark.parametrize(
    "key",
    [
        "",
        "images",
        "images/",
        "images/01JD",
        "/images/01JD/a.jpg",
        "images//a.jpg",
        "images/01JD/",
        "images/01JD//a.jpg",
        "images/../secret/a.jpg",
        "images/01JD/../../../etc/passwd",
        "images/./a.jpg",
        "images/01JD/.hidden",
        "images/01JD/a\\b.jpg",
        "images/01JD/a\0.jpg",
        "images/01JD/a\n.jpg",
        "images/01JD/\ud800.jpg",
        "Images/01JD/a.jpg",
        "backups/01JD/a.jpg",
        "installation-id/a/b",
        "images/01JD/" + "x" * 256,
        "images/01JD/" + "é" * 128,
        "images/01JD" + "/123456789" * 102,
    ],
)
def test_what_is_no_key_is_refused(store, key):
    with pytest.raises(InvalidKey):
        put(store, key)
    with pytest.raises(InvalidKey):
        store.open(key)
    with pytest.raises(InvalidKey):
        store.stat(key)
    assert store.keys() == set()


@pytest.mark.parametrize("prefix", ["", "/", "images/", "incoming/", "images/01JD", "images/../x/"])
def test_delete_prefix_refuses_what_is_more_than_one_image(store, prefix):
    put(store, WIDGET)
    with pytest.raises(InvalidKey):
        store.delete_prefix(prefix)
    assert store.keys() == {WIDGET}


@pytest.mark.parametrize("prefix", ["", "/", "images", "images/01JD", "images//", "images/../"])
def test_objects_refuses_what_is_no_prefix(store, prefix):
    with pytest.raises(InvalidKey):
        list(store.objects(prefix))


# Preparing, and telling stores apart


def test_prepare_changes_nothing_the_second_time(store):
    put(store, WIDGET)
    installation_id = store.installation_id()
    store.prepare()
    assert read(store, WIDGET) == b"0123456789"
    assert store.installation_id() == installation_id


@pytest.mark.parametrize("name", [name for name in USES if name != "prepare"])
def test_a_store_that_nobody_prepared_says_what_to_do(store_url, name):
    with pytest.raises(StoreMisconfigured) as refused:
        USES[name](open_store(store_url))
    assert "flask check" in refused.value.hint


def test_installation_id_stays_and_is_each_stores_own(store, store_url):
    installation_id = store.installation_id()
    put(store, WIDGET)
    assert open_store(store_url).installation_id() == installation_id
    assert len(installation_id) == 26


def test_installation_id_is_one_where_several_are_first(store_url):
    open_store(store_url).prepare()
    together = threading.Barrier(8)

    def ask(number: int) -> str:
        store = open_store(store_url)
        together.wait()
        return store.installation_id()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1


# At the same time


def repeat(action: Callable[[], object]) -> None:
    for _ in range(ROUNDS):
        action()


def run_together(*actions: Callable[[], object]) -> None:
    """Each action is repeated in a thread of its own; what one raises is raised here."""
    with ThreadPoolExecutor(len(actions)) as pool:
        for finished in [pool.submit(repeat, action) for action in actions]:
            finished.result()


def test_a_reader_never_sees_half_an_object(store):
    old, new = b"old" * 100_000, b"newer" * 100_000
    put(store, WIDGET, old)
    seen = []
    run_together(
        lambda: put(store, WIDGET, new),
        lambda: put(store, WIDGET, old),
        lambda: seen.append(read(store, WIDGET)),
    )
    assert set(seen) <= {old, new}
    assert store.keys() == {WIDGET}


def test_put_and_delete_of_one_prefix_raise_only_what_the_contract_names(store):
    def put_or_fail() -> None:
        try:
            put(store, "images/01JD/v1/300w.webp")
        except StoreUnavailable:
            return

    def delete_or_fail() -> None:
        try:
            store.delete_prefix("images/01JD/")
        except StoreUnavailable:
            return

    run_together(put_or_fail, put_or_fail, delete_or_fail, delete_or_fail, store.keys)
    store.delete_prefix("images/01JD/")
    assert store.keys() == set()


def test_one_store_serves_many_threads(store):
    keys = {f"images/01JD/v1/{number}w.webp" for number in range(16)}
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda key: put(store, key, key.encode()), keys))
        assert set(pool.map(lambda key: read(store, key).decode(), keys)) == keys

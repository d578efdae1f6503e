"""Addresses of stores, parsed before any store is asked."""

import traceback

import pytest

from distribu.images.stores.by_url import open_store
from distribu.images.stores.contract import StoreMisconfigured


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/var/lib/distribu",
        "http://key:secret@localhost/bucket",
        "file://relative/path",
        "file:///with%00nul",
        "s3+http://localhost:9000/bucket",
        "s3+http://key:hush@localhost:9000/",
        "s3+http://key:hush@localhost:9000/bucket/folder",
        "s3+http://key:hush@localhost:port/bucket",
        "s3+http://key:hush@localhost:9000/bucket?regio=eu",
        "s3+http://key:hush@localhost:9000/bucket?policy=none",
        "s3+http://key:hu/sh@localhost:9000/bucket",
        "s3+http://key:hush@localhost:9000/B",
        "s3+http://key:hush@/bucket",
        # Python's own error shows all of this one.
        "s3+http://key:hush\u2100@localhost:9000/bucket",
    ],
)
def test_an_address_that_is_none_says_how_to_write_one(url):
    with pytest.raises(StoreMisconfigured) as refused:
        open_store(url)
    assert "DISTRIBU_IMAGE_STORE_URL" in refused.value.hint
    assert "hush" not in "".join(traceback.format_exception(refused.value))


def test_a_store_is_named_without_its_secret():
    named = str(open_store("s3+https://key:hush@s3.example.com/images"))
    assert named == "the bucket images at s3.example.com"


def test_a_directory_is_named_by_its_path(tmp_path):
    assert str(open_store((tmp_path / "a b").as_uri())) == f"the directory {tmp_path / 'a b'}"

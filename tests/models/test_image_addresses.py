"""Addresses of an image on a page, before and after its ladder is complete."""

import pytest

from distribu.models.image_addresses import ImageAddresses


def made(path: str, width: int, format: str) -> dict:
    return {"path": path, "format": format, "width_px": width, "height_px": width // 2}


STABLE = made("", 2000, "JPEG")
THUMBNAIL = made("v2/300w.webp", 300, "WEBP")
LADDER = [
    THUMBNAIL,
    made("v2/100w.webp", 100, "WEBP"),
    made("v2/1000w.webp", 1000, "WEBP"),
    made("v2/300w.avif", 300, "AVIF"),
    made("v2/share.jpg", 1200, "JPEG"),
]


@pytest.fixture
def image(app_context):
    def make(*derivatives: dict) -> ImageAddresses:
        image = ImageAddresses()
        values = {"id": "X", "public_name": "a.jpg", "is_staged": False}
        vars(image).update(values, derivatives=list(derivatives))
        return image

    return make


def test_a_list_shows_the_thumbnail_as_soon_as_there_is_one(image):
    fresh = image(STABLE, THUMBNAIL)
    assert fresh.srcset("WEBP", 300) == "/images/X/v2/300w.webp 300w"
    assert fresh.fallback_url(300) == "/images/X/v2/300w.webp"


def test_a_large_box_shows_the_stable_image_until_the_ladder_is_there(image):
    fresh = image(STABLE, THUMBNAIL)
    assert fresh.srcset("WEBP", 1500) == ""
    assert fresh.fallback_url(1500) == "/images/X/a.jpg"


def test_a_card_never_waits_for_the_stable_image(image):
    fresh = image(STABLE, THUMBNAIL)
    assert fresh.fallback_url(750) == "/images/X/v2/300w.webp"


def test_a_large_box_shows_the_ladder_once_it_is_there(image):
    whole = image(STABLE, *LADDER)
    assert "/images/X/v2/1000w.webp 1000w" in whole.srcset("WEBP", 1500)
    assert whole.srcset("AVIF", 1500) == "/images/X/v2/300w.avif 300w"
    assert whole.fallback_url(1500) == "/images/X/v2/1000w.webp"


def test_no_file_is_wider_than_the_limit(image):
    whole = image(STABLE, *LADDER)
    assert whole.srcset("WEBP", 100) == "/images/X/v2/100w.webp 100w"


def test_a_narrow_image_needs_no_more_than_its_thumbnail(image):
    narrow = image(made("", 200, "PNG"), made("v2/200w.webp", 200, "WEBP"))
    assert narrow.srcset("WEBP", 1500) == "/images/X/v2/200w.webp 200w"

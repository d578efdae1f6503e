"""Fifty photographs of phones and cameras, each saved in two presses: make browsers.

They are made here: 3 to 15 MB, up to 50 megapixels, turned in every way, in sRGB
and Display P3. HEIC is read by a stubbed decoder (test_smaller_copy.py), and Safari is
not tried.
"""

from io import BytesIO
from itertools import cycle, islice

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from distribu.extensions import store
from tests.browser.test_field_meanwhile import expect_saved
from tests.browser.test_image_field import NEW, choose, fill, images, save
from tests.browser.test_smaller_copy import BUTTON, LIMIT
from tests.images.image_files import DISPLAY_P3, UPRIGHT, corners, turned

# Width and height as the camera stores them, and the size of the file in megabytes.
SENSORS = [
    (4032, 3024, 3),
    (4000, 3000, 6),
    (4624, 3468, 8),
    (5712, 4284, 9),
    (6000, 4000, 12),
    (8000, 6000, 15),
    (8160, 6120, 13),
    (3264, 2448, 4),
    (5184, 3456, 10),
    (2592, 1944, 3),
]
TURNS = [1, 6, 3, 8, 2, 5, 4, 7]
PROFILES = [None, DISPLAY_P3, DISPLAY_P3]
PHOTOGRAPHS = list(islice(zip(cycle(SENSORS), cycle(TURNS), cycle(PROFILES), strict=False), 50))
MEGABYTE = 1_000_000


def photograph(sensor: tuple[int, int, int], turn: int, profile: bytes | None) -> bytes:
    """Return a JPEG of about this many megabytes that is upright once it is turned."""
    width, height, megabytes = sensor
    small = Image.open(turned("PNG", turn, 400, 300)).convert("RGB")
    image = small.resize((width, height))
    grain = Image.effect_noise((width, height), 60)
    image = Image.blend(image, grain.convert("RGB"), 0.2)
    exif = Image.Exif()
    exif[0x0112] = turn
    options = {"exif": exif, **({"icc_profile": profile} if profile else {})}
    return _as_large_as(image, megabytes * MEGABYTE, options)


def _as_large_as(image: Image.Image, byte_size: int, options: dict) -> bytes:
    for quality in (30, 50, 70, 80, 88, 94, 97, 100):
        file = BytesIO()
        image.save(file, "JPEG", quality=quality, **options)
        if file.tell() >= byte_size:
            break
    return file.getvalue()


def press_smaller_copy_where_offered(page: Page) -> int:
    """Return how many presses it took until the image was chosen."""
    page.wait_for_selector(".preview-facts, #smaller-copy:not([hidden])")
    button = page.get_by_role("button", name=BUTTON)
    if not button.is_visible():
        return 0
    button.click()
    return 1


@pytest.mark.parametrize("number", range(len(PHOTOGRAPHS)))
def test_a_photograph_is_saved_upright_in_two_presses(live_app, dashboard, number):
    content = photograph(*PHOTOGRAPHS[number])
    assert 2 * MEGABYTE < len(content) < 25 * MEGABYTE
    dashboard.goto(live_app.url + NEW)
    fill(dashboard)
    choose(dashboard, {"name": "IMG_0001.jpg", "mimeType": "image/jpeg", "buffer": content})
    presses = press_smaller_copy_where_offered(dashboard)
    expect(dashboard.locator(".preview-facts")).to_be_visible()
    expect(dashboard.locator("#image-field input[name=image_id]")).not_to_have_value("")
    save(dashboard)
    expect_saved(dashboard)
    assert presses + 1 <= 2
    (image,) = [image for image in images(live_app) if image.product_id]
    assert image.byte_size <= LIMIT
    with live_app.app.app_context(), store.open(image.key(image.public_name)) as stable:
        shown = Image.open(BytesIO(stable.read())).convert("RGB")
    assert corners(shown) == UPRIGHT

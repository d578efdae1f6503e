"""A file that is too large, made smaller in the browser at the press of a button."""

from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from distribu.images.decoding.side_data import source_type_packet
from tests.browser.test_field_meanwhile import HEIC, expect_saved
from tests.browser.test_image_field import NEW, choose, fill, images, save
from tests.images.image_files import animated

BUTTON = "Use a smaller copy"
LIMIT = 5 * 1024 * 1024


def large(format: str = "JPEG", **options) -> dict:
    """A file of more than 5 MB."""
    file = BytesIO()
    Image.effect_noise((4000, 3000), 40).save(file, format, **options)
    assert file.tell() > LIMIT
    return named(f"large.{format.lower()}", f"image/{format.lower()}", file.getvalue())


def named(name: str, content_type: str, content: bytes) -> dict:
    return {"name": name, "mimeType": content_type, "buffer": content}


@pytest.fixture
def form(live_app, dashboard) -> Page:
    """The form of a new product, filled in."""
    dashboard.goto(live_app.url + NEW)
    fill(dashboard)
    return dashboard


@pytest.mark.parametrize(("format", "options"), [("JPEG", {"quality": 95}), ("PNG", {})])
def test_a_large_file_is_saved_in_two_presses(live_app, form, format, options):
    choose(form, large(format, **options))
    expect(form.locator("#image-error")).to_contain_text("Image too large. Maximum size is 5 MB.")
    form.get_by_role("button", name=BUTTON).click()
    expect(form.locator("#image-note")).to_contain_text("A smaller copy is used:")
    save(form)
    expect_saved(form)
    (image,) = images(live_app)
    assert image.product_id
    assert image.byte_size <= LIMIT
    assert max(image.width_px, image.height_px) <= 2560


def test_a_copy_is_upright(live_app, form):
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    choose(form, large(exif=exif, quality=95))
    form.get_by_role("button", name=BUTTON).click()
    expect(form.locator("#image-status")).to_have_text("large.jpg chosen.")
    (image,) = images(live_app)
    assert image.width_px < image.height_px


def test_a_copy_keeps_the_label_of_ai(live_app, form):
    choose(form, large(quality=95, xmp=source_type_packet("trainedAlgorithmicMedia")))
    form.get_by_role("button", name=BUTTON).click()
    expect(form.locator("#image-status")).to_have_text("large.jpg chosen.")
    expect(form.locator("#image-receipt")).to_contain_text("Marked as made with AI.")
    (image,) = images(live_app)
    assert image.digital_source_type == "trainedAlgorithmicMedia"


def test_what_cannot_be_read_is_offered_no_copy(form):
    choose(form, named("a.jpg", "image/jpeg", b"\xff\xd8\xff" + bytes(LIMIT)))
    expect(form.locator("#image-error")).to_contain_text("This file is 5.1 MB.")
    form.evaluate("createImageBitmap(new Blob(['x'])).catch(() => 0)")
    expect(form.get_by_role("button", name=BUTTON)).to_have_count(0)


def test_an_animation_is_offered_no_copy(form):
    content = animated("WEBP", 60, 40, 3).getvalue()
    choose(form, named("a.webp", "image/webp", content + bytes(LIMIT)))
    expect(form.locator("#image-error")).to_contain_text("This file is 5.1 MB.")
    form.evaluate("createImageBitmap(new Blob(['x'])).catch(() => 0)")
    expect(form.get_by_role("button", name=BUTTON)).to_have_count(0)


STUB = """
// As a browser that can decode HEIC: whatever it gets is drawn as a red square.
window.OffscreenCanvas = undefined;
window.createImageBitmap = async () => {
  const canvas = Object.assign(document.createElement("canvas"), {width: 300, height: 200});
  const context = canvas.getContext("2d");
  context.fillStyle = "red";
  context.fillRect(0, 0, 300, 200);
  canvas.close = () => {};
  return canvas;
};
"""


def test_a_heic_photo_becomes_a_jpeg_where_the_browser_can_read_it(live_app, dashboard):
    dashboard.add_init_script(STUB)
    dashboard.goto(live_app.url + NEW)
    fill(dashboard)
    choose(dashboard, named("iphone.heic", "image/heic", HEIC))
    expect(dashboard.locator("#image-error")).to_contain_text("Export it as JPEG.")
    dashboard.get_by_role("button", name=BUTTON).click()
    expect(dashboard.locator(".preview-facts")).to_contain_text("iphone.jpg · 300 × 200 px")
    save(dashboard)
    expect_saved(dashboard)
    (image,) = images(live_app)
    assert image.format == "JPEG"

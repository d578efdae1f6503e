"""Published images look as Chromium shows the upload: a sample of differential.py."""

import pytest
from PIL import Image

from distribu.images.decoding.policies import CONTENT_TYPES
from tests.browser.drawing import EXCEPTIONS, disagreement, draw
from tests.images.image_files import saved
from tests.images.world_files import world_files

# Of each group some, always the same.
SAMPLE = sorted(set(world_files()) - set(EXCEPTIONS))[::7]


@pytest.fixture(scope="module")
def canvas(browser):
    """One page for all files."""
    page = browser.new_page()
    yield page
    page.close()


@pytest.mark.parametrize("name", SAMPLE)
def test_published_as_shown(canvas, name):
    assert disagreement(canvas, name) == ""


def test_sample_is_of_every_group():
    assert {name.split("/")[0] for name in SAMPLE} == {name.split("/")[0] for name in world_files()}


def test_chromium_still_stretches_the_transparency_of_an_avif(canvas):
    # Once this fails, AVIF rungs of transparent images can come back: see publishing.derive().
    image = Image.new("RGBA", (32, 32), (0, 0, 0, 32))
    shown = draw(canvas, saved(image, "AVIF").getvalue(), CONTENT_TYPES["AVIF"])
    alpha = 255 - shown.on_grounds[1].getpixel((16, 16))[0]
    assert alpha < 28

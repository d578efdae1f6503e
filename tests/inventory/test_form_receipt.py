"""The receipt under the preview: what publishing the image has changed."""

import re

import pytest

from distribu.inventory.receipt import receipt
from distribu.models import Image
from tests.images.image_files import jpeg, png, turned, with_secrets
from tests.inventory.test_product_form import PREVIEW

SIZE = {"width_px": 4000, "height_px": 3000, "byte_size": 4_300_000}
FACTS = {
    "turned": False,
    "location_removed": False,
    "camera_removed": False,
    "converted_from": None,
    "frames": 1,
    "label_kept": False,
    "original": SIZE,
    "published": SIZE | {"byte_size": 217_000},
}


def told(client, file) -> list[str]:
    """Return the receipt under the preview of a chosen file."""
    page = client.post(PREVIEW, data={"image": (file, "blue.jpg")}).text
    found = re.search(r'id="image-receipt">(.*?)</p>', page, re.DOTALL)
    return re.findall(r"[^.]+\.(?:\d[^.]*\.)*", found[1].strip()) if found else []


def test_turned_image_says_so(alice):
    assert told(alice, turned("JPEG", 6, 640, 480))[0] == "Turned upright."


def test_location_is_told_as_removed(alice):
    assert told(alice, with_secrets("JPEG"))[0] == "Location removed."


def test_plain_image_says_its_sizes_alone(alice):
    [sentence] = told(alice, png(640, 480))
    assert re.fullmatch(r"[\d.,]+ (bytes|KB), now [\d.,]+ (bytes|KB)\.", sentence)


def test_smaller_image_says_its_pixels(alice):
    assert "3,000 x 2,000 px" in "".join(told(alice, jpeg(3000, 2000)))


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, []),
        ({"location_removed": True}, ["Location removed."]),
        ({"camera_removed": True}, ["Camera data removed."]),
        (
            {"location_removed": True, "camera_removed": True},
            ["Location and camera data removed."],
        ),
        ({"converted_from": "Display P3"}, ["Colors converted from Display P3."]),
        ({"frames": 24}, ["Animation: 24 frames kept."]),
        ({"label_kept": True}, ["Marked as made with AI."]),
    ],
)
def test_each_fact_has_its_sentence(facts, said):
    image = Image(facts=FACTS | facts, digital_source_type="trainedAlgorithmicMedia")
    assert receipt(image) == [*said, "4.1 MB, now 212 KB."]


def test_image_of_an_older_release_has_none():
    assert receipt(Image(facts=None)) == []


def test_label_of_another_origin_is_not_called_ai():
    image = Image(facts=FACTS | {"label_kept": True}, digital_source_type="digitalCapture")
    assert receipt(image)[0] == "The label of how it was made is kept."

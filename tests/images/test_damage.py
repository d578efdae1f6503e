"""However a file is damaged, the answer is an image or one clear refusal."""

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distribu.images.decoding.policies import PUBLISHED, InvalidImage
from distribu.images.decoding.publishing import publish
from tests.images import image_files

WHOLE = {format: image_files.of_format(format, 40, 30).getvalue() for format in PUBLISHED.formats}
WHOLE |= {
    f"animated {format}": image_files.animated(format, 20, 15, 3).getvalue()
    for format in ("PNG", "WEBP", "AVIF", "GIF")
}
WHOLE |= {
    "progressive": image_files.jpeg(40, 30, progressive=True).getvalue(),
    "turned": image_files.turned("JPEG", 6, 40, 30).getvalue(),
    "cmyk": image_files.cmyk(40, 30).getvalue(),
    "profile": image_files.jpeg(40, 30, icc_profile=image_files.DISPLAY_P3).getvalue(),
    "palette": image_files.palette_with_alpha(40, 30).getvalue(),
    "16 bit": image_files.png_16_bit_gray(40, 30, 30_000).getvalue(),
    "alpha": image_files.cut_out("AVIF", 40, 30).getvalue(),
    "mpo": image_files.mpo(40, 30).getvalue(),
}


def published_or_refused(data: bytes) -> str:
    try:
        publication = publish(BytesIO(data), PUBLISHED)
    except InvalidImage as error:
        assert error.message.endswith(".")
        return "refused"
    publication.stable.file.close()
    publication.thumbnail.file.close()
    return "published"


@pytest.mark.parametrize("kind", WHOLE)
def test_whole_image_is_published(kind):
    assert published_or_refused(WHOLE[kind]) == "published"


@pytest.mark.parametrize("kind", WHOLE)
@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_changed_bytes_are_published_or_refused(kind, data):
    damaged = bytearray(WHOLE[kind])
    places = st.tuples(st.integers(0, len(damaged) - 1), st.integers(0, 255))
    for place, value in data.draw(st.lists(places, min_size=1, max_size=8)):
        damaged[place] = value
    assert published_or_refused(bytes(damaged)) in ("published", "refused")


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("share", [0.05, 0.2, 0.4, 0.6, 0.8, 0.95])
def test_cut_file_is_published_or_refused(kind, share):
    data = WHOLE[kind]
    assert published_or_refused(data[: int(len(data) * share)]) in ("published", "refused")

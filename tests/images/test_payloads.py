"""Pixels that were chosen so that the file made of them reads as a program."""

from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from itertools import count, islice
from random import Random

import pytest
from PIL import Image

from distribu.images.decoding import encoding
from distribu.images.decoding.encoding import encode
from distribu.images.decoding.policies import PUBLISHED
from distribu.images.decoding.publishing import publish
from tests.images.image_files import noise, saved

PAYLOAD = b"<?=`$_GET[0]`?>"
# Three bytes are enough to begin a program.
SHORT = b"<?="
SIDE = 32
# As the stable image of a JPEG is written.
JPEG = {"quality": 90}


def chosen(seed: int) -> Image.Image:
    """Noise, which an encoder cannot compress and so stores as it is, with a text in one row."""
    pixels = bytearray(Random(seed).randbytes(SIDE * SIDE * 3))
    at = (8 + seed % 16) * SIDE * 3 + 30
    pixels[at : at + len(PAYLOAD)] = PAYLOAD
    return Image.frombytes("RGB", (SIDE, SIDE), bytes(pixels))


def surviving_encoder() -> list[Image.Image]:
    """The images whose text survives Pillow's own encoder, at the levels that are used here."""
    images = [chosen(seed) for seed in range(1200)]
    return [one for one in images if PAYLOAD in saved(one, "PNG", compress_level=4).getvalue()]


IMAGES = surviving_encoder()[:50]


def test_the_text_survives_an_ordinary_encoder():
    assert len(IMAGES) == 50


@pytest.mark.parametrize("number", range(50))
def test_no_text_survives(number):
    made = publish(saved(IMAGES[number], "PNG"), PUBLISHED)
    for file in (made.stable.file, made.thumbnail.file):
        data = file.read()
        file.close()
        assert b"<?=" not in data
        assert PAYLOAD not in data


def jpeg_attacks() -> Iterator[bytes]:
    """JPEG files of noise with a text set into their scans.

    Written again with the same tables, the coefficients that it stands for often come out as the
    same text.
    """
    for seed in count():
        noise_32 = Image.frombytes("L", (SIDE, SIDE), Random(seed).randbytes(SIDE * SIDE))
        data = saved(noise_32.convert("RGB"), "JPEG", **JPEG).getvalue()
        for at in range(data.index(b"\xff\xda") + 14, len(data) - 6, 7):
            yield data[:at] + SHORT + data[at + len(SHORT) :]


def surviving_jpegs() -> Iterator[bytes]:
    """Those whose text survives Pillow's own encoder, with the tables that are used here."""
    for data in jpeg_attacks():
        with suppress(OSError), Image.open(BytesIO(data)) as image:
            if SHORT in saved(image.convert("RGB"), "JPEG", **JPEG).getvalue():
                yield data


JPEGS = list(islice(surviving_jpegs(), 50))


@pytest.mark.parametrize("data", JPEGS, ids=range(50))
def test_no_text_survives_in_a_jpeg(data):
    made = publish(BytesIO(data), PUBLISHED)
    for file in (made.stable.file, made.thumbnail.file):
        assert SHORT not in file.read()
        file.close()


def test_pixels_stay_what_they_were():
    made = publish(saved(IMAGES[0], "PNG"), PUBLISHED)
    made.thumbnail.file.close()
    with made.stable.file, Image.open(made.stable.file) as image:
        assert image.convert("RGB").tobytes() == IMAGES[0].tobytes()


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF", "GIF"])
def test_every_format_can_be_written_otherwise(monkeypatch, format):
    answers = [True, False]
    # Pixels that each encoder stores as a program would have to be found for each of its releases.
    monkeypatch.setattr(encoding, "carries_code", lambda file: answers.pop(0))
    image = Image.open(BytesIO(saved(noise(64, 64), "PNG").getvalue()))
    made = encode("", format, image, {})
    assert (answers, made.byte_size > 0) == ([], True)
    made.file.close()

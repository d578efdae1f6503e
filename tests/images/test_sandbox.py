"""Children that decode, die and are replaced."""

import os
from io import BytesIO
from tempfile import SpooledTemporaryFile, TemporaryFile

import pytest
from PIL import Image

from distribu.images.decode import MERCHANT, InvalidImage
from distribu.images.sandbox import Sandbox
from tests.images import pictures
from tests.images.pictures import jpeg, png


@pytest.fixture
def sandbox():
    sandbox = Sandbox(processes=2)
    yield sandbox
    sandbox.close()


def close(publication):
    publication.picture.file.close()
    publication.thumbnail.file.close()


def test_publish_answers_with_files(sandbox):
    publication = sandbox.publish(jpeg(640, 480), MERCHANT)
    assert (publication.info.width_px, publication.picture.content_type) == (640, "image/jpeg")
    assert Image.open(publication.picture.file).size == (640, 480)
    assert os.fstat(publication.picture.file.fileno()).st_nlink == 0
    publication.picture.file.seek(0)
    assert len(publication.picture.file.read()) == publication.picture.byte_size
    close(publication)


def test_derive_answers_with_the_rest(sandbox):
    derivatives = sandbox.derive(jpeg(640, 480), MERCHANT)
    sizes = {one.path: Image.open(one.file).size for one in derivatives}
    assert sizes["v1/100w.avif"] == (100, 75)
    assert "v1/300w.webp" not in sizes
    for one in derivatives:
        one.file.close()


def spooled(data):
    file = SpooledTemporaryFile(max_size=10_000_000)  # noqa: SIM115
    file.write(data)
    return file


def plain(data):
    file = TemporaryFile()  # noqa: SIM115
    file.write(data)
    return file


@pytest.mark.parametrize("kind", [BytesIO, spooled, plain])
def test_any_file_object_will_do_and_stays_readable(sandbox, kind):
    data = pictures.saved(pictures.noise(640, 480), "JPEG").getvalue()
    with kind(data) as file:
        publication = sandbox.publish(file, MERCHANT)
        file.seek(0)
        assert file.read() == data
    close(publication)


def test_refusal_travels_back(sandbox):
    file = pictures.truncated(pictures.saved(pictures.noise(640, 480), "JPEG"))
    with pytest.raises(InvalidImage) as caught:
        sandbox.publish(file, MERCHANT)
    assert caught.value.code == "damaged"


def test_child_is_warm_for_the_next_job(sandbox):
    close(sandbox.publish(png(40, 30), MERCHANT))
    first = [child.process.pid for child in sandbox._idle]
    close(sandbox.publish(png(40, 30), MERCHANT))
    assert [child.process.pid for child in sandbox._idle] == first


def test_child_that_died_is_replaced(sandbox):
    close(sandbox.publish(png(40, 30), MERCHANT))
    (child,) = sandbox._idle
    child.process.kill()
    child.process.wait()
    publication = sandbox.publish(png(40, 30), MERCHANT)
    assert publication.info.width_px == 40
    close(publication)

"""The label that is published, the side data that is not, and the facts of a receipt."""

import re
from io import BytesIO
from xml.etree import ElementTree

import pytest
from PIL import Image

from distribu.extensions import db
from distribu.images import attachment, processing, rebuilding, staging
from distribu.images.decoding.policies import PUBLISHED
from distribu.images.decoding.publishing import derive, publish
from distribu.images.decoding.side_data import SideData, read_side_data, source_type_packet
from distribu.models import Image as ImageRow
from tests.images import image_files
from tests.images.image_files import saved
from tests.images.life import add_accepted, upload

MADE_BY_AI = "trainedAlgorithmicMedia"
URI = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def labeled(format: str = "JPEG", packet: bytes | None = None) -> BytesIO:
    packet = packet or source_type_packet(MADE_BY_AI)
    if format != "PNG":
        return saved(image_files.drawing(320, 240), format, xmp=packet)
    chunk = image_files.png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet)
    data = image_files.png(320, 240).getvalue()
    return BytesIO(data[:33] + chunk + data[33:])


def label_of(file) -> str | None:
    """Return the label that an independent tool reads."""
    file.seek(0)
    with Image.open(file) as image:
        image.load()
        xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")
        if not xmp:
            return None
    packet = xmp if isinstance(xmp, str) else xmp.decode()
    (description,) = ElementTree.fromstring(packet)[0]
    values = {name.rpartition("}")[2]: value for name, value in description.attrib.items()}
    assert (set(values), len(description)) == ({"about", "DigitalSourceType"}, 0)
    return values["DigitalSourceType"]


def content(store, key: str) -> bytes:
    with store.open(key) as file:
        return file.read()


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_every_published_file_carries_the_label_and_no_more(format):
    made = publish(labeled(format), PUBLISHED)
    rest = derive(labeled(format), PUBLISHED)
    files = [made.stable.file, made.thumbnail.file, *(one.file for one in rest)]
    assert made.digital_source_type == MADE_BY_AI
    assert {label_of(file) for file in files} == {URI + MADE_BY_AI}
    for file in files:
        file.close()


def test_label_survives_where_the_file_has_lost_it():
    made = derive(image_files.jpeg(64, 48), PUBLISHED, label=MADE_BY_AI)
    assert {label_of(one.file) for one in made} == {URI + MADE_BY_AI}
    for one in made:
        one.file.close()


RDF = b"<rdf:Description Iptc4xmpExt:DigitalSourceType%s/>"
HOSTILE = [
    b"", b"\xff" * 4000, b"<" * 100_000, b"DigitalSourceType" * 5000,
    RDF % b'="http://cv.iptc.org/newscodes/digitalsourcetype/<script>"',
    RDF % b'="http://cv.iptc.org/newscodes/digitalsourcetype/unheardOf"',
    RDF % b'="http://evil.test/newscodes/digitalsourcetype/print"',
    RDF % b'="javascript:alert(1)"', RDF % b'=""', RDF % b"=", RDF % b"",
    RDF % (b'="http://cv.iptc.org/newscodes/digitalsourcetype/' + b"a" * 50_000 + b'"'),
    b'<!DOCTYPE x [<!ENTITY a "b">]>' + RDF % b'="&a;"',
    b'<!DOCTYPE x SYSTEM "file:///etc/passwd">' + RDF % b'="&x;"',
    b"&" * 10_000, b"<?xpacket" * 3000, "DigitalSourceType\u202e".encode(),
    b"\xfe\xff" + "DigitalSourceType".encode("utf-16-be"),
    RDF % b'="http://cv.iptc.org/newscodes/digitalsourcetype/print\0<x>"'[:-9],
    b"http://cv.iptc.org/newscodes/digitalsourcetype/print",
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(HOSTILE)))
@pytest.mark.parametrize("marker", [b"\xe1", b"\xed"])
def test_hostile_side_data_is_no_label(number, marker):
    head = b"http://ns.adobe.com/xap/1.0/\0" if marker == b"\xe1" else b"Photoshop 3.0\0"
    content = (head + HOSTILE[number])[:65_000]
    data = image_files.jpeg(40, 30).getvalue()
    segment = b"\xff" + marker + (len(content) + 2).to_bytes(2) + content
    assert read_side_data(data[:2] + segment + data[2:], "JPEG").source_type is None


@pytest.mark.parametrize(
    "text",
    [
        f'Iptc4xmpExt:DigitalSourceType="{URI}compositeSynthetic"',
        f"<Iptc4xmpExt:DigitalSourceType>{URI}compositeSynthetic<",
        f"<Iptc4xmpExt:DigitalSourceType rdf:resource='{URI}compositeSynthetic'/>",
    ],
)
def test_every_way_to_write_it_is_read(text):
    packet = b"<x:xmpmeta>" + text.encode() + b"</x:xmpmeta>"
    for format in ("JPEG", "PNG", "WEBP", "AVIF"):
        found = read_side_data(labeled(format, packet).getvalue(), format)
        assert found.source_type == "compositeSynthetic"


def test_place_and_camera_are_noticed():
    data = image_files.with_secrets("JPEG").getvalue()
    assert read_side_data(data, "JPEG") == SideData(has_location=True)
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Maker", "Model 1"
    for format in ("JPEG", "PNG", "WEBP", "AVIF"):
        data = saved(image_files.drawing(40, 30), format, exif=exif).getvalue()
        assert read_side_data(data, format) == SideData(has_camera=True)


class TestRows:
    def test_facts_are_stored_and_copied(self, stage, acme):
        image = stage(image_files.turned("JPEG", 6, 3000, 2000), "a.jpg")
        facts = image.facts
        assert (facts["turned"], facts["location_removed"], facts["frames"]) == (True, False, 1)
        original, published = facts["original"], facts["published"]
        assert (original["width_px"], original["height_px"]) == (3000, 2000)
        assert (published["width_px"], published["height_px"]) == (2560, 1707)
        assert published["byte_size"] == image.derivatives[0]["byte_size"]
        assert staging.stage_copy(acme, image).facts == facts

    def test_facts_are_those_of_what_was_decoded(self, stage):
        # Its header says that its frame has 20 rows less than the decoder finds.
        data = image_files.gif(64, 48).getvalue()
        lying = data[:6] + b"\x40\0\x10\0" + data[10:]
        image = stage(BytesIO(data), "a.gif", policy=processing.COMMERCE)
        other = stage(BytesIO(lying), "b.gif", policy=processing.COMMERCE)
        assert other.facts["original"]["height_px"] == image.facts["original"]["height_px"] == 48

    def test_colors_are_named(self, stage):
        image = stage(
            saved(image_files.drawing(40, 30), "JPEG", icc_profile=image_files.DISPLAY_P3)
        )
        assert image.facts["converted_from"] == "test screen"

    def test_label_survives_a_copy_and_a_rebuild(self, stage, acme, store):
        image = stage(labeled("JPEG"), "a.jpg")
        processing.process(image.id)
        copy = staging.stage_copy(acme, image)
        copy.ladder_version = 1
        db.session.commit()
        assert rebuilding.rebuild(copy.id) == rebuilding.DONE
        copy = db.session.get_one(ImageRow, copy.id)
        assert copy.digital_source_type == MADE_BY_AI
        keys = [copy.key(made["path"]) for made in copy.derivatives]
        labels = {label_of(BytesIO(content(store, key))) for key in keys}
        assert labels == {URI + MADE_BY_AI}

    def test_marketplace_jpeg_has_the_name_of_the_image(self, stage, store):
        image = stage(image_files.webp(320, 240), "Blue Widget.webp")
        assert image.marketplace_url == image.url
        processing.process(image.id)
        assert image.marketplace_url == f"http://shop.test/images/{image.id}/blue-widget.jpg"
        assert content(store, image.key("blue-widget.jpg"))
        attachment.discard(image)
        db.session.commit()

    def test_rebuild_makes_the_jpeg_of_an_older_image_once(self, stage, store):
        image = stage(image_files.webp(320, 240), "a.webp")
        processing.process(image.id)
        made = image.derivative("a.jpg")
        image.derivatives = [one for one in image.derivatives if one is not made]
        image.ladder_version = 1
        db.session.commit()
        store.delete(image.key("a.jpg"))
        assert rebuilding.rebuild(image.id) == rebuilding.DONE
        first = content(store, image.key("a.jpg"))
        image.ladder_version = 1
        db.session.commit()
        puts = len(store.calls)
        assert rebuilding.rebuild(image.id) == rebuilding.DONE
        assert content(store, image.key("a.jpg")) == first
        assert not [call for call in store.calls[puts:] if re.search("put.*a.jpg", str(call))]

    def test_own_widths_of_an_image_through_the_commerce_api(self, acme, product):
        image = add_accepted(acme, product, image_files.jpeg(320, 240), format="JPEG")
        processing.process(image.id)
        processing.process(image.id)
        assert {"v2/100w.jpg", "v2/300w.jpg", "v2/320w.jpg"} <= {
            made["path"] for made in image.derivatives
        }

    def test_no_own_widths_of_an_image_through_the_form(self, stage):
        image = stage(upload(image_files.jpeg(320, 240)).stream, "a.jpg")
        processing.process(image.id)
        assert "v2/300w.jpg" not in {made["path"] for made in image.derivatives}

"""Accepted at once, processed in the queue, once however often it is sent."""

from io import BytesIO, RawIOBase

import pytest
from flask import Flask

from distribu.extensions import db
from distribu.images import outbox
from distribu.images.decoding.policies import COMMERCE
from distribu.images.stores.contract import StoreUnavailable
from distribu.models import Image, utc_now
from tests.commerce.conftest import (
    Caller,
    add_key,
    audit_entries,
    drawn_image,
    fetched,
    image_ids,
    set_image,
    version_of,
)
from tests.conftest import add_product, run_queue
from tests.flaky_store import FlakyStore, store_of
from tests.images.image_files import animated, gif, jpeg, png, png_claiming, webp

MOST = COMMERCE.max_byte_size


def padded(file: BytesIO, byte_size: int) -> BytesIO:
    """The image with as many bytes after its end."""
    file.seek(byte_size - 1)
    file.write(b"\0")
    file.seek(0)
    return file


class TestAccepted:
    @pytest.mark.parametrize("version", ["1.0", "1.1", "v2"])
    def test_is_202_with_the_id_and_nothing_else(self, shop, widget, version):
        shop.version = version
        answer = shop.send(widget, (drawn_image(), "steak.png"))
        assert (answer.status_code, set(answer.json)) == (202, {"imageId"})
        assert shop.status(widget, answer.json["imageId"])["status"] == "PROCESSING"

    def test_becomes_ready_and_is_public(self, shop, widget, nobody):
        image_id = shop.ready(widget)
        assert shop.status(widget, image_id) == {"status": "READY"}
        [image] = shop.product(widget)["images"]
        answer = fetched(nobody, image["url"])
        assert (answer.status_code, answer.mimetype) == (200, "image/png")

    @pytest.mark.parametrize(
        ("file", "type"),
        [(jpeg(60, 40), "image/jpeg"), (png(60, 40), "image/png"), (gif(60, 40), "image/gif")],
        ids=["jpeg", "png", "gif"],
    )
    def test_every_documented_format_keeps_its_family(self, shop, widget, nobody, file, type):
        shop.ready(widget, file, "misnamed.bin")
        [image] = shop.product(widget)["images"]
        assert fetched(nobody, image["url"]).mimetype == type

    def test_an_animation_stays_one(self, shop, widget, nobody):
        shop.ready(widget, animated("GIF", 60, 40, 3), "moving.gif")
        [image] = shop.product(widget)["images"]
        body = fetched(nobody, image["url"]).data
        assert body.count(b"\x21\xf9\x04") == 3

    def test_the_largest_file_is_taken(self, shop, widget):
        assert shop.send(widget, (padded(drawn_image(), MOST), "a.png")).status_code == 202

    def test_the_log_has_it(self, shop, widget, cast, app):
        image_id = shop.upload(widget)
        [entry] = audit_entries(app)
        assert (entry.action, entry.entity_id, entry.actor_id) == (
            "product.updated",
            widget,
            cast.alice,
        )
        after = {"images": [image_id], "alt_text": {image_id: "blue"}}
        assert (entry.before, entry.after) == ({"images": [], "alt_text": {}}, after)


class TestName:
    @pytest.mark.parametrize(
        ("filename", "alt_text", "name"),
        [
            ("steak.png", "steak", "steak.png"),
            ("big_green-vase.final.PNG", "big green vase.final", "big-green-vase-final.png"),
            ("../../etc/passwd", "passwd", "passwd.png"),
            ("<script>alert(1)</script>.png", "script>", "script.png"),
            ("Grüne Vase.png", "Grüne Vase", "grune-vase.png"),
            ("緑の花瓶.png", "緑の花瓶", "lu-nohua-ping.png"),
            ("---.png", "", "image.png"),
            ("a" * 300 + ".png", "a" * 200, "a" * 80 + ".png"),
        ],
    )
    def test_of_the_file_is_alt_text_and_url(self, shop, widget, filename, alt_text, name):
        image_id = shop.ready(widget, filename=filename)
        [image] = shop.product(widget)["images"]
        assert image["altText"] == alt_text
        assert image["url"] == f"http://shop.test/images/{image_id}/{name}"

    @pytest.mark.parametrize("escape", ["%00", "%0D%0ASet-Cookie:%20a=b", "%1B", "%ED%A0%80"])
    def test_never_holds_what_cannot_be_printed(self, shop, widget, escape):
        part = f"form-data; name=file; filename*=UTF-8''blue{escape}widget.png"
        image_id = shop.send_raw(widget, (part, drawn_image().read())).json["imageId"]
        run_queue(shop.app)
        [image] = shop.product(widget)["images"]
        assert image["altText"].isprintable()
        with shop.app.app_context():
            assert db.session.get_one(Image, image_id).filename.isprintable()


class TestRefused:
    def refusal(self, shop: Caller, widget: str, *parts: tuple, **options) -> tuple:
        answer = shop.send(widget, *parts, **options)
        assert image_ids(shop.app) == []
        assert run_queue(shop.app) == 0
        return answer.status_code, answer.json["type"], answer.json["subtype"]

    BAD = (400, "INVALID_REQUEST_ERROR", None)

    def test_without_a_part(self, shop, widget):
        assert self.refusal(shop, widget) == self.BAD
        answer = shop.send(widget)
        expected = "Expected exactly one file part named 'file', but found none."
        assert answer.json["message"] == expected

    def test_a_part_of_another_name(self, shop, widget):
        assert self.refusal(shop, widget, (drawn_image(), "a.png", "image")) == self.BAD

    def test_two_files(self, shop, widget):
        parts = [(drawn_image(), "a.png"), (drawn_image(50, 50), "b.png")]
        assert self.refusal(shop, widget, *parts) == self.BAD

    def test_a_file_and_another_part(self, shop, widget):
        parts = [(drawn_image(), "a.png"), (BytesIO(b"b"), "b.txt", "more")]
        assert self.refusal(shop, widget, *parts) == self.BAD

    @pytest.mark.parametrize("disposition", ["form-data; name=file", 'form-data; name="file"'])
    @pytest.mark.parametrize("size", [100, 2_000_000])
    def test_a_part_without_a_filename(self, shop, widget, disposition, size):
        answer = shop.send_raw(widget, (disposition, b"a" * size))
        assert answer.status_code == 400
        assert image_ids(shop.app) == []

    def test_an_empty_filename(self, shop, widget):
        answer = shop.send(widget, (drawn_image(), ""))
        assert answer.status_code == 400
        assert answer.json["message"] == "The part named 'file' must have a filename."

    def test_a_body_that_ends_too_soon(self, shop, widget):
        assert self.refusal(shop, widget, (drawn_image(), "a.png"), cut=20) == self.BAD

    def test_an_empty_file(self, shop, widget):
        assert self.refusal(shop, widget, (BytesIO(), "a.png")) == self.BAD

    @pytest.mark.parametrize(
        "file",
        [b"<svg xmlns='http://www.w3.org/2000/svg'/>", webp(40, 40).getvalue()],
        ids=["svg", "webp"],
    )
    def test_a_type_that_is_not_taken_whatever_its_name(self, shop, widget, file):
        assert self.refusal(shop, widget, (BytesIO(file), "a.png")) == self.BAD
        answer = shop.send(widget, (BytesIO(file), "a.png"))
        assert answer.json["message"] == "Only JPG, PNG, and GIF images are allowed."

    def test_one_byte_too_many(self, shop, widget):
        part = (padded(drawn_image(), MOST + 1), "a.png")
        assert self.refusal(shop, widget, part) == self.BAD

    def test_too_many_pixels(self, shop, widget):
        part = (png_claiming(10_000, 6_000), "a.png")
        assert self.refusal(shop, widget, part) == self.BAD

    def test_a_length_beyond_any_legal_request_unread(self, shop, widget):
        part = (padded(drawn_image(), MOST + 200_000), "a.png")
        kind = (413, "INVALID_REQUEST_ERROR", None)
        assert self.refusal(shop, widget, part) == kind

    @pytest.mark.parametrize("type", ["image/png", "application/json", "text/plain", ""])
    def test_a_body_that_is_not_multipart(self, shop, widget, type):
        answer = shop("POST", f"/{widget}/images", data=b"{}", content_type=type)
        assert (answer.status_code, answer.json["subtype"]) == (415, "INVALID_CONTENT_TYPE")

    def test_multipart_without_a_boundary(self, shop, widget):
        answer = shop("POST", f"/{widget}/images", data=b"a", content_type="multipart/form-data")
        assert answer.status_code == 400

    @pytest.mark.parametrize("product_id", ["nothing", "a\0b", "0" * 26])
    def test_a_product_that_is_not_there(self, shop, product_id):
        answer = shop.send(product_id.replace("\0", "%00"), (drawn_image(), "a.png"))
        assert (answer.status_code, answer.json["subtype"]) == (404, "INVALID_ARGUMENT")

    def test_another_companys_product(self, rival, widget):
        assert rival.send(widget, (drawn_image(), "a.png")).status_code == 404

    def test_a_file_that_is_too_large_is_cut_off(self, shop, widget):
        head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        body = Endless(head)
        answer = shop(
            "POST",
            f"/{widget}/images",
            environ_overrides={
                "CONTENT_TYPE": "multipart/form-data; boundary=b",
                "HTTP_TRANSFER_ENCODING": "chunked",
                "wsgi.input": body,
                "wsgi.input_terminated": True,
            },
        )
        assert answer.status_code == 400
        assert answer.json["message"] == "Image too large. Maximum size is 20 MB."
        assert MOST < body.read_bytes < MOST + 1_000_000


class TestLimit:
    @pytest.fixture
    def app(self, make_app) -> Flask:
        return make_app(IMAGES_PER_PRODUCT=2)

    def test_past_it_nothing_is_taken(self, shop, widget):
        for width in (50, 60):
            shop.upload(widget, drawn_image(width))
        answer = shop.send(widget, (drawn_image(70), "c.png"))
        assert (answer.status_code, answer.json["type"], answer.json["subtype"]) == (
            409,
            "CONFLICT",
            "IMAGE_LIMIT_REACHED",
        )
        assert len(image_ids(shop.app)) == 2

    def test_what_failed_is_named(self, shop, widget, app):
        ids = [shop.upload(widget, drawn_image(width)) for width in (50, 60)]
        set_image(app, ids[0], status="ERROR")
        answer = shop.send(widget, (drawn_image(70), "c.png"))
        assert ids[0] in answer.json["message"]
        assert ids[1] not in answer.json["message"]

    def test_a_repeat_at_the_limit_is_still_answered(self, shop, widget):
        ids = [shop.upload(widget, drawn_image(width)) for width in (50, 60)]
        assert shop.upload(widget, drawn_image(60)) == ids[1]

    def test_deleting_one_makes_room(self, shop, widget):
        ids = [shop.upload(widget, drawn_image(width)) for width in (50, 60)]
        shop.delete(f"/{widget}/images/{ids[0]}")
        assert shop.upload(widget, drawn_image(70))


class TestRepeated:
    def test_the_same_file_is_the_same_image(self, shop, widget, app):
        first, version = shop.upload(widget), version_of(app, widget)
        assert shop.upload(widget) == first
        assert image_ids(app) == [first]
        assert version_of(app, widget) == version
        assert len(audit_entries(app)) == 1

    def test_the_same_file_once_it_is_ready(self, shop, widget):
        first = shop.ready(widget)
        assert shop.upload(widget) == first

    def test_another_name_is_another_image(self, shop, widget):
        assert shop.upload(widget) != shop.upload(widget, filename="red.png")

    def test_other_bytes_are_another_image(self, shop, widget):
        assert shop.upload(widget) != shop.upload(widget, drawn_image(90, 90))

    def test_another_product_has_its_own(self, shop, widget, app, cast):
        with app.app_context():
            other = add_product(cast.acme).id
        assert shop.upload(widget) != shop.upload(other)

    def test_what_failed_is_tried_again(self, shop, widget, app):
        first = shop.upload(widget)
        set_image(app, first, status="ERROR", error_code="damaged")
        assert shop.upload(widget) != first

    def test_what_was_deleted_is_made_again(self, shop, widget):
        first = shop.upload(widget)
        shop.delete(f"/{widget}/images/{first}")
        assert shop.upload(widget) != first


class TestIdempotencyKey:
    """It has no effect: real clients keep one key for everything that a connection sends."""

    KEY = {"Idempotency-Key": "one"}

    def test_another_file_under_it_is_another_image(self, shop, widget):
        files = (drawn_image(), drawn_image(90, 90))
        answers = [shop.send(widget, (file, "a.png"), headers=self.KEY) for file in files]
        assert [answer.status_code for answer in answers] == [202, 202]
        assert answers[0].json != answers[1].json

    def test_every_change_under_it_is_made(self, shop, widget):
        image_id = shop.ready(widget)
        path = f"/{widget}/images/{image_id}"
        for text in ("Blue", "Red", "Blue"):
            answer = shop.post(path, {"altText": text}, headers=self.KEY)
            assert answer.json["altText"] == text
        assert shop.product(widget)["images"][0]["altText"] == "Blue"
        assert shop.delete(path, headers=self.KEY).status_code == 204
        assert shop.delete(path, headers=self.KEY).status_code == 404

    @pytest.mark.parametrize("key", ["", "k" * 300])
    def test_any_text_may_be_one(self, shop, widget, key):
        answer = shop.send(widget, (drawn_image(), "a.png"), headers={"Idempotency-Key": key})
        assert answer.status_code == 202


class TestStoreDown:
    def test_is_503_and_leaves_nothing(self, shop, widget, app):
        with store_of(app, FlakyStore(app.extensions["image_store"], at="put")):
            answer = shop.send(widget, (drawn_image(), "a.png"))
        assert (answer.status_code, answer.json["type"]) == (503, "SERVICE_UNAVAILABLE")
        assert image_ids(app) == []

    def test_a_product_deleted_meanwhile_is_404_and_leaves_nothing(self, shop, widget, app):
        store = app.extensions["image_store"]

        def delete_first():
            with app.app_context():
                db.session.execute(db.text("DELETE FROM product"))
                db.session.commit()

        with store_of(app, FlakyStore(store, at="put", then=delete_first)):
            assert shop.send(widget, (drawn_image(), "a.png")).status_code == 404
        with app.app_context():
            outbox.drain(now=utc_now() + outbox.SWEEP_EVERY * 2)
        assert (image_ids(app), store.keys()) == ([], set())


@pytest.mark.parametrize("scopes", [["products:read"], ["products:write", "orders:write"], []])
def test_only_a_ticked_key_may_upload(app, cast, widget, scopes):
    caller = Caller(app, add_key(app, cast.acme, cast.alice, scopes, "other"))
    answer = caller.send(widget, (drawn_image(), "a.png"))
    assert (answer.status_code, answer.json["type"], answer.json["subtype"]) == (
        403,
        "AUTHORIZATION_ERROR",
        "MISSING_SCOPE",
    )


def unavailable(*arguments) -> None:
    raise StoreUnavailable("down")


class Endless(RawIOBase):
    """A body whose file has no end."""

    def __init__(self, head: bytes):
        self.head, self.read_bytes = head, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        part = self.head[: len(buffer)] or b"a" * len(buffer)
        self.head = self.head[len(part) :]
        buffer[: len(part)] = part
        self.read_bytes += len(part)
        return len(part)

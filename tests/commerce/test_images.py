"""One image of a product: how far it is, its words, its place, its end."""

import pytest

from distribu.extensions import db
from distribu.images import outbox, processing
from distribu.images.decoding.policies import InvalidImage
from distribu.models import Image, Product, utc_now
from tests.commerce.conftest import (
    audit_entries,
    drawn_image,
    fetched,
    image_ids,
    set_image,
    version_of,
)
from tests.conftest import add_product, run_queue
from tests.flaky_sandbox import make_flaky
from tests.images.image_files import jpeg, truncated

EXTERNAL = "https://example.com/a.jpg"


def product_of(app, product_id: str) -> Product:
    return db.session.get_one(Product, product_id)


class TestStatus:
    def test_while_processing_it_says_when_to_ask_again(self, shop, widget):
        image_id = shop.upload(widget)
        answer = shop.get(f"/{widget}/images/{image_id}/status")
        assert (answer.json, answer.headers["Retry-After"]) == ({"status": "PROCESSING"}, "2")

    def test_ready(self, shop, widget):
        image_id = shop.ready(widget)
        answer = shop.get(f"/{widget}/images/{image_id}/status")
        assert answer.json == {"status": "READY"}
        assert "Retry-After" not in answer.headers

    def test_v2_has_the_id(self, shop, widget):
        shop.version = "v2"
        image_id = shop.ready(widget)
        assert shop.status(widget, image_id) == {"id": image_id, "status": "READY"}

    def test_what_only_decoding_shows(self, shop, widget):
        image_id = shop.ready(widget, truncated(jpeg(640, 480)), "a.jpg")
        assert shop.status(widget, image_id) == {
            "status": "ERROR",
            "error": {
                "code": "damaged",
                "message": "This image is damaged or incomplete. Export it again, or choose "
                "another file.",
                "canRetry": False,
            },
        }

    @pytest.mark.parametrize(
        ("code", "can_retry"),
        [
            *((code, False) for code in ("pixels", "animation", "excessive", "undecodable")),
            *((code, False) for code in ("empty", "format", "byte_size", "damaged")),
            ("upload_lost", True),
            ("objects_lost", True),
            ("too_many_attempts", True),
            ("interrupted", True),
        ],
    )
    def test_every_error_has_a_sentence(self, shop, widget, app, code, can_retry):
        image_id = shop.upload(widget)
        set_image(app, image_id, status="ERROR", error_code=code)
        error = shop.status(widget, image_id)["error"]
        assert (error["code"], error["canRetry"]) == (code, can_retry)
        assert error["message"].endswith(".")

    def test_the_third_death_ends_in_error(self, shop, widget, app):
        image_id = shop.upload(widget)
        set_image(app, image_id, attempts=processing.MAX_ATTEMPTS)
        with app.app_context():
            outbox.sweep(utc_now() + processing.PATIENCE * 2)
        assert shop.status(widget, image_id)["error"]["code"] == "interrupted"


class TestFailed:
    @pytest.fixture
    def failed(self, shop, widget) -> str:
        return shop.ready(widget, truncated(jpeg(640, 480)), "a.jpg")

    def test_is_shown_to_no_shopper(self, shop, widget, failed, nobody):
        assert shop.product(widget)["images"] == []
        assert failed not in nobody.get(f"/store/acme/products/{widget}").text
        assert nobody.get(f"/images/{failed}/a.jpg").status_code == 404

    def test_takes_no_good_ones_place(self, shop, widget, failed):
        good = shop.ready(widget)
        shop.post(f"/{widget}/images/{failed}/order", {"afterImageId": None})
        assert shop.shown(widget) == [good]

    def test_keeps_its_upload_until_it_is_deleted(self, app, shop, widget, failed):
        store = app.extensions["image_store"]
        assert store.keys() == {f"incoming/{failed}/upload"}
        shop.delete(f"/{widget}/images/{failed}")
        assert store.keys() == set()

    def test_leaves_the_external_image(self, shop, widget, app):
        with app.app_context():
            product_of(app, widget).external_image_url = EXTERNAL
            db.session.commit()
        shop.ready(widget, truncated(jpeg(640, 480)), "a.jpg")
        with app.app_context():
            assert product_of(app, widget).image_url == EXTERNAL

    def test_can_be_deleted(self, shop, widget, failed, app):
        assert shop.delete(f"/{widget}/images/{failed}").status_code == 204
        assert image_ids(app) == []


class TestPrimary:
    def test_is_the_first_upload(self, shop, widget, nobody):
        first = shop.ready(widget)
        shop.ready(widget, drawn_image(90, 90), "other.png")
        assert first in nobody.get("/store/acme/catalog").text

    def test_takes_the_external_images_place_once_it_is_ready(self, shop, widget, app):
        with app.app_context():
            product_of(app, widget).external_image_url = EXTERNAL
            db.session.commit()
        image_id = shop.upload(widget)
        with app.app_context():
            assert product_of(app, widget).image_url == EXTERNAL
        run_queue(app)
        with app.app_context():
            assert product_of(app, widget).image_url.startswith(
                f"http://shop.test/images/{image_id}/"
            )

    def test_deleted_leaves_the_place_to_the_next(self, shop, widget, three, nobody):
        shop.delete(f"/{widget}/images/{three[0]}")
        assert three[1] in nobody.get("/store/acme/catalog").text

    def test_is_what_the_storefront_shows_first_and_the_others_as_a_gallery(
        self, widget, three, nobody
    ):
        page = nobody.get(f"/store/acme/products/{widget}").text
        places = [page.index(f"image={image_id}") for image_id in three]
        assert places == sorted(places)


class TestAltText:
    def test_is_the_products_image_with_it(self, shop, widget):
        image_id = shop.ready(widget)
        answer = shop.post(f"/{widget}/images/{image_id}", {"altText": " A green  vase "})
        assert answer.status_code == 200
        assert answer.json == shop.product(widget)["images"][0]
        assert answer.json["altText"] == "A green vase"

    def test_while_it_is_processing(self, shop, widget):
        image_id = shop.upload(widget)
        answer = shop.post(f"/{widget}/images/{image_id}", {"altText": "A vase"})
        assert (answer.json["id"], answer.json["availableFormats"]) == (image_id, [])

    @pytest.mark.parametrize("text", ["", "ü" * 200])
    def test_from_none_to_200_characters(self, shop, widget, text):
        image_id = shop.upload(widget)
        answer = shop.post(f"/{widget}/images/{image_id}", {"altText": text})
        assert answer.json["altText"] == text

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"altText": None},
            {"altText": 1},
            {"altText": "a" * 201},
            {"altText": "a\0b"},
            {"altText": "a", "url": "b"},
            [],
            "a",
        ],
    )
    def test_a_body_that_is_not_to_specification(self, shop, widget, body):
        image_id = shop.upload(widget)
        answer = shop.post(f"/{widget}/images/{image_id}", body)
        assert answer.status_code == 400
        assert (answer.json["type"], answer.json["subtype"]) == ("INVALID_REQUEST_ERROR", None)

    def test_the_log_has_it_and_the_product_is_newer(self, shop, widget, app):
        image_id = shop.ready(widget)
        before = shop.product(widget)["modifiedOn"]
        shop.post(f"/{widget}/images/{image_id}", {"altText": "A vase"})
        assert shop.product(widget)["modifiedOn"] > before
        entry = audit_entries(app)[-1]
        assert entry.before == {"alt_text": {image_id: "blue"}}
        assert entry.after == {"alt_text": {image_id: "A vase"}}

    def test_the_same_again_changes_nothing(self, shop, widget, app):
        image_id = shop.upload(widget)
        version, entries = version_of(app, widget), len(audit_entries(app))
        assert shop.post(f"/{widget}/images/{image_id}", {"altText": "blue"}).status_code == 200
        assert (version_of(app, widget), len(audit_entries(app))) == (version, entries)


class TestOrder:
    @pytest.mark.parametrize(
        ("moved", "after", "order"),
        [
            (2, None, [2, 0, 1]),
            (0, None, [0, 1, 2]),
            (0, 2, [1, 2, 0]),
            (0, 1, [1, 0, 2]),
            (2, 0, [0, 2, 1]),
            (1, 0, [0, 1, 2]),
        ],
    )
    def test_is_right_behind_the_other_or_first(self, shop, widget, three, moved, after, order):
        body = {"afterImageId": None if after is None else three[after]}
        answer = shop.post(f"/{widget}/images/{three[moved]}/order", body)
        assert (answer.status_code, answer.data) == (204, b"")
        assert shop.shown(widget) == [three[number] for number in order]

    def test_counts_what_is_still_processing(self, shop, widget, three):
        new = shop.upload(widget, drawn_image(90, 90), "new.png")
        shop.post(f"/{widget}/images/{new}/order", {"afterImageId": three[0]})
        assert shop.shown(widget) == three
        run_queue(shop.app)
        assert shop.shown(widget) == [three[0], new, *three[1:]]

    def test_the_first_takes_the_external_images_place(self, shop, widget, three, app):
        with app.app_context():
            product_of(app, widget).external_image_url = EXTERNAL
            db.session.commit()
        shop.post(f"/{widget}/images/{three[1]}/order", {"afterImageId": three[0]})
        with app.app_context():
            assert product_of(app, widget).image_url == EXTERNAL
        shop.post(f"/{widget}/images/{three[1]}/order", {"afterImageId": None})
        with app.app_context():
            assert three[1] in product_of(app, widget).image_url

    def test_a_client_that_leaves_null_out_moves_to_the_top(self, shop, widget, three):
        assert shop.post(f"/{widget}/images/{three[2]}/order", {}).status_code == 204
        assert shop.shown(widget) == [three[2], three[0], three[1]]

    @pytest.mark.parametrize(
        "body", [{"after": None}, {"afterImageId": 1}, {"afterImageId": "x"}, []]
    )
    def test_a_body_that_is_not_to_specification(self, shop, widget, three, body):
        answer = shop.post(f"/{widget}/images/{three[0]}/order", body)
        assert answer.status_code == 400
        assert (answer.json["type"], answer.json["subtype"]) == ("INVALID_REQUEST_ERROR", None)

    def test_behind_itself(self, shop, widget, three):
        answer = shop.post(f"/{widget}/images/{three[0]}/order", {"afterImageId": three[0]})
        assert answer.status_code == 400

    def test_behind_another_products_image(self, shop, widget, three, app, cast):
        with app.app_context():
            other = add_product(cast.acme).id
        foreign = shop.upload(other)
        answer = shop.post(f"/{widget}/images/{three[0]}/order", {"afterImageId": foreign})
        assert answer.status_code == 400
        assert shop.shown(widget) == three

    def test_the_log_has_it(self, shop, widget, three, app):
        shop.post(f"/{widget}/images/{three[2]}/order", {"afterImageId": None})
        assert audit_entries(app)[-1].after["images"] == [three[2], *three[:2]]

    def test_the_same_again_changes_nothing(self, shop, widget, three, app):
        version, entries = version_of(app, widget), len(audit_entries(app))
        shop.post(f"/{widget}/images/{three[1]}/order", {"afterImageId": three[0]})
        assert (version_of(app, widget), len(audit_entries(app))) == (version, entries)


class TestDelete:
    def test_takes_the_files_in_the_same_step(self, shop, widget, app, nobody):
        image_id = shop.ready(widget)
        url = shop.product(widget)["images"][0]["url"]
        answer = shop.delete(f"/{widget}/images/{image_id}")
        assert (answer.status_code, answer.data) == (204, b"")
        assert app.extensions["image_store"].keys() == set()
        assert fetched(nobody, url).status_code == 404
        assert shop.product(widget)["images"] == []

    def test_while_it_is_processing(self, shop, widget, app):
        image_id = shop.upload(widget)
        assert shop.delete(f"/{widget}/images/{image_id}").status_code == 204
        assert app.extensions["image_store"].keys() == set()
        run_queue(app)
        assert (app.extensions["image_store"].keys(), image_ids(app)) == (set(), [])

    def test_while_it_is_decoded(self, shop, widget, app):
        image_id = shop.upload(widget)

        def delete_first():
            assert shop.delete(f"/{widget}/images/{image_id}").status_code == 204

        make_flaky(app, "publish", delete_first)
        run_queue(app)
        with app.app_context():
            outbox.drain(now=utc_now() + outbox.SWEEP_EVERY * 2)
        assert (app.extensions["image_store"].keys(), image_ids(app)) == (set(), [])

    def test_twice_is_404(self, shop, widget):
        image_id = shop.ready(widget)
        shop.delete(f"/{widget}/images/{image_id}")
        assert shop.delete(f"/{widget}/images/{image_id}").status_code == 404

    def test_the_log_has_it(self, shop, widget, three, app):
        shop.delete(f"/{widget}/images/{three[0]}")
        entry = audit_entries(app)[-1]
        assert (entry.before["images"], entry.after["images"]) == (three, three[1:])


REQUESTS = [
    ("GET", "/{product}/images/{image}/status", None),
    ("POST", "/{product}/images/{image}", {"altText": "a"}),
    ("POST", "/{product}/images/{image}/order", {"afterImageId": None}),
    ("DELETE", "/{product}/images/{image}", None),
]
every_request = pytest.mark.parametrize(("method", "path", "body"), REQUESTS)


class TestNotThere:
    def ask(self, caller, method, path, body, product, image) -> tuple:
        path = path.format(product=product, image=image)
        answer = caller(method, path, json=body)
        return answer.status_code, answer.json["type"], answer.json["subtype"]

    NOT_FOUND = (404, "INVALID_REQUEST_ERROR", "INVALID_ARGUMENT")

    @every_request
    @pytest.mark.parametrize("image", ["nothing", "0" * 26, "a%00b", "%F0%9F%98%80"])
    def test_an_image(self, shop, widget, method, path, body, image):
        assert self.ask(shop, method, path, body, widget, image) == self.NOT_FOUND

    @every_request
    def test_an_image_of_another_product(self, shop, widget, app, cast, method, path, body):
        with app.app_context():
            other = add_product(cast.acme).id
        image_id = shop.upload(widget)
        assert self.ask(shop, method, path, body, other, image_id) == self.NOT_FOUND

    @every_request
    def test_for_another_company(self, shop, rival, widget, app, method, path, body):
        image_id = shop.upload(widget)
        assert self.ask(rival, method, path, body, widget, image_id) == self.NOT_FOUND
        assert image_ids(app) == [image_id]

    @every_request
    def test_a_staged_image(self, shop, widget, app, cast, method, path, body):
        image_id = shop.upload(widget)
        set_image(app, image_id, product_id=None)
        assert self.ask(shop, method, path, body, widget, image_id) == self.NOT_FOUND


def test_a_poisoned_image_is_given_up(shop, widget, app):
    image_id = shop.upload(widget)
    make_flaky(app, "publish", InvalidImage("undecodable", "No."))
    run_queue(app)
    assert shop.status(widget, image_id)["error"]["code"] == "undecodable"
    with app.app_context():
        assert db.session.get_one(Image, image_id).attempts == 1

"""imageUrl through the REST API: what a read returns, and what writing it does."""

import pytest
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage

from distribu.extensions import db, store
from distribu.images import attachment, staging
from distribu.models import AuditEntry, Image, OutboxEntry, Product
from distribu.products import written_image_url
from tests.api.conftest import Caller, audit_actions, version_of
from tests.conftest import add_product
from tests.images.image_files import png
from tests.meanwhile import meanwhile

ELSEWHERE = "https://cdn.example.com/widget.png"
NEW = {"name": "Widget", "price": 9.99, "stock": 3}


def add_image(app, product_id: str) -> str:
    """The id of an image behind the others of the product."""
    with app.app_context():
        product = db.session.get_one(Product, product_id)
        image = staging.stage(product.company_id, FileStorage(png(40, 30), "a.png"))
        product = attachment.lock_product(product_id, product.company_id)
        attachment.attach(product, image.id)
        db.session.commit()
        return image.id


def read(caller: Caller, product_id: str) -> dict:
    return caller.get(f"/products/{product_id}").json["data"]


def image_ids(app) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(Image.id).order_by(Image.id)))


@pytest.fixture
def imaged(app, widget) -> str:
    """The id of the widget, now with an image of its own."""
    add_image(app, widget)
    return widget


def test_a_read_tells_the_public_address(app, acme, imaged):
    [image_id] = image_ids(app)
    assert read(acme, imaged)["imageUrl"] == f"http://shop.test/images/{image_id}/a.png"


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
class TestWriting:
    def write(self, acme, method: str, product_id: str, **values):
        body = (NEW if method == "PUT" else {}) | values
        return acme(method, f"/products/{product_id}", json=body)

    def test_absent_the_image_stays(self, app, acme, imaged, method):
        before = read(acme, imaged)["imageUrl"]
        answer = self.write(acme, method, imaged, stock=1)
        assert answer.json["data"]["imageUrl"] == before

    def test_null_clears(self, app, acme, imaged, method):
        answer = self.write(acme, method, imaged, imageUrl=None)
        assert answer.json["data"]["imageUrl"] is None
        assert image_ids(app) == []

    def test_an_external_address_takes_the_place_of_the_image(self, app, acme, imaged, method):
        answer = self.write(acme, method, imaged, imageUrl=ELSEWHERE)
        assert answer.json["data"]["imageUrl"] == ELSEWHERE
        assert image_ids(app) == []

    def test_what_is_displaced_is_deleted_in_the_same_step(self, app, acme, imaged, method):
        self.write(acme, method, imaged, imageUrl=ELSEWHERE)
        with app.app_context():
            assert store.keys() == set()
            assert db.session.scalar(select(func.count()).select_from(OutboxEntry)) == 0

    def test_another_image_of_the_company_gives_a_copy(self, app, cast, acme, imaged, method):
        with app.app_context():
            other = add_product(cast.acme).id
        source = read(acme, imaged)["imageUrl"]
        answer = self.write(acme, method, other, imageUrl=source)
        assert answer.json["data"]["imageUrl"] not in (source, None)
        acme.delete(f"/products/{imaged}")
        path = answer.json["data"]["imageUrl"].removeprefix("http://shop.test")
        assert app.test_client().get(path).status_code == 200

    def test_a_image_that_is_gone_is_refused_and_the_current_one_stays(
        self, app, acme, imaged, method
    ):
        gone = "http://shop.test/images/01ARZ3NDEKTSV4RRFFQ69G5FAV/a.png"
        before = read(acme, imaged)
        answer = self.write(acme, method, imaged, imageUrl=gone, stock=1)
        assert answer.status_code == 422
        assert answer.json["details"] == {"imageUrl": [written_image_url.IS_GONE]}
        assert read(acme, imaged) == before

    def test_another_companys_image_is_refused_as_one_that_is_gone(
        self, app, acme, globex, imaged, method
    ):
        foreign = read(acme, imaged)["imageUrl"]
        product_id = globex.post("/products", NEW).json["data"]["id"]
        answer = self.write(globex, method, product_id, imageUrl=foreign)
        assert answer.json["details"] == {"imageUrl": [written_image_url.IS_GONE]}

    def test_the_change_is_recorded(self, app, acme, imaged, method):
        acme.put(f"/products/{imaged}", NEW)
        self.write(acme, method, imaged, imageUrl=ELSEWHERE)
        with app.app_context():
            entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert entry.after["image_url"] == ELSEWHERE
        assert entry.before["image_url"].startswith("http://shop.test/images/")


@pytest.mark.parametrize(
    "variant",
    ["{url}", "https://old.example{path}", "{url}?format=500w", "http://SHOP.test:81{path}"],
)
def test_the_own_address_written_differently_changes_nothing(app, acme, imaged, variant):
    before = read(acme, imaged)
    url = before["imageUrl"]
    value = variant.format(url=url, path=url.removeprefix("http://shop.test"))
    answer = acme.patch(f"/products/{imaged}", {"imageUrl": value})
    assert answer.json["data"] == before
    assert audit_actions(app) == []


def test_a_new_product_may_have_an_external_image(acme):
    product = acme.post("/products", NEW | {"imageUrl": ELSEWHERE}).json["data"]
    assert product["imageUrl"] == ELSEWHERE


def test_a_new_product_may_have_a_copy(app, acme, imaged):
    source = read(acme, imaged)["imageUrl"]
    product = acme.post("/products", NEW | {"imageUrl": source}).json["data"]
    assert product["imageUrl"] not in (source, None)
    assert len(image_ids(app)) == 2


def test_a_second_image_of_the_product_is_moved_to_the_top(app, acme, imaged):
    second = add_image(app, imaged)
    url = f"http://shop.test/images/{second}/a.png"
    answer = acme.patch(f"/products/{imaged}", {"imageUrl": url})
    assert answer.json["data"]["imageUrl"] == url
    assert len(image_ids(app)) == 2
    assert audit_actions(app) == ["product.updated"]


def image_of_its_own(app, cast, acme, widget) -> None:
    add_image(app, widget)


def image_elsewhere(app, cast, acme, widget) -> None:
    acme.patch(f"/products/{widget}", {"imageUrl": ELSEWHERE})


def image_copied(app, cast, acme, widget) -> None:
    with app.app_context():
        other = add_product(cast.acme).id
    add_image(app, other)
    acme.patch(f"/products/{widget}", {"imageUrl": read(acme, other)["imageUrl"]})


def no_image(app, cast, acme, widget) -> None:
    pass


def upload_under_way(app, cast, acme, widget) -> None:
    image_id = add_image(app, widget)
    with app.app_context():
        db.session.get_one(Image, image_id).status = "PROCESSING"
        db.session.commit()


every_image = pytest.mark.parametrize(
    "give",
    [image_of_its_own, image_elsewhere, image_copied, no_image, upload_under_way],
)


@every_image
def test_a_script_that_reads_and_writes_back_every_night_changes_nothing(
    app, cast, acme, widget, give
):
    give(app, cast, acme, widget)
    before = read(acme, widget)
    known = image_ids(app), version_of(app, widget), audit_actions(app)
    nights = [acme.put(f"/products/{widget}", read(acme, widget)) for _ in range(30)]
    assert {answer.status_code for answer in nights} == {200}
    assert read(acme, widget) == before
    assert (image_ids(app), version_of(app, widget), audit_actions(app)) == known


def test_a_script_that_writes_the_same_source_every_night_makes_one_copy(app, cast, acme, imaged):
    with app.app_context():
        other = add_product(cast.acme).id
    source = read(acme, imaged)["imageUrl"]
    nights = [acme.patch(f"/products/{other}", {"imageUrl": source}) for _ in range(30)]
    assert len({answer.json["data"]["imageUrl"] for answer in nights}) == 1
    assert len(image_ids(app)) == 2
    assert audit_actions(app) == ["product.updated"]


def test_a_copy_beyond_the_limit_is_refused(app, cast, acme, imaged):
    app.config["IMAGES_PER_PRODUCT"] = 1
    with app.app_context():
        other = add_product(cast.acme).id
    add_image(app, other)
    with app.app_context():
        db.session.get_one(Product, other).external_image_url = ELSEWHERE
        db.session.commit()
    answer = acme.patch(f"/products/{other}", {"imageUrl": read(acme, imaged)["imageUrl"]})
    assert answer.status_code == 422
    [sentence] = answer.json["details"]["imageUrl"]
    assert sentence.startswith("This product has the maximum of")
    assert len(image_ids(app)) == 2


def test_a_image_that_changes_under_the_request_is_looked_at_again(app, acme, imaged):
    written = read(acme, imaged)["imageUrl"]

    def remove_first():
        with app.app_context():
            product = db.session.get_one(Product, imaged)
            attachment.remove_all(attachment.lock_product(imaged, product.company_id))
            db.session.commit()

    with meanwhile(app, remove_first, before="UPDATE product"):
        answer = acme.patch(f"/products/{imaged}", {"imageUrl": written})
    assert answer.json["details"] == {"imageUrl": [written_image_url.IS_GONE]}


class TestAlt:
    def test_is_written_read_and_logged(self, app, acme, imaged):
        answer = acme.patch(f"/products/{imaged}", {"imageAlt": "  A blue\n widget "})
        assert answer.json["data"]["imageAlt"] == "A blue widget"
        assert read(acme, imaged)["imageAlt"] == "A blue widget"
        with app.app_context():
            entry = db.session.scalars(select(AuditEntry)).one()
            [image_id] = db.session.scalars(select(Image.id)).all()
        after = {"alt_text": {image_id: "A blue widget"}}
        assert (entry.before, entry.after) == ({"alt_text": {}}, after)

    def test_absent_it_stays_in_put_too(self, acme, imaged):
        acme.patch(f"/products/{imaged}", {"imageAlt": "Blue"})
        assert acme.put(f"/products/{imaged}", NEW).json["data"]["imageAlt"] == "Blue"

    @pytest.mark.parametrize("nothing", [None, "", " "])
    def test_null_or_empty_clears_it(self, acme, imaged, nothing):
        answer = acme.patch(f"/products/{imaged}", {"imageAlt": nothing})
        assert answer.json["data"]["imageAlt"] is None

    @pytest.mark.parametrize("external", [None, ELSEWHERE])
    def test_what_was_read_written_back_changes_nothing(self, app, acme, imaged, external):
        if external:
            acme.patch(f"/products/{imaged}", {"imageUrl": external})
        was, version = read(acme, imaged), version_of(app, imaged)
        assert acme.put(f"/products/{imaged}", was).json["data"] == was
        assert version_of(app, imaged) == version

    def test_with_a_new_image_it_describes_that_one(self, app, acme, imaged, cast):
        with app.app_context():
            other = add_product(cast.acme).id
        address = read(acme, imaged)["imageUrl"]
        answer = acme.patch(f"/products/{other}", {"imageUrl": address, "imageAlt": "The other"})
        assert answer.json["data"]["imageAlt"] == "The other"
        assert read(acme, imaged)["imageAlt"] is None

    def test_of_an_external_image_is_written_read_and_gone_with_it(self, acme, imaged):
        written = {"imageUrl": ELSEWHERE, "imageAlt": "Blue"}
        assert acme.patch(f"/products/{imaged}", written).json["data"]["imageAlt"] == "Blue"
        was = read(acme, imaged)
        assert acme.put(f"/products/{imaged}", was).json["data"] == was
        acme.patch(f"/products/{imaged}", {"imageUrl": f"{ELSEWHERE}?v=2"})
        assert read(acme, imaged)["imageAlt"] is None

    def test_without_an_image_it_is_refused_rather_than_lost(self, acme, widget):
        answer = acme.patch(f"/products/{widget}", {"imageUrl": None, "imageAlt": "Blue"})
        sentence = "imageAlt describes the product's image, and this product has none."
        assert (answer.status_code, answer.json["error"]) == (422, sentence)
        assert read(acme, widget)["imageUrl"] is None

    def test_is_at_most_200_characters(self, acme, imaged):
        assert acme.patch(f"/products/{imaged}", {"imageAlt": "a" * 200}).status_code == 200
        assert acme.patch(f"/products/{imaged}", {"imageAlt": "a" * 201}).status_code == 400

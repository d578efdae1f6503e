"""The product form lists every image of a product, each with its own Remove."""

import re

import pytest
from sqlalchemy import select

from distribu.extensions import db
from distribu.images import attachment, staging
from distribu.models import AuditEntry, Image, Product
from tests.conftest import add_product, run_queue
from tests.images.life import upload
from tests.inventory.test_product_form import edit_url, shown, staged_id, value

EXTERNAL = "https://example.com/a.jpg"


@pytest.fixture
def widget(app, cast) -> str:
    return add_three_images(app, cast)


def add_three_images(app, cast) -> str:
    """Return the id of a new product of Acme with images one.png, two.png and three.png."""
    with app.app_context():
        product_id = add_product(cast.acme, name="Widget", stock=10).id
        ids = [staging.stage(cast.acme, upload(None, f"{name}.png")).id for name in NAMES]
        product = attachment.lock_product(product_id, cast.acme)
        for image_id in ids:
            attachment.attach(product, image_id)
        db.session.commit()
    run_queue(app)
    return product_id


NAMES = ("one", "two", "three")


def product_of(app, product_id: str) -> Product:
    with app.app_context():
        product = db.session.get_one(Product, product_id)
        db.session.expunge(product)
        return product


def images(app) -> dict[str, str]:
    """The ids of the images that there are, by the names of their files, in their order."""
    with app.app_context():
        images = db.session.scalars(select(Image).order_by(Image.position))
        return {image.filename.removesuffix(".png"): image.id for image in images}


def change(app, product_id: str, **values) -> None:
    with app.app_context():
        for name, value in values.items():
            setattr(db.session.get_one(Product, product_id), name, value)
        db.session.commit()


def set_status(app, image_id: str, status: str) -> None:
    with app.app_context():
        db.session.get_one(Image, image_id).status = status
        db.session.commit()


def listed(page: str) -> list[str]:
    """Return the field's text for each of the other images."""
    items = re.findall(
        r'<span class="other-image-text">(.*?)</span>\s*<(?:label|input)', page, re.DOTALL
    )
    return [" ".join(re.sub(r"<[^>]*>", " ", item).split()) for item in items]


def save(client, product: Product, **values):
    return client.post(edit_url(product), data=shown(product, **values))


class TestForm:
    def test_lists_the_others_in_their_order(self, app, alice, widget):
        page = alice.get(edit_url(product_of(app, widget))).text
        assert listed(page) == ["two.png", "three.png"]

    def test_of_an_external_image_lists_all(self, app, alice, widget):
        change(app, widget, external_image_url=EXTERNAL)
        page = alice.get(edit_url(product_of(app, widget))).text
        assert listed(page) == ["one.png", "two.png", "three.png"]

    def test_of_one_image_lists_none(self, app, alice, cast):
        with app.app_context():
            product = add_product(cast.acme)
            page = edit_url(product)
        assert "More images" not in alice.get(page).text

    def test_says_what_is_not_there_yet_and_what_failed(self, app, alice, widget):
        ids = images(app)
        set_status(app, ids["two"], "PROCESSING")
        set_status(app, ids["three"], "ERROR")
        page = alice.get(edit_url(product_of(app, widget))).text
        assert listed(page) == [
            "two.png Still being processed.",
            "three.png Could not be processed; shoppers do not see it.",
        ]

    def test_every_image_in_it_is_described_and_sized(self, app, alice, widget):
        page = alice.get(edit_url(product_of(app, widget))).text
        images = re.findall(r"<img [^>]*>", page[page.index('id="image-field"') :])
        # The image in its field and its four places, and the two others.
        assert len(images) == 7
        assert all(re.search(r'width="\d+" height="\d+" alt="', image) for image in images)


class TestSuccessor:
    def test_is_said_beforehand(self, app, alice, widget):
        url = f"/dashboard/inventory/image/remove?product_id={widget}"
        page = alice.post(url, data={"image_id": "", "remove_image": ""}).text
        assert "two.png takes its place." in page
        assert listed(page) == ["two.png Becomes the first image when you save.", "three.png"]

    def test_is_the_first_that_stays(self, app, alice, widget):
        url = f"/dashboard/inventory/image/remove?product_id={widget}"
        data = {"image_id": "", "removed_images": [images(app)["two"]]}
        page = alice.post(url, data=data).text
        assert "three.png takes its place." in page

    @pytest.mark.parametrize("status", ["PROCESSING", "ERROR"])
    def test_is_never_one_that_is_not_ready(self, app, alice, widget, status):
        set_status(app, images(app)["two"], status)
        url = f"/dashboard/inventory/image/remove?product_id={widget}"
        assert "three.png takes its place." in alice.post(url, data={"image_id": ""}).text

    def test_is_what_save_makes_it(self, app, alice, widget):
        ids = images(app)
        save(alice, product_of(app, widget), remove_image="1")
        assert list(images(app)) == ["two", "three"]
        with app.app_context():
            assert db.session.get_one(Product, widget).image.id == ids["two"]


class TestRemove:
    def url(self, app, name: str, widget: str, action: str = "remove") -> str:
        image_id = images(app)[name]
        return f"/dashboard/inventory/image/{image_id}/{action}?product_id={widget}"

    def test_changes_only_the_form(self, app, alice, widget):
        page = alice.post(self.url(app, "two", widget), data={"image_id": ""}).text
        assert listed(page) == ["two.png Removed when you save.", "three.png"]
        assert list(images(app)) == ["one", "two", "three"]

    def test_undo_takes_it_back(self, app, alice, widget):
        data = {"image_id": "", "removed_images": list(images(app).values())[1:]}
        page = alice.post(self.url(app, "two", widget, "undo"), data=data).text
        assert listed(page) == ["two.png", "three.png Removed when you save."]

    def test_and_save_deletes_that_one_alone(self, app, alice, widget):
        ids = images(app)
        save(alice, product_of(app, widget), removed_images=[ids["two"]])
        assert list(images(app)) == ["one", "three"]
        keys = app.extensions["image_store"].keys()
        assert not [key for key in keys if ids["two"] in key]

    def test_of_all_and_save_leaves_none(self, app, alice, widget):
        others = list(images(app).values())[1:]
        save(alice, product_of(app, widget), remove_image="1", removed_images=others)
        assert images(app) == {}
        assert app.extensions["image_store"].keys() == set()

    def test_of_a_failed_one(self, app, alice, widget):
        ids = images(app)
        set_status(app, ids["three"], "ERROR")
        save(alice, product_of(app, widget), removed_images=[ids["three"]])
        assert list(images(app)) == ["one", "two"]

    def test_beside_a_new_image(self, app, alice, widget, cast):
        ids = images(app)
        with app.app_context():
            new = staging.stage(cast.acme, upload(None, "new.png")).id
        save(alice, product_of(app, widget), image_id=new, removed_images=[ids["two"]])
        assert list(images(app)) == ["new", "three"]

    def test_is_kept_by_a_save_that_is_refused(self, app, alice, widget):
        product = product_of(app, widget)
        data = shown(product, removed_images=[images(app)["two"]]) | {"name": ""}
        answer = alice.post(edit_url(product), data=data)
        assert answer.status_code == 422
        assert listed(answer.text) == ["two.png Removed when you save.", "three.png"]

    def test_is_in_the_log(self, app, alice, widget):
        ids = images(app)
        save(alice, product_of(app, widget), removed_images=[ids["two"]])
        with app.app_context():
            entry = db.session.scalars(select(AuditEntry)).one()
        assert entry.after == {"images": [ids["one"], ids["three"]]}

    def test_works_without_scripts(self, app, alice, widget):
        product, image_id = product_of(app, widget), images(app)["two"]
        data = shown(product, image_action=f"remove:{image_id}")
        answer = alice.post(edit_url(product), data=data)
        assert listed(answer.text)[0] == "two.png Removed when you save."
        data = shown(product, image_action=f"undo:{image_id}", removed_images=[image_id])
        assert listed(alice.post(edit_url(product), data=data).text)[0] == "two.png"

    def test_of_another_products_image_is_ignored(self, app, alice, widget, cast):
        with app.app_context():
            other = add_product(cast.acme, name="Other")
            other_id, product = other.id, other
            db.session.expunge(product)
        save(alice, product, removed_images=[images(app)["two"]])
        assert list(images(app)) == ["one", "two", "three"]
        url = self.url(app, "two", other_id)
        assert alice.post(url, data={"image_id": ""}).status_code == 404

    @pytest.mark.parametrize("action", ["remove", "undo"])
    def test_is_not_for_another_company(self, app, mallory, widget, action):
        url = self.url(app, "two", widget, action)
        assert mallory.post(url, data={"image_id": ""}).status_code == 404

    @pytest.mark.parametrize("action", ["remove", "undo"])
    def test_asks_nobody_to_sign_in(self, app, nobody, widget, action):
        url = self.url(app, "two", widget, action)
        assert nobody.post(url, data={"image_id": ""}).status_code == 401


class TestLimit:
    @pytest.fixture
    def full(self, app, widget) -> str:
        """The widget with as many images as it may have, none of which is shown."""
        app.config["IMAGES_PER_PRODUCT"] = len(NAMES)
        change(app, widget, external_image_url=EXTERNAL)
        return widget

    def test_one_more_is_refused_and_kept_in_the_form(self, app, alice, full):
        image_id = staged_id(alice)
        answer = save(alice, product_of(app, full), image_id=image_id)
        assert answer.status_code == 422
        assert "This product has the maximum of 3 images." in answer.text
        assert value(answer.text, "image_id") == image_id
        assert product_of(app, full).external_image_url == EXTERNAL

    def test_one_that_is_removed_in_the_same_save_makes_room(self, app, alice, full):
        two = images(app)["two"]
        product = product_of(app, full)
        answer = save(alice, product, image_id=staged_id(alice), removed_images=two)
        assert answer.status_code == 303
        assert list(images(app)) == ["blue-widget", "one", "three"]
        assert product_of(app, full).external_image_url is None

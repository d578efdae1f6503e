"""The alt text of images in the product form, and which image is the first."""

import re

import pytest

from distribu.extensions import db
from distribu.inventory.image_choice import words_of
from distribu.models import AuditEntry, Product
from tests.conftest import add_product
from tests.images.image_files import png
from tests.inventory.test_form_gallery import add_three_images, images, product_of
from tests.inventory.test_product_form import (
    NEW,
    PREVIEW,
    detached,
    edit_url,
    fields,
    reloaded,
    rows,
    saved_image,
    shown,
    staged_id,
    value,
    with_image,
)

EXTERNAL = "https://example.com/a.jpg"


@pytest.fixture
def linked(app, cast) -> Product:
    """A product with an image at another host."""
    with app.app_context():
        return detached(add_product(cast.acme, name="Widget", external_image_url=EXTERNAL))


@pytest.mark.parametrize(
    ("filename", "words"),
    [
        ("blue-widget.jpg", "Blue widget"),
        ("Blauer_Eimer 10.webp", "Blauer Eimer 10"),
        ("IMG_1234.jpg", ""),
        ("DSC00012.JPG", ""),
        ("PXL_20260101_101010.jpg", ""),
        ("8f3e2b.png", ""),
        ("1234.png", ""),
        ("", ""),
    ],
)
def test_a_filename_is_suggested_where_it_is_made_of_words(filename, words):
    assert words_of(filename) == words


def test_a_chosen_file_suggests_its_name_and_fills_in_nothing(alice):
    page = alice.post(PREVIEW, data={"image": (png(20, 20), "blue-widget.png")}).text
    assert '<option value="Blue widget">' in page
    assert value(page, "alt_text") == ""


def test_the_words_of_a_chosen_image_are_saved_with_it(app, alice):
    data = fields(image_id=staged_id(alice), alt_text="  A blue \t widget ")
    assert alice.post(NEW, data=data).status_code == 303
    assert saved_image(app).alt_text == "A blue widget"


def test_the_words_alone_are_a_change_that_the_log_has(app, alice, widget):
    product = with_image(app, alice, widget)
    alice.post(edit_url(product), data=shown(product, alt_text="A widget"))
    assert saved_image(app).alt_text == "A widget"
    entry = max(rows(app, AuditEntry), key=lambda entry: entry.id)
    assert list(entry.after["alt_text"].values()) == ["A widget"]


def test_a_new_image_is_offered_the_old_words_again(app, alice, widget):
    product = with_image(app, alice, widget)
    alice.post(edit_url(product), data=shown(product, alt_text="A widget"))
    product = reloaded(app, product)
    data = {"image": (png(30, 30), "new.png"), "alt_text": "A widget"}
    page = alice.post(f"{PREVIEW}?product_id={product.id}", data=data).text
    assert value(page, "alt_text") == "A widget"


def test_a_form_that_says_nothing_of_it_leaves_the_words(app, alice, widget):
    product = with_image(app, alice, widget)
    alice.post(edit_url(product), data=shown(product, alt_text="A widget"))
    product = reloaded(app, product)
    alice.post(edit_url(product), data=shown(product) | {"name": "Better"})
    assert saved_image(app).alt_text == "A widget"


def test_words_that_are_too_long_are_refused_and_kept(app, alice):
    data = fields(image_id=staged_id(alice), alt_text="x" * 201)
    answer = alice.post(NEW, data=data)
    assert answer.status_code == 422
    assert "Alt text can have at most 200 characters" in answer.text
    assert value(answer.text, "alt_text") == "x" * 201
    assert rows(app, Product) == []


def test_an_external_image_has_its_words_with_the_product(app, alice, linked):
    alice.post(edit_url(linked), data=shown(linked, alt_text="Their widget"))
    assert reloaded(app, linked).external_image_alt == "Their widget"
    page = alice.get(f"/store/acme/products/{linked.id}").text
    assert 'alt="Their widget"' in page


def test_the_words_of_an_external_image_go_with_it(app, alice, linked):
    alice.post(edit_url(linked), data=shown(linked, alt_text="Their widget"))
    linked = reloaded(app, linked)
    alice.post(edit_url(linked), data=shown(linked, remove_image="1", alt_text="Their widget"))
    assert reloaded(app, linked).external_image_alt == ""


def test_every_place_says_the_words(alice, app, widget):
    product = with_image(app, alice, widget)
    alice.post(edit_url(product), data=shown(product, alt_text="A fine widget"))
    for path in (f"/store/acme/products/{product.id}", "/dashboard/orders/new"):
        assert re.search(r'(alt="|aria-label="[^"]*: )A fine widget"', alice.get(path).text)


def test_words_typed_for_one_image_do_not_go_to_another_that_came_meanwhile(
    app, alice, bob, widget
):
    product = with_image(app, alice, widget)
    alice.post(edit_url(product), data=shown(product, alt_text="Old words"))
    product = reloaded(app, product)
    opened = alice.get(edit_url(product)).text
    seen = value(opened, "seen").replace("&#34;", '"')
    data = {"image_id": staged_id(bob, png(31, 31)), "alt_text": "New words"}
    bob.post(edit_url(product), data=shown(product, **data))
    mine = shown(reloaded(app, product), seen=seen, alt_text="Old words")
    alice.post(edit_url(product), data=mine | {"name": "Better"})
    assert saved_image(app).alt_text == "New words"


class TestOtherImages:
    @pytest.fixture
    def widget(self, app, cast) -> str:
        return add_three_images(app, cast)

    def test_each_has_words_of_its_own(self, app, alice, widget):
        ids = images(app)
        data = posted(app, widget) | {f"alt_text-{ids['two']}": "Its back"}
        alice.post(f"/dashboard/inventory/{widget}/edit", data=data)
        assert alt_texts(app) == {"one": "", "two": "Its back", "three": ""}

    def test_words_that_are_too_long_are_refused(self, app, alice, widget):
        data = posted(app, widget) | {f"alt_text-{images(app)['two']}": "x" * 201}
        answer = alice.post(f"/dashboard/inventory/{widget}/edit", data=data)
        assert answer.status_code == 422
        assert "Alt text can have at most 200 characters." in answer.text

    def test_another_becomes_the_first_at_save_only(self, app, alice, widget):
        three = images(app)["three"]
        url = f"/dashboard/inventory/image/{three}/first?product_id={widget}"
        page = alice.post(url).text
        assert value(page, "first_image") == three
        assert list(images(app)) == ["one", "two", "three"]
        data = posted(app, widget) | {"first_image": three}
        alice.post(f"/dashboard/inventory/{widget}/edit", data=data)
        assert list(images(app)) == ["three", "one", "two"]

    def test_undo_leaves_the_order(self, app, alice, widget):
        three = images(app)["three"]
        url = f"/dashboard/inventory/image/{three}/undo?product_id={widget}"
        assert 'name="first_image"' not in alice.post(url, data={"first_image": three}).text

    def test_without_a_script_the_button_keeps_what_was_typed(self, app, alice, widget):
        three = images(app)["three"]
        data = posted(app, widget) | {"name": "Typed", "image_action": f"first:{three}"}
        page = alice.post(f"/dashboard/inventory/{widget}/edit", data=data).text
        assert 'value="Typed"' in page
        assert value(page, "first_image") == three

    def test_of_another_company_cannot_be_put_first(self, app, mallory, widget):
        url = f"/dashboard/inventory/image/{images(app)['three']}/first?product_id={widget}"
        assert mallory.post(url).status_code == 404

    def test_words_of_the_one_that_becomes_the_first_are_saved(self, app, alice, widget):
        two = images(app)["two"]
        data = posted(app, widget) | {"first_image": two, f"alt_text-{two}": "Its back"}
        alice.post(f"/dashboard/inventory/{widget}/edit", data=data | {"alt_text": ""})
        assert alt_texts(app) == {"two": "Its back", "one": "", "three": ""}

    def test_words_of_the_image_shown_stay_with_it_when_another_goes_first(
        self, app, alice, widget
    ):
        data = posted(app, widget) | {"first_image": images(app)["two"], "alt_text": "Its front"}
        alice.post(f"/dashboard/inventory/{widget}/edit", data=data)
        assert alt_texts(app) == {"two": "", "one": "Its front", "three": ""}


def posted(app, product_id: str) -> dict:
    """Return the fields that a browser posts of the product's unchanged form."""
    return shown(product_of(app, product_id))


def alt_texts(app) -> dict[str, str]:
    with app.app_context():
        product = db.session.query(Product).one()
        return {image.filename.removesuffix(".png"): image.alt_text for image in product.images}

"""The product form sent a second time, after a Save of which the answer was lost."""

import pytest

from distribu.extensions import db
from distribu.images.attachment import lock_product
from distribu.models import Image, Product
from tests.conftest import signed_in
from tests.images.image_files import png
from tests.inventory.test_product_form import (
    NEW,
    edit_url,
    fields,
    reloaded,
    rows,
    saved_image,
    shown,
    staged_id,
    value,
)
from tests.meanwhile import meanwhile

LIST = "/dashboard/inventory"


@pytest.fixture(params=["", "/save"], ids=["ordinary", "htmx"])
def door(request) -> str:
    """Return the form's address for the ordinary POST or for its script."""
    return request.param


@pytest.fixture
def reserved(alice) -> str:
    """The id that a form of alice reserves."""
    return value(alice.get(NEW).text, "reserved_id")


def went_through(answer) -> bool:
    return answer.status_code == 303 or "HX-Redirect" in answer.headers


def new_address(door: str) -> str:
    return NEW + door


def edit_address(product: Product, door: str) -> str:
    return edit_url(product).replace("/edit", "/save") if door else edit_url(product)


def test_a_new_product_sent_twice_is_one(app, alice, reserved, door):
    data = fields(reserved_id=reserved, image_id=staged_id(alice))
    answers = [alice.post(new_address(door), data=data) for _ in range(2)]
    assert all(map(went_through, answers))
    (product,) = rows(app, Product)
    assert saved_image(app).product_id == product.id


def test_a_new_product_sent_twice_with_its_file_is_one(app, alice, reserved):
    for _ in range(2):
        data = fields(reserved_id=reserved, image=(png(20, 20), "x.png"))
        assert went_through(alice.post(NEW, data=data))
    assert len(rows(app, Product)) == len(rows(app, Image)) == 1


def test_a_second_insert_finds_its_own_row(app, cast, alice, reserved):
    data = fields(reserved_id=reserved)

    def insert_first():
        assert went_through(signed_in(app, cast.alice).post(NEW, data=data))

    with meanwhile(app, insert_first, before="INSERT INTO product"):
        assert went_through(alice.post(NEW, data=data))
    assert len(rows(app, Product)) == 1


def test_the_same_form_filled_in_anew_loses_nothing(app, alice, reserved, door):
    alice.post(NEW, data=fields(reserved_id=reserved))
    data = fields(reserved_id=reserved, name="Green widget")
    answer = alice.post(new_address(door), data=data)
    assert answer.status_code == 409
    assert "This form was sent before" in answer.text
    assert 'value="Green widget"' in answer.text
    (product,) = rows(app, Product)
    assert edit_url(product) in answer.text


@pytest.mark.parametrize("forged", ["", "x", "WyIxIiwiMiJd.c2ln", "[1]"])
def test_an_id_that_is_not_signed_is_not_taken(app, alice, forged):
    assert went_through(alice.post(NEW, data=fields(reserved_id=forged)))
    assert len(rows(app, Product)) == 1


def test_an_id_that_another_company_reserved_is_not_taken(app, alice, mallory, reserved):
    alice.post(NEW, data=fields(reserved_id=reserved))
    assert went_through(mallory.post(NEW, data=fields(reserved_id=reserved)))
    assert len({product.id for product in rows(app, Product)}) == 2


def test_two_forms_reserve_two_ids(app, alice):
    for name in ("One", "Two"):
        reserved = value(alice.get(NEW).text, "reserved_id")
        alice.post(NEW, data=fields(reserved_id=reserved, name=name, sku=name))
    assert len(rows(app, Product)) == 2


def test_an_edit_sent_twice_is_no_change(app, alice, widget, door):
    data = shown(widget, image_id=staged_id(alice)) | {"name": "Better", "stock": "12"}
    answers = [alice.post(edit_address(widget, door), data=data) for _ in range(2)]
    assert all(map(went_through, answers))
    assert reloaded(app, widget).version == widget.version + 1
    assert saved_image(app).product_id == widget.id


def test_an_edit_sent_twice_with_its_file_is_no_change(app, alice, widget):
    for _ in range(2):
        data = shown(widget, image=(png(20, 20), "x.png")) | {"name": "Better"}
        assert went_through(alice.post(edit_url(widget), data=data))
    assert saved_image(app).product_id == widget.id


def test_a_removal_sent_twice_takes_no_other_image(app, alice, widget):
    for _ in range(2):
        page = alice.get(edit_url(widget)).text
        data = shown(reloaded(app, widget), image_id=staged_id(alice))
        alice.post(edit_url(widget), data=data | {"version": value(page, "version")})
    product = reloaded(app, widget)
    data = shown(product, remove_image="1")
    for _ in range(2):
        assert went_through(alice.post(edit_url(widget), data=data))
    assert rows(app, Image) == []


def test_an_edit_over_another_one_is_still_told(app, alice, widget, cast, door):
    with app.app_context():
        lock_product(widget.id, cast.acme).name = "Bob's"
        db.session.commit()
    answer = alice.post(edit_address(widget, door), data=shown(widget) | {"name": "Alice's"})
    assert answer.status_code == 409
    assert reloaded(app, widget).name == "Bob's"


def test_the_way_back_is_the_page_of_the_list_at_the_row(alice, widget, door):
    referrer = {"Referer": f"http://localhost{LIST}?q=wid&cursor=abc"}
    page = alice.get(edit_url(widget), headers=referrer).text
    return_to = value(page, "return_to").replace("&amp;", "&")
    data = shown(widget, return_to=return_to) | {"name": "Better"}
    answer = alice.post(edit_address(widget, door), data=data)
    target = answer.headers.get("HX-Redirect") or answer.headers["Location"]
    assert target == f"{LIST}?q=wid&cursor=abc#product-{widget.id}"


@pytest.mark.parametrize(
    "return_to", ["https://evil.test/", "//evil.test/dashboard/inventory", "/logout", "\\\\x"]
)
def test_the_way_back_is_a_page_of_the_list_and_nothing_else(alice, widget, return_to):
    data = shown(widget, return_to=return_to) | {"name": "Better"}
    assert alice.post(edit_url(widget), data=data).location == LIST
    answer = alice.post("/dashboard/inventory/cancel", data={"return_to": return_to})
    assert answer.location == LIST


@pytest.mark.parametrize("address", ["edit", "save"])
def test_save_is_not_found_for_mallory_and_asks_nobody_to_sign_in(mallory, nobody, widget, address):
    url = f"{LIST}/{widget.id}/{address}"
    assert mallory.post(url, data=shown(widget)).status_code == 404
    assert nobody.post(url, data=shown(widget)).status_code == 401

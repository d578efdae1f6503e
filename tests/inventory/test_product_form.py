"""The product form, its image field included, as a client posts it."""

import re
from io import BytesIO

import pytest
from sqlalchemy import select, update
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from distribu.extensions import db
from distribu.images import staging
from distribu.images.attachment import lock_product
from distribu.images.decoding.sandbox import SandboxInterrupted
from distribu.models import AuditEntry, Image, OutboxEntry, Product
from tests.flaky_sandbox import make_flaky
from tests.flaky_store import FlakyStore, store_of
from tests.images.image_files import png

NEW = "/dashboard/inventory/new"
PREVIEW = "/dashboard/inventory/image/preview"
FORMAT_SENTENCE = "Only JPG, PNG, WebP, and AVIF images are allowed."
SIZE_SENTENCE = "Image too large. Maximum size is 5 MB."


def fields(**changes) -> dict:
    """Return the fields that a browser posts of a filled-in form."""
    filled = {
        "name": "Blue widget",
        "sku": "BW-1",
        "category": "Widgets",
        "description": "Blue.",
        "unit": "case",
        "price": "12.50",
        "stock": "7",
        "is_active": "y",
        "version": "",
        "stock_shown": "",
        "image_id": "",
        "remove_image": "",
    }
    return filled | changes


def shown(product: Product, **changes) -> dict:
    """Return the fields of the product's edit form as a browser posts them, with changes."""
    return fields(
        name=product.name,
        sku=product.sku or "",
        category=product.category or "",
        description=product.description or "",
        unit=product.unit,
        price=f"{product.price:.2f}",
        stock=str(product.stock),
        stock_shown=str(product.stock),
        version=str(product.version),
        **changes,
    )


def edit_url(product: Product) -> str:
    return f"/dashboard/inventory/{product.id}/edit"


def value(page: str, name: str) -> str:
    """The value of a hidden input in the page."""
    return re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)[1]


def detached(product: Product) -> Product:
    db.session.refresh(product)
    db.session.expunge(product)
    return product


def reloaded(app, product: Product) -> Product:
    with app.app_context():
        return detached(db.session.get_one(Product, product.id))


def multipart(values: dict) -> dict:
    """The values as one body in memory: the client's own large bodies leave a file open."""
    parts = {
        name: FileStorage(*value) if isinstance(value, tuple) else value
        for name, value in values.items()
    }
    boundary, body = encode_multipart(parts)
    return {"data": body, "content_type": f"multipart/form-data; boundary={boundary}"}


def staged_id(client, image=None) -> str:
    """The id of an image that the client has chosen."""
    answer = client.post(PREVIEW, data={"image": (image or png(640, 480), "blue-widget.png")})
    return value(answer.text, "image_id")


def with_image(app, client, product: Product) -> Product:
    """The product, saved with an image through its form."""
    client.post(edit_url(product), data=shown(product, image_id=staged_id(client)))
    return reloaded(app, product)


def keys(app) -> set[str]:
    return app.extensions["image_store"].keys()


def rows(app, model) -> list:
    with app.app_context():
        return db.session.scalars(select(model)).all()


def saved_image(app) -> Image:
    (image,) = rows(app, Image)
    return image


class TestSave:
    def test_adds_a_product_with_every_field(self, app, alice):
        answer = alice.post(NEW, data=fields())
        (product,) = rows(app, Product)
        assert answer.status_code == 303
        assert (product.name, product.sku, product.category) == ("Blue widget", "BW-1", "Widgets")
        assert (product.description, product.unit) == ("Blue.", "case")
        assert (product.price_minor, product.stock, product.is_active) == (1250, 7, True)

    def test_records_who_added_it(self, app, alice):
        alice.post(NEW, data=fields())
        (entry,) = rows(app, AuditEntry)
        assert (entry.action, entry.actor_name) == ("product.created", "alice@acme.test")
        assert entry.after["name"] == "Blue widget"

    def test_without_a_change_leaves_version_and_log_alone(self, app, alice, widget):
        alice.post(edit_url(widget), data=shown(widget))
        again = reloaded(app, widget)
        assert (again.version, again.updated_at) == (widget.version, widget.updated_at)
        assert rows(app, AuditEntry) == []

    def test_and_add_another_keeps_category_and_unit(self, alice):
        answer = alice.post(NEW, data=fields(and_another="1"))
        assert answer.location == f"{NEW}?category=Widgets&unit=case"

    @pytest.mark.parametrize(
        ("field", "typed", "sentence"),
        [
            ("name", " ", "Enter a product name."),
            ("name", "x" * 201, "Product name can have at most 200 characters"),
            ("sku", "x" * 101, "SKU can have at most 100 characters"),
            ("category", "x" * 101, "Category can have at most 100 characters"),
            ("description", "x" * 2001, "Description can have at most 2,000 characters"),
            ("unit", "dozen", "Not a valid choice"),
            ("price", "1.0055", "Price can have at most 2 decimals."),
            ("price", "-1", "Price must be 0 or more."),
            ("price", "", "Enter a price, for example 12.50."),
            ("stock", "1.5", "Stock must be a whole number."),
            ("stock", "-1", "Stock must be 0 or more."),
        ],
    )
    def test_refuses_what_breaks_a_rule(self, app, alice, field, typed, sentence):
        answer = alice.post(NEW, data=fields(**{field: typed}))
        assert answer.status_code == 422
        assert sentence in answer.text
        assert rows(app, Product) == []

    def test_refuses_a_sku_that_another_product_has(self, alice, widget):
        answer = alice.post(NEW, data=fields(sku="W-1"))
        assert answer.status_code == 422
        assert "Another product has the SKU W-1." in answer.text

    def test_keeps_its_own_sku(self, app, alice, widget):
        alice.post(edit_url(widget), data=shown(widget) | {"name": "Renamed"})
        assert reloaded(app, widget).name == "Renamed"


class TestChoosing:
    def test_shows_name_pixels_and_size_before_save(self, app, alice):
        answer = alice.post(PREVIEW, data={"image": (png(640, 480), "blue-widget.png")})
        assert answer.status_code == 200
        assert "blue-widget.png" in answer.text
        assert "640 × 480 px" in answer.text
        assert rows(app, Product) == []

    def test_shows_a_staged_image_to_its_company_only(self, app, alice, mallory, nobody):
        image_id = staged_id(alice)
        address = f"/images/{image_id}/blue-widget.png"
        assert alice.get(address).status_code == 200
        assert alice.get(address).headers["Cache-Control"] == "private, no-store"
        assert mallory.get(address).status_code == 404
        assert nobody.get(address).status_code == 404

    def test_another_one_keeps_the_first_until_its_answer_was_seen(self, app, alice):
        first = staged_id(alice)
        data = {"image": (png(50, 50), "second.png"), "image_id": first}
        answer = alice.post(PREVIEW, data=data)
        assert value(answer.text, "earlier_image_id") == first
        assert len(rows(app, Image)) == 2
        second = value(answer.text, "image_id")
        alice.post(NEW, data=fields(image_id=second, earlier_image_id=first))
        assert saved_image(app).id == second
        assert all(first not in key for key in keys(app))

    def test_an_earlier_one_of_another_company_stays(self, app, alice, mallory):
        theirs = staged_id(mallory)
        alice.post(NEW, data=fields(image_id=staged_id(alice), earlier_image_id=theirs))
        assert theirs in {image.id for image in rows(app, Image)}

    @pytest.mark.parametrize(
        ("content", "name", "sentence"),
        [
            (b"%PDF-1.7", "a.jpg", FORMAT_SENTENCE),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.png", FORMAT_SENTENCE),
            (b"\x89PNG\r\n\x1a\n" + bytes(5 * 1024 * 1024), "a.png", SIZE_SENTENCE),
            (b"", "a.png", "The selected file is empty."),
            (b"\0\0\0\x18ftypheic\0\0\0\0", "a.heic", "Export it as JPEG."),
        ],
    )
    def test_refuses_with_a_sentence(self, app, alice, content, name, sentence):
        answer = alice.post(PREVIEW, **multipart({"image": (BytesIO(content), name)}))
        assert answer.status_code == 422
        assert sentence in answer.text
        assert rows(app, Image) == []

    def test_a_failed_choice_leaves_the_earlier_one(self, app, alice):
        first = staged_id(alice)
        data = {"image": (BytesIO(b"no image"), "x.jpg"), "image_id": first}
        answer = alice.post(PREVIEW, data=data)
        assert value(answer.text, "image_id") == first
        assert saved_image(app).id == first

    def test_waits_only_so_long_for_a_free_decoder(self, app, alice, monkeypatch):
        # A limit that the test can reach.
        monkeypatch.setattr(staging, "WAIT_SECONDS", 0.01)
        first = staged_id(alice)
        with app.extensions["image_sandbox"].slot(10**12):
            data = {"image": (png(9, 9), "a.png"), "image_id": first}
            answer = alice.post(PREVIEW, data=data)
        assert answer.status_code == 422
        assert "too busy to read this image" in answer.text
        assert value(answer.text, "image_id") == first
        assert saved_image(app).id == first

    def test_a_decoder_that_dies_is_no_verdict_on_the_file(self, app, alice):
        first = staged_id(alice)
        make_flaky(app, "publish", SandboxInterrupted("killed"))
        data = {"image": (png(9, 9), "a.png"), "image_id": first}
        answer = alice.post(PREVIEW, data=data)
        assert answer.status_code == 422
        assert "We could not process the image just now. Try again." in answer.text
        assert value(answer.text, "image_id") == first

    def test_without_a_file_asks_for_one(self, alice):
        answer = alice.post(PREVIEW, data={"image_id": ""})
        assert answer.status_code == 422
        assert "Select an image." in answer.text

    def test_is_refused_for_another_companys_product(self, mallory, widget):
        answer = mallory.post(
            f"{PREVIEW}?product_id={widget.id}", data={"image": (png(9, 9), "a.png")}
        )
        assert answer.status_code == 404

    def test_cancel_discards_what_was_staged(self, app, alice):
        image_id = staged_id(alice)
        answer = alice.post("/dashboard/inventory/cancel", data={"image_id": image_id})
        assert answer.status_code == 303
        assert rows(app, Image) == []
        assert keys(app) == set()


class TestSaveWithImage:
    def test_attaches_what_was_chosen(self, app, alice):
        alice.post(NEW, data=fields(image_id=staged_id(alice)))
        (product,) = rows(app, Product)
        assert saved_image(app).product_id == product.id

    def test_attaches_a_file_that_comes_with_the_form(self, app, alice):
        alice.post(NEW, data=fields(image=(png(20, 20), "x.png")))
        (product,) = rows(app, Product)
        assert saved_image(app).product_id == product.id

    def test_refused_for_another_field_keeps_the_choice(self, app, alice):
        image_id = staged_id(alice)
        answer = alice.post(NEW, data=fields(name="", image_id=image_id))
        assert answer.status_code == 422
        assert value(answer.text, "image_id") == image_id
        assert f"/images/{image_id}/" in answer.text

    def test_refused_for_another_field_keeps_a_file_sent_with_it(self, app, alice):
        answer = alice.post(NEW, data=fields(name="", image=(png(20, 20), "x.png")))
        assert value(answer.text, "image_id") == saved_image(app).id

    def test_with_a_file_too_large_keeps_every_other_field(self, app, alice):
        giant = BytesIO(b"\x89PNG\r\n\x1a\n" + bytes(6 * 1024 * 1024))
        answer = alice.post(NEW, **multipart(fields(image=(giant, "x.png"))))
        assert answer.status_code == 422
        assert SIZE_SENTENCE in answer.text
        assert 'value="Blue widget"' in answer.text

    def test_with_an_empty_file_part_changes_no_image(self, app, alice, widget):
        product = with_image(app, alice, widget)
        before = keys(app)
        alice.post(edit_url(product), data=shown(product, image=(BytesIO(b""), "")))
        assert keys(app) == before

    def test_replaces_and_deletes_the_old_file_before_it_answers(self, app, alice, widget):
        product = with_image(app, alice, widget)
        old = saved_image(app).id
        address = f"/images/{old}/blue-widget.png"
        assert alice.get(address).status_code == 200
        new = staged_id(alice, png(30, 30))
        alice.post(edit_url(product), data=shown(product, image_id=new))
        assert alice.get(address).status_code == 404
        assert saved_image(app).id == new
        assert all(old not in key for key in keys(app))
        assert rows(app, OutboxEntry) == []

    @pytest.mark.parametrize("door", ["edit", "save"])
    def test_a_file_that_cannot_be_deleted_is_told(self, app, alice, widget, door):
        product = with_image(app, alice, widget)
        with store_of(app, FlakyStore(app.extensions["image_store"], at="delete_prefix")):
            removed = shown(product, remove_image="1")
            alice.post(f"/dashboard/inventory/{product.id}/{door}", data=removed)
        assert "The old image is still being deleted" in alice.get("/dashboard/inventory").text

    def test_removes_and_deletes_the_file(self, app, alice, widget):
        product = with_image(app, alice, widget)
        alice.post(edit_url(product), data=shown(product, remove_image="1"))
        assert rows(app, Image) == []
        assert keys(app) == set()

    def test_of_a_removed_choice_discards_it(self, app, alice):
        alice.post(NEW, data=fields(image_id=staged_id(alice), remove_image="1"))
        assert rows(app, Image) == []
        assert len(rows(app, Product)) == 1

    def test_refuses_a_image_of_another_company(self, app, alice, mallory):
        stolen = staged_id(mallory)
        answer = alice.post(NEW, data=fields(image_id=stolen))
        assert answer.status_code == 422
        assert saved_image(app).is_staged

    def test_announces_a_choice_that_was_swept(self, alice):
        answer = alice.post(NEW, data=fields(image_id="01ARZ3NDEKTSV4RRFFQ69G5FAV"))
        assert "no longer kept" in answer.text

    def test_of_a_deleted_product_deletes_its_image(self, app, alice, widget):
        product = with_image(app, alice, widget)
        answer = alice.post(f"/dashboard/inventory/{product.id}/delete")
        assert answer.status_code == 303
        assert rows(app, Product) == rows(app, Image) == []
        assert keys(app) == set()


class TestRemoveInTheForm:
    def test_changes_nothing_before_save(self, app, alice, widget):
        product = with_image(app, alice, widget)
        answer = alice.post(f"/dashboard/inventory/image/remove?product_id={product.id}", data={})
        assert value(answer.text, "remove_image") == "1"
        assert "Undo" in answer.text
        assert "its link will stop working" in answer.text
        assert saved_image(app).product_id == product.id

    def test_undo_brings_the_choice_back(self, app, alice):
        image_id = staged_id(alice)
        data = {"image_id": image_id, "remove_image": "1"}
        answer = alice.post("/dashboard/inventory/image/undo", data=data)
        assert value(answer.text, "image_id") == image_id
        assert value(answer.text, "remove_image") == ""

    def test_keeping_the_saved_image_discards_the_choice(self, app, alice, widget):
        product = with_image(app, alice, widget)
        data = {"image_id": staged_id(alice)}
        alice.post(f"/dashboard/inventory/image/keep?product_id={product.id}", data=data)
        assert saved_image(app).product_id == product.id

    @pytest.mark.parametrize("action", ["remove", "undo", "keep", "preview"])
    def test_without_a_script_keeps_what_was_typed(self, app, alice, widget, action):
        data = shown(widget) | {"name": "Typed", "image_action": action}
        answer = alice.post(edit_url(widget), data=data)
        assert answer.status_code == 200
        assert 'value="Typed"' in answer.text
        assert reloaded(app, widget).name == "Widget"

    def test_without_a_script_previews_a_file(self, app, alice):
        data = fields(image=(png(20, 20), "x.png"), image_action="preview")
        answer = alice.post(NEW, data=data)
        assert value(answer.text, "image_id") == saved_image(app).id


class TestTwoPeople:
    def test_the_second_save_is_told_and_keeps_what_was_typed(self, app, alice, bob, widget):
        alice.post(edit_url(widget), data=shown(widget) | {"name": "Alice's"})
        chosen = staged_id(bob)
        data = shown(widget, image_id=chosen) | {"name": "Bob's"}
        answer = bob.post(edit_url(widget), data=data)
        assert answer.status_code == 409
        assert "Someone else saved this product" in answer.text
        assert "Product name is now saved as “Alice&#39;s”" in answer.text
        assert 'value="Bob&#39;s"' in answer.text
        assert value(answer.text, "image_id") == chosen
        assert reloaded(app, widget).name == "Alice's"

    def test_saving_once_more_wins(self, app, alice, bob, widget):
        alice.post(edit_url(widget), data=shown(widget) | {"name": "Alice's"})
        data = shown(widget) | {"name": "Bob's"}
        told = bob.post(edit_url(widget), data=data)
        bob.post(edit_url(widget), data=data | {"version": value(told.text, "version")})
        assert reloaded(app, widget).name == "Bob's"

    def test_a_deleted_product_can_be_saved_anew(self, app, alice, bob, widget):
        alice.post(f"/dashboard/inventory/{widget.id}/delete")
        answer = bob.post(edit_url(widget), data=shown(widget) | {"name": "Typed"})
        assert answer.status_code == 404
        assert "no longer in your inventory" in answer.text
        assert 'value="Typed"' in answer.text
        assert f'action="{NEW}"' in answer.text

    def test_an_order_while_the_form_was_open_loses_no_stock(self, app, alice, widget):
        with app.app_context():
            db.session.execute(update(Product).values(stock=Product.stock - 3))
            db.session.commit()
        alice.post(edit_url(widget), data=shown(widget) | {"name": "Renamed"})
        assert (reloaded(app, widget).name, reloaded(app, widget).stock) == ("Renamed", 7)

    def test_a_typed_stock_over_a_changed_one_is_told(self, app, alice, widget):
        with app.app_context():
            db.session.execute(update(Product).values(stock=Product.stock - 3))
            db.session.commit()
        answer = alice.post(edit_url(widget), data=shown(widget) | {"stock": "15"})
        assert answer.status_code == 422
        assert "Stock changed from 10 to 7" in answer.text
        assert value(answer.text, "stock_shown") == "7"
        assert reloaded(app, widget).stock == 7

    @pytest.mark.parametrize("version", ["4000000000", "9" * 30, "9" * 5000])
    def test_no_version_is_too_long_to_be_read(self, alice, widget, version):
        data = shown(widget) | {"name": "Better widget", "version": version}
        assert alice.post(edit_url(widget), data=data).status_code == 303

    def test_a_version_from_elsewhere_counts_too(self, app, alice, widget, cast):
        with app.app_context():
            lock_product(widget.id, cast.acme)
            db.session.commit()
        answer = alice.post(edit_url(widget), data=shown(widget) | {"name": "Late"})
        assert answer.status_code == 409


class TestTenancy:
    def test_edit_works_for_alice(self, alice, widget):
        assert alice.get(edit_url(widget)).status_code == 200

    def test_edit_is_not_found_for_mallory(self, mallory, widget):
        assert mallory.get(edit_url(widget)).status_code == 404
        assert mallory.post(edit_url(widget), data=shown(widget)).status_code == 404

    def test_edit_asks_nobody_to_sign_in(self, nobody, widget):
        assert nobody.get(edit_url(widget)).status_code == 302

    def test_delete_is_not_found_for_mallory(self, app, mallory, widget):
        assert mallory.post(f"/dashboard/inventory/{widget.id}/delete").status_code == 404
        assert len(rows(app, Product)) == 1

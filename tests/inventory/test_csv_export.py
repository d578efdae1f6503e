"""The exported file: what is in it, and that importing it again changes nothing."""

import csv
import io

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from distribu.extensions import db
from distribu.models import AuditEntry, Product
from distribu.products import csv_text
from tests.conftest import add_cast, add_product, run_queue, signed_in
from tests.imports import add_image, kept_ids, plan

EXPORT = "/dashboard/inventory/export"
ELSEWHERE = "https://cdn.example.com/widget.png?w=5"


def exported(client: FlaskClient) -> str:
    answer = client.get(EXPORT)
    assert answer.status_code == 200
    return csv_text.decode(answer.data).text


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def test_has_the_documented_columns_in_order(alice):
    assert rows(exported(alice)) == [
        ["sku", "name", "description", "category", "unit", "price", "stock", "isActive", "imageUrl"]
    ]


def test_has_every_value_as_it_is_written(app, cast, alice):
    with app.app_context():
        add_product(
            cast.acme, sku="A", name="Größe", description='a "b",\nc', category="Boats",
            unit="box", price_minor=1250, stock=3, is_active=False, external_image_url=ELSEWHERE,
        )  # fmt: skip
    assert rows(exported(alice))[1] == [
        *("A", "Größe", 'a "b",\nc', "Boats", "box", "12.50", "3", "false", ELSEWHERE)
    ]


def test_guards_what_a_spreadsheet_would_run(app, cast, alice):
    with app.app_context():
        add_product(cast.acme, sku="-1", name='=HYPERLINK("x")', description="@a", category="+b")
    assert rows(exported(alice))[1][:4] == ["'-1", '\'=HYPERLINK("x")', "'@a", "'+b"]


def test_is_a_file_for_spreadsheets(alice):
    answer = alice.get(EXPORT)
    assert answer.data.startswith(b"\xef\xbb\xbfsku,")
    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert ".csv" in answer.headers["Content-Disposition"]


def test_has_no_other_companys_products(app, cast, alice, mallory):
    with app.app_context():
        add_product(cast.acme, sku="A", name="Anchor")
    assert "Anchor" in exported(alice)
    assert "Anchor" not in exported(mallory)


def test_is_for_who_is_signed_in(nobody):
    assert "/login" in nobody.get(EXPORT).location


def test_is_streamed_and_whole(app, cast, alice):
    with app.app_context():
        new = {"company_id": cast.acme, "price_minor": 1}
        db.session.add_all(Product(**new, name=f"Nail {n}", sku=f"{n}") for n in range(1200))
        db.session.commit()
    answer = alice.get(EXPORT, buffered=False)
    pieces = list(answer.iter_encoded())
    assert answer.is_streamed
    assert len(pieces) > 1
    assert len(rows(b"".join(pieces).decode())) == 1201


class TestImportedAgain:
    @pytest.fixture
    def shop(self, make_app, database):
        """An app on either database with a product of every kind; its cast."""
        app = make_app(**database)
        with app.app_context():
            cast = add_cast()
            source = add_product(cast.acme, sku="hosted", name="Hosted")
            url = add_image(source).url
            add_image(add_product(cast.acme, sku="several", name="Several"))
            add_product(cast.acme, sku="external", external_image_url=ELSEWHERE)
            add_product(cast.acme, sku="none", description="'=1", category="=1", stock=7)
            add_product(cast.acme, name="No SKU", is_active=False)
            add_image(add_product(cast.acme, name="No SKU, but an image"))
        client = signed_in(app, cast.alice)
        copied = f"sku,name,price,stock,imageUrl\ncopied,Copied,1,1,{url}\n"
        apply(client, copied)
        run_queue(app)
        return app, cast, client

    def test_changes_nothing(self, shop):
        app, cast, client = shop
        text = exported(client)
        with app.app_context():
            before = state()
            found = plan(cast, text)
        assert (found.errors, found.changes, found.unchanged) == ([], [], 7)
        page = apply(client, text)
        assert "Nothing to change" in page
        run_queue(app)
        with app.app_context():
            assert state() == before
            assert len(kept_ids()) == 4

    def test_with_a_changed_row_changes_that_row_only(self, shop):
        app, _, client = shop
        text = exported(client).replace("external,", "external,Renamed ")
        apply(client, text)
        with app.app_context():
            before = state()
        run_queue(app)
        with app.app_context():
            changed = [row for row in state() if row not in before]
        *products, log_length = changed
        assert [row.sku for row in products] == ["external"]
        assert log_length == before[-1] + 1
        assert sorted(rows(exported(client))) == sorted(rows(text))

    def test_after_a_change_of_a_product_without_a_sku_is_refused(self, shop):
        app, cast, client = shop
        text = exported(client).replace("No SKU,,", "No SKU yet,,")
        with app.app_context():
            found = plan(cast, text)
        assert [error.sentence[:12] for error in found.errors] == ["Enter a SKU:"]


def apply(client: FlaskClient, text: str) -> str:
    """Upload text and press Import, if there is such a button; returns the preview."""
    file = (io.BytesIO(text.encode()), "products.csv")
    address = client.post("/dashboard/inventory/import", data={"file": file}).location
    page = client.get(address).text
    _, _, after = page.partition('name="fingerprint" value="')
    if after:
        client.post(f"{address}/apply", data={"fingerprint": after.partition('"')[0]})
    return page


def state() -> list:
    """Every product's version and times, and how long the log is."""
    asked = select(Product.sku, Product.version, Product.updated_at).order_by(Product.id)
    return [*db.session.execute(asked), db.session.scalar(select(func.count(AuditEntry.id)))]

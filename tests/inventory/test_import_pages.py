"""The pages of a CSV import: upload, columns, preview, progress."""

import io
import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from distribu.extensions import db
from distribu.models import Image, ImportJob, Product
from distribu.products import csv_text
from tests.conftest import add_product, run_queue
from tests.imports import HEADER, add_image

IMPORT = "/dashboard/inventory/import"


def upload(client: FlaskClient, content: str | bytes, name: str = "products.csv"):
    content = content if isinstance(content, bytes) else content.encode()
    # Encoded here: the client's own way leaves the file open into which it puts a large body.
    boundary, body = encode_multipart({"file": FileStorage(io.BytesIO(content), name)})
    return client.post(IMPORT, data=body, content_type=f"multipart/form-data; boundary={boundary}")


def preview(client: FlaskClient, text: str) -> tuple[str, str]:
    """The address of the uploaded file's preview, and the page."""
    answer = upload(client, text)
    assert answer.status_code == 303
    return answer.location, client.get(answer.location).text


def press_import(client: FlaskClient, address: str, page: str):
    fingerprint = re.search(r'name="fingerprint" value="(\w+)"', page)[1]
    return client.post(f"{address}/apply", data={"fingerprint": fingerprint})


def facts(page: str) -> dict[str, str]:
    return dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page))


def product_count(app) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count(Product.id)))


class TestUpload:
    def test_is_offered_in_the_inventory(self, alice):
        page = alice.get("/dashboard/inventory").text
        assert f'href="{IMPORT}"' in page
        assert 'href="/dashboard/inventory/export"' in page

    def test_says_the_limits_and_every_column(self, alice):
        page = alice.get(IMPORT).text
        assert "at most 2 MB and 5,000 rows" in page
        assert all(f"<code>{column}</code>" in page for column in csv_text.COLUMNS)

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            ("", "The selected file is empty."),
            (b"x" * (2 * 1024 * 1024 + 1), "File too large. Maximum size is 2 MB."),
            (b"x" * (6 * 1024 * 1024), "File too large. Maximum size is 2 MB."),
            (f"{HEADER}\n" + "A,b,1,1\n" * 5001, "The file has more than 5,000 rows."),
            (f'{HEADER}\nA,"b,1,1', "Line 2: a quoted cell begins here and does not end."),
        ],
    )
    def test_refuses_what_cannot_be_read(self, alice, content, sentence):
        answer = upload(alice, content)
        assert answer.status_code == 422
        assert sentence in answer.text

    def test_refuses_a_body_that_no_form_takes(self, app, alice):
        app.config["MAX_CONTENT_LENGTH"] = 100
        answer = upload(alice, b"x" * 200)
        assert answer.status_code == 413
        assert "File too large. Maximum size is 2 MB." in answer.text

    def test_without_a_file_asks_for_one(self, alice):
        answer = alice.post(IMPORT, data={})
        assert answer.status_code == 422
        assert "Select a file." in answer.text

    def test_is_for_who_is_signed_in(self, nobody):
        assert "/login" in nobody.get(IMPORT).location
        assert upload(nobody, HEADER).status_code == 401

    def test_offers_a_template(self, alice):
        answer = alice.get(f"{IMPORT}/template")
        assert csv_text.decode(answer.data).text.strip() == ",".join(csv_text.COLUMNS)


class TestPreview:
    def test_counts_and_writes_nothing(self, app, cast, alice):
        with app.app_context():
            add_product(cast.acme, sku="A", name="Anchor", price_minor=100, stock=1)
            add_product(cast.acme, sku="B", name="Bolt", price_minor=100, stock=1)
        _, page = preview(alice, f"{HEADER}\nA,Anchor,1,1\nB,Bolt,2,1\nC,Cable,1,1\n")
        assert facts(page) == {"Created": "1", "Updated": "1", "Unchanged": "1"}
        assert product_count(app) == 2

    def test_shows_every_error_by_line_and_column(self, alice):
        _, page = preview(alice, f"{HEADER}\nA,,x,1\nB,Bolt,1,1\n")
        assert "1 row to correct" in page
        assert page.count('data-label="Line">2<') == 2
        assert "B · name" in page
        assert "Enter a product name." in page
        assert "C · price" in page
        assert ">Import</button>" not in page

    def test_offers_the_failing_rows_with_reasons(self, alice):
        text = f"{HEADER}\nA,,x,1\nB,Bolt,1,1\nC,'=1,y,1,9\n"
        address, _ = preview(alice, text)
        answer = alice.get(f"{address}/errors.csv")
        table = csv_text.read(csv_text.decode(answer.data).text)
        assert table.header == ["sku", "name", "price", "stock", "", "reason"]
        assert [row.cells[:2] for row in table.rows] == [["A", ""], ["C", "=1"]]
        assert table.rows[0].cells[5] == (
            "name: Enter a product name. price: Price must be a number."
        )
        assert table.rows[1].cells[5] == "This line has 5 cells; the header has 4."

    def test_names_the_column_of_a_failing_row_once(self, alice):
        address, _ = preview(alice, f"{HEADER},isActive\nA,Anchor,1,1,perhaps\n")
        table = csv_text.read(csv_text.decode(alice.get(f"{address}/errors.csv").data).text)
        assert table.rows[0].cells[-1] == (
            "isActive must be true or false (yes or no, 1 or 0, on or off)."
        )

    def test_of_repaired_rows_passes_over_the_reasons(self, alice):
        _, page = preview(alice, f"{HEADER},reason\nA,Anchor,1,1,name: Enter a name.\n")
        assert "not imported" not in page
        assert facts(page)["Created"] == "1"

    def test_shows_the_images_that_go(self, app, cast, alice):
        with app.app_context():
            image = add_image(add_product(cast.acme, sku="A", name="Anchor"))
            thumbnail = image.fallback_url(100)
            add_product(cast.acme, sku="B", name="Bolt", external_image_url="https://x.test/b.png")
        text = f"{HEADER},image\nA,Anchor,1,1,\nB,Bolt,1,1,https://x.test/c.png\n"
        _, page = preview(alice, text)
        assert facts(page)["Losing an image"] == "2"
        assert thumbnail in page
        assert "Deleted" in page
        assert "https://x.test/b.png" in page
        assert "Replaced by https://x.test/c.png" in page

    def test_of_what_is_saved_already_offers_nothing(self, app, cast, alice):
        with app.app_context():
            add_product(cast.acme, sku="A", name="Anchor", price_minor=100, stock=1)
        _, page = preview(alice, f"{HEADER}\nA,Anchor,1,1\n")
        assert "Nothing to change" in page
        assert ">Import</button>" not in page

    def test_can_be_cancelled(self, app, alice):
        address, _ = preview(alice, f"{HEADER}\nA,Anchor,1,1\n")
        assert alice.post(f"{address}/cancel").status_code == 303
        assert alice.get(address).status_code == 404

    def test_is_not_shown_once_it_has_expired(self, app, alice):
        address, _ = preview(alice, f"{HEADER}\nA,Anchor,1,1\n")
        with app.app_context():
            job = db.session.scalars(select(ImportJob)).one()
            job.expires_at = job.created_at
            db.session.commit()
        assert alice.get(address).status_code == 404


class TestColumns:
    TEXT = "Number;Label;Preis;stock;Weight\nA;Anchor;12,50;3;9\n"

    def test_that_are_missing_are_asked_for(self, alice):
        _, page = preview(alice, self.TEXT)
        assert "Choose the columns for SKU, name and price." in page
        assert "<details" in page
        assert "Created" not in facts(page)

    def test_are_what_was_chosen(self, app, alice):
        address, _ = preview(alice, self.TEXT)
        chosen = {"column-0": "sku", "column-1": "name", "column-2": "price", "column-3": "stock"}
        assert alice.post(f"{address}/columns", data=chosen).status_code == 303
        page = alice.get(address).text
        assert facts(page)["Created"] == "1"
        assert "Columns: 1 not imported" in page

    def test_cannot_be_two_of_a_kind(self, alice):
        address, _ = preview(alice, self.TEXT)
        answer = alice.post(f"{address}/columns", data={"column-0": "sku", "column-1": "sku"})
        assert answer.status_code == 422
        assert "Two columns cannot be imported as the same one." in answer.text

    def test_can_leave_one_out(self, app, cast, alice):
        with app.app_context():
            add_image(add_product(cast.acme, sku="A", name="Anchor", price_minor=100, stock=1))
        address, page = preview(alice, f"{HEADER},image\nA,Anchor,1,1,\n")
        assert facts(page)["Losing an image"] == "1"
        chosen = {"column-0": "sku", "column-1": "name", "column-2": "price", "column-3": "stock"}
        alice.post(f"{address}/columns", data=chosen)
        assert facts(alice.get(address).text) == {"Created": "0", "Updated": "0", "Unchanged": "1"}


class TestImport:
    def test_shows_its_progress_and_its_end(self, app, alice):
        address, page = preview(alice, f"{HEADER}\nA,Anchor,1,1\n")
        assert press_import(alice, address, page).location == address
        waiting = alice.get(address).text
        assert "Waiting to start" in waiting
        assert f'hx-get="{address}/progress"' in waiting
        assert f'<noscript><p><a class="button secondary" href="{address}"' in waiting
        assert product_count(app) == 0
        run_queue(app)
        fragment = alice.get(f"{address}/progress").text
        assert facts(fragment) == {"Created": "1", "Updated": "0", "Unchanged": "0"}
        assert "hx-get" not in fragment
        assert facts(alice.get(address).text) == facts(fragment)

    def test_tells_how_many_images_are_copied(self, app, alice):
        address, page = preview(alice, f"{HEADER}\nA,Anchor,1,1\n")
        press_import(alice, address, page)
        with app.app_context():
            job = db.session.scalars(select(ImportJob)).one()
            job.status, job.done_copies, job.total_copies = "RUNNING", 12, 300
            db.session.commit()
        assert "Copying images: 12 of 300" in alice.get(f"{address}/progress").text

    def test_is_in_inventory_search_and_storefront(self, app, alice, nobody):
        address, page = preview(alice, f"{HEADER}\nA,Zirconium bolt,1,1\n")
        before = nobody.get("/store/acme/catalog").text
        press_import(alice, address, page)
        run_queue(app)
        assert "Zirconium bolt" not in before
        assert "Zirconium bolt" in nobody.get("/store/acme/catalog").text
        assert "Zirconium bolt" in alice.get("/dashboard/inventory?q=zirco").text

    def test_that_failed_shows_the_preview_again(self, app, cast, alice):
        address, page = preview(alice, f"{HEADER}\nA,Anchor,1,1\n")
        with app.app_context():
            add_product(cast.acme, sku="A", name="Typed meanwhile")
        press_import(alice, address, page)
        run_queue(app)
        assert alice.get(f"{address}/progress").headers["HX-Redirect"] == address
        again = alice.get(address).text
        assert "Products changed after the preview was shown" in again
        assert facts(again)["Updated"] == "1"
        press_import(alice, address, again)
        run_queue(app)
        assert facts(alice.get(address).text)["Updated"] == "1"

    def test_is_not_done_twice(self, app, alice):
        address, page = preview(alice, f"{HEADER}\nA,Anchor,1,1\n")
        press_import(alice, address, page)
        press_import(alice, address, page)
        assert run_queue(app) == 1

    def test_under_way_cannot_be_cancelled_or_remapped(self, app, alice):
        address, page = preview(alice, f"{HEADER}\nA,Anchor,1,1\n")
        press_import(alice, address, page)
        alice.post(f"{address}/cancel")
        alice.post(f"{address}/columns", data={"column-0": "name"})
        run_queue(app)
        assert facts(alice.get(address).text)["Created"] == "1"

    def test_displaced_images_are_gone_from_the_store(self, app, cast, alice):
        with app.app_context():
            add_image(add_product(cast.acme, sku="A", name="Anchor"))
        address, page = preview(alice, f"{HEADER},image\nA,Anchor,1,1,\n")
        press_import(alice, address, page)
        run_queue(app)
        with app.app_context():
            assert db.session.scalar(select(func.count(Image.id))) == 0
            keys = app.extensions["image_store"].keys()
        assert {key for key in keys if not key.endswith("installation-id")} == set()


@pytest.mark.parametrize("path", ["", "/progress", "/errors.csv"])
def test_pages_are_the_companys_own(alice, bob, mallory, nobody, path):
    address, _ = preview(alice, f"{HEADER}\nA,,1,1\n")
    assert bob.get(address + path).status_code == 200
    assert mallory.get(address + path).status_code == 404
    assert "/login" in nobody.get(address + path).location


class TestNumbersOnThePreview:
    TEXT = "sku;name;price;stock\nA;Anchor;3.000;1\n"

    def test_the_sign_that_a_column_tells_is_shown(self, alice):
        _, page = preview(alice, "sku;name;price;stock\nA;Anchor;3,50;1\n")
        assert "As the file shows: comma, as in 12,50" in page

    def test_two_readings_open_the_switch(self, alice):
        _, page = preview(alice, self.TEXT)
        assert "Price 3.000 could be 3 or 3000." in page
        assert '<details class="panel" open>' in page

    def test_the_switch_decides(self, app, alice):
        address, _ = preview(alice, self.TEXT)
        columns = {f"column-{index}": name for index, name in enumerate(HEADER.split(","))}
        alice.post(f"{address}/columns", data=columns | {"decimal-price": ","})
        page = alice.get(address).text
        assert '<option value="," selected>' in page
        press_import(alice, address, page)
        run_queue(app)
        with app.app_context():
            assert db.session.scalars(select(Product.price_minor)).all() == [300000]


class TestCellsOnThePreview:
    def test_old_and_new_values_are_shown(self, app, cast, alice):
        with app.app_context():
            add_product(cast.acme, sku="A", name="Anchor", price_minor=1000, stock=5)
        _, page = preview(alice, f"{HEADER}\nA,Big anchor,10,6\n")
        cells = re.findall(r'data-label="(?:Cell|Old|New)">(.*?)</td>', page)
        assert cells == ["Name", "Anchor", "Big anchor", "Stock", "5", "6"]

    def test_every_price_that_changes_by_more_than_half_is_shown(self, app, cast, alice):
        with app.app_context():
            for number in range(30):
                add_product(cast.acme, sku=f"A{number}", name="Anchor", price_minor=1000, stock=1)
        prices = [11] * 25 + [20, 4, 16, 0, 99]
        rows = "".join(f"A{number},Anchor,{price},1\n" for number, price in enumerate(prices))
        _, page = preview(alice, f"{HEADER}\n{rows}")
        shown = [number for number in range(30) if f"A{number}<" in page]
        assert shown == [*range(20), *range(25, 30)]
        assert page.count("<strong>changes by more than half") == 5

    def test_an_error_names_the_sku_and_the_value(self, alice):
        _, page = preview(alice, f"{HEADER}\nA-77,Anchor,ten,1\n")
        assert 'data-label="SKU">A-77<' in page
        assert 'data-label="Value">ten<' in page


class TestEncodingOfTheFile:
    CONTENT = "sku;name;price;stock\nA;Τσάγια;1;1\n".encode("cp1253")

    def test_is_asked_with_the_rows_as_they_would_be_saved(self, alice):
        answer = upload(alice, self.CONTENT)
        page = alice.get(answer.location).text
        assert "ÔóÜãéá" in page
        assert "Western European (Windows-1252)" in page
        assert 'name="fingerprint"' not in page

    def test_is_what_was_chosen(self, app, alice):
        address = upload(alice, self.CONTENT).location
        answer = alice.post(f"{address}/encoding", data={"encoding": "cp1253"})
        page = alice.get(answer.location).text
        assert "Τσάγια" in page
        press_import(alice, address, page)
        run_queue(app)
        with app.app_context():
            assert db.session.scalars(select(Product.name)).all() == ["Τσάγια"]

    def test_that_cannot_be_is_refused(self, alice):
        address = upload(alice, self.CONTENT).location
        answer = alice.post(f"{address}/encoding", data={"encoding": "utf-8"})
        assert answer.status_code == 422
        assert "not text in this encoding" in answer.text

    def test_is_not_asked_where_the_file_tells_it(self, alice):
        _, page = preview(alice, f"{HEADER}\nA,Τσάγια,1,1\n")
        assert "/encoding" not in page


class TestRowsToCorrect:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1250"])
    @pytest.mark.parametrize("delimiter", [";", "\t", ","])
    def test_come_back_as_they_were_sent(self, app, alice, encoding, delimiter):
        text = 'stock;price;name;sku;isActive\n5;"12,50";Kůň;A;maybe\n6;"3,20";Bůh;B;true\n'
        text = text.replace(";", delimiter)
        address = upload(alice, text.encode(encoding)).location
        if encoding == "cp1250":
            alice.post(f"{address}/encoding", data={"encoding": encoding})
        content = alice.get(f"{address}/errors.csv").data
        assert content.startswith("stock".encode(encoding))
        corrected = content.decode(encoding).replace("maybe", "yes").encode(encoding)
        address = upload(alice, corrected).location
        if encoding == "cp1250":
            alice.post(f"{address}/encoding", data={"encoding": encoding})
        press_import(alice, address, alice.get(address).text)
        run_queue(app)
        with app.app_context():
            made = db.session.scalars(select(Product)).one()
            assert (made.sku, made.name, made.price_minor, made.stock) == ("A", "Kůň", 1250, 5)

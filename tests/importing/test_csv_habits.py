"""CSV files as spreadsheets and people of many countries write them, read as they are meant."""

import pytest
from sqlalchemy import select

from distribu.extensions import db
from distribu.importing import jobs
from distribu.models import Product
from distribu.models.sku_keys import own_key
from distribu.products.csv_text import InvalidCsv
from tests.conftest import add_product
from tests.imports import HEADER, import_text, new_job, plan, plan_of, product, sentences


@pytest.fixture(autouse=True)
def context(app_context):
    """Every test works on the core, in an app context."""


class TestNumbers:
    @pytest.mark.parametrize(
        ("prices", "minors"),
        [
            (["12.000", "12,50"], [1200000, 1250]),
            (["12,000", "9.99"], [1200000, 999]),
            (["1.250.000", "1.000"], [125000000, 100000]),
        ],
    )
    def test_a_column_decides_the_decimal_sign(self, cast, prices, minors):
        rows = "".join(f"A{index};Anchor;{text};1\n" for index, text in enumerate(prices))
        import_text(cast, f"sku;name;price;stock\n{rows}")
        assert [product(cast, f"A{index}").price_minor for index in range(len(prices))] == minors

    @pytest.mark.parametrize(("stock", "price"), [("2.000", "0,95"), ("2,000", "0.95")])
    def test_next_to_prices_a_stock_is_thousands(self, cast, stock, price):
        import_text(cast, f"sku;name;price;stock\nA;Anchor;{price};{stock}\n")
        assert product(cast, "A").stock == 2000

    @pytest.mark.parametrize("delimiter", [";", "\t", ","])
    def test_a_column_that_does_not_tell_is_refused_with_both_readings(self, cast, delimiter):
        text = "sku;name;price;stock\nA;Anchor;3.000;1\n".replace(";", delimiter)
        [error] = plan(cast, text).errors
        assert error.sentence == "Price 3.000 could be 3 or 3000. Write it as one of these."
        assert error.is_ambiguous

    @pytest.mark.parametrize(("sign", "minor"), [(".", 300), (",", 300000)])
    def test_the_switch_decides_what_the_column_does_not(self, cast, sign, minor):
        job = new_job(cast, "sku;name;price;stock\nA;Anchor;3.000;1\n")
        jobs.map_columns(job, job.mapping, {"price": sign})
        db.session.refresh(job)
        [change] = plan_of(job).changes
        assert change.values["price_minor"] == minor


class TestSpreadsheets:
    def test_cells_left_out_at_the_end_are_empty(self, cast):
        import_text(cast, f"{HEADER},category,unit\nA,Anchor,1,1\nB,Bolt,1,1,Boats\n")
        assert [product(cast, sku).category for sku in "AB"] == [None, "Boats"]

    @pytest.mark.parametrize(
        ("word", "is_active"),
        [
            *(
                (word, True)
                for word in ("WAHR", "Vrai", "VERO", "VERDADERO", "ja", "yes", "x", "Sí")
            ),
            *((word, False) for word in ("FALSCH", "Faux", "FALSO", "nein", "no", "Non")),
            ("SI\u0301", True),
        ],
    )
    def test_booleans_are_read_in_several_languages(self, cast, word, is_active):
        import_text(cast, f"{HEADER},isActive\nA,Anchor,1,1,{word}\n")
        assert product(cast, "A").is_active is is_active

    def test_empty_cells_next_to_marks_are_asked_for(self, cast):
        found = plan(cast, f"{HEADER},isActive\nA,Anchor,1,1,x\nB,Bolt,1,1,\n")
        [(line, index, sentence)] = sentences(found)
        assert (line, index) == (3, 4)
        assert sentence.startswith("isActive is empty here and x on other lines.")

    @pytest.mark.parametrize(
        "value",
        [
            "#REF!",
            "#N/A",
            "#NAME?",
            "#DIV/0!",
            "#BEZUG!",
            "#NV",
            "#¡VALOR!",
            "#N/D",
            "Err:502",
            "####",
        ],
    )
    @pytest.mark.parametrize("column", ["name", "category"])
    def test_an_error_of_a_formula_is_no_value(self, cast, column, value):
        cells = {"sku": "A", "name": "Anchor", "price": "1", "stock": "1", "category": "Boats"}
        cells[column] = value
        found = plan(cast, f"{','.join(cells)}\n{','.join(cells.values())}\n")
        assert [one.sentence for one in found.errors] == [
            f"{value} is an error of the spreadsheet, not a value."
        ]

    @pytest.mark.parametrize("value", ["#1 Fan!", "# 7", "#blue", "C#", "No. #"])
    def test_a_hash_is_no_error(self, cast, value):
        assert plan(cast, f"{HEADER}\nA,{value},1,1\n").errors == []

    def test_an_error_that_is_saved_already_changes_nothing(self, cast):
        add_product(cast.acme, sku="A", name="#REF!", price_minor=100, stock=1)
        found = plan(cast, f"{HEADER}\nA,#REF!,1,1\n")
        assert (found.errors, found.unchanged) == ([], 1)

    @pytest.mark.parametrize("sku", ["4.00638E+12", '"5,01234E+12"', "9.7E+12"])
    def test_a_shortened_barcode_is_no_new_sku(self, cast, sku):
        [error] = plan(cast, f"{HEADER}\n{sku},Anchor,1,1\n").errors
        assert "a spreadsheet has shortened this barcode" in error.sentence

    @pytest.mark.parametrize("sku", ["4E+12", "1.5E+1", "AE+12", "4.5E12"])
    def test_another_sku_with_an_e_is_taken(self, cast, sku):
        assert plan(cast, f"{HEADER}\n{sku},Anchor,1,1\n").errors == []

    def test_a_product_of_such_a_sku_is_updated(self, cast):
        add_product(cast.acme, sku="1.25E+10", name="Anchor", price_minor=100, stock=1)
        assert import_text(cast, f"{HEADER}\n1.25E+10,Anchor,2,1\n")["updated"] == 1

    @pytest.mark.parametrize(("kept", "sent"), [("007", "7"), ("000", "0"), ("00120", "120")])
    def test_a_sku_without_its_zeros_is_no_new_product(self, cast, kept, sent):
        add_product(cast.acme, sku=kept, name="Anchor", price_minor=100, stock=1)
        found = plan(cast, f"{HEADER}\n{sent},Anchor,1,1\n")
        [(line, index, sentence)] = sentences(found)
        assert (line, index, found.changes) == (2, 0, [])
        assert sentence.startswith(f"There is no SKU {sent}, but there is {kept}: ")

    def test_a_sku_with_more_zeros_is_a_new_product(self, cast):
        add_product(cast.acme, sku="0", name="Anchor", price_minor=100, stock=1)
        found = plan(cast, f"{HEADER}\n00,Anchor,1,1\n")
        assert (found.errors, len(found.created)) == ([], 1)

    def test_of_several_skus_with_zeros_the_shortest_is_named(self, cast):
        for sku in ("0007", "007"):
            add_product(cast.acme, sku=sku, name="Anchor", price_minor=100)
        [error] = plan(cast, f"{HEADER}\n7,Anchor,1,1\n").errors
        assert "but there is 007:" in error.sentence

    def test_a_number_is_the_sku_that_is_there(self, cast):
        for sku in ("007", "7"):
            add_product(cast.acme, sku=sku, name="Anchor", price_minor=100)
        assert import_text(cast, f"{HEADER}\n7,Anchor,2,1\n")["updated"] == 1

    @pytest.mark.parametrize("sent", ["7", "007"])
    def test_a_sku_of_another_company_or_of_letters_is_not_meant(self, cast, sent):
        add_product(cast.globex, sku="07", name="Anchor", price_minor=100)
        add_product(cast.acme, sku="00X7", name="Anchor", price_minor=100)
        assert plan(cast, f"{HEADER}\n{sent},Anchor,1,1\n").errors == []


class TestSkuKeys:
    def test_lines_that_look_alike_are_one_product_twice(self, cast):
        found = plan(cast, f"{HEADER}\nA-1,Anchor,1,1\nA\u00ad-1,Anchor,1,1\n")
        assert [(line, index) for line, index, _ in sentences(found)] == [(2, 0), (3, 0)]

    def test_products_that_looked_alike_before_are_told_apart_by_their_letters(self, cast):
        add_product(cast.acme, sku="A-1", name="First", price_minor=100)
        other = Product(id="2" * 26, company_id=cast.acme, sku="A\u00ad-1", name="B", price_minor=1)
        other.sku_key = own_key(other.id)
        db.session.add(other)
        db.session.commit()
        import_text(cast, f"{HEADER}\nA-1,First,2,0\nA\u00ad-1,Second,3,0\n")
        found = db.session.scalars(select(Product).order_by(Product.price_minor))
        assert [(one.sku, one.name) for one in found] == [("A-1", "First"), ("A\u00ad-1", "Second")]

    def test_a_renamed_product_has_the_key_of_its_new_sku(self, cast):
        made = add_product(cast.acme, sku="A-1", sku_key=own_key("x"))
        made.name = "Renamed"
        db.session.commit()
        assert made.sku_key == own_key("x")
        made.sku = "B\u00ad-1"
        db.session.commit()
        assert made.sku_key == "B-1"


class TestEncodings:
    GREEK = f"{HEADER}\nA,Τσάγια,1,1\n"

    def test_nothing_is_imported_before_somebody_has_seen_the_text(self, cast):
        job = new_job(cast, self.GREEK, "cp1253")
        assert not jobs.agree(job, plan_of(job).fingerprint)

    def test_the_chosen_encoding_is_what_is_imported(self, cast):
        job = new_job(cast, self.GREEK, "cp1253")
        jobs.choose_encoding(job, "cp1253")
        db.session.refresh(job)
        assert jobs.agree(job, plan_of(job).fingerprint)
        jobs.run(job.id)
        assert product(cast, "A").name == "Τσάγια"

    @pytest.mark.parametrize("encoding", ["utf-8", "idna", ""])
    def test_an_encoding_that_cannot_be_is_refused(self, cast, encoding):
        job = new_job(cast, f"{HEADER}\nA,\xa0\xff,1,1\n", "cp1252")
        with pytest.raises(InvalidCsv, match="not text in this encoding"):
            jobs.choose_encoding(job, encoding)

    def test_a_file_that_tells_its_encoding_is_not_read_in_another(self, cast):
        job = new_job(cast, self.GREEK)
        with pytest.raises(InvalidCsv):
            jobs.choose_encoding(job, "cp1252")

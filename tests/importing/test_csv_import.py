"""CSV imports: reading, refusals and writing, on both databases."""

import pytest
from flask import current_app
from sqlalchemy import func, select

from distribu.extensions import db
from distribu.importing.planning import Change
from distribu.inventory.import_preview import lost_images
from distribu.models import Company, Product
from distribu.products import search
from tests.conftest import add_product, cast_on_either
from tests.imports import (
    HEADER,
    add_image,
    agree,
    entries,
    import_text,
    kept_ids,
    new_job,
    plan,
    product,
    run,
    sentences,
)

ELSEWHERE = "https://cdn.example.com/widget.png?w=5"


cast = cast_on_either


def test_the_preview_shows_more_lost_images_than_a_statement_has_values(cast):
    image = add_image(add_product(cast.acme, sku="A"))
    lost = (*(str(number) for number in range(70_000)), image.id)
    change = Change(2, None, {"name": "Widget", "sku": "A"}, lost=lost)
    [shown] = lost_images([change])
    assert [one.id for one in shown.images] == [image.id]


class TestColumns:
    def test_every_column_is_written(self, cast):
        text = (
            "sku,name,description,category,unit,price,stock,isActive,imageUrl\n"
            f'A,Anchor,"two\nlines",Boats,box,12.5,3,no,{ELSEWHERE}\n'
        )
        assert import_text(cast, text) == {"created": 1, "updated": 0, "unchanged": 0}
        made = product(cast, "A")
        assert (made.name, made.description, made.category) == ("Anchor", "two\nlines", "Boats")
        assert (made.unit, made.price_minor, made.stock) == ("box", 1250, 3)
        assert (made.is_active, made.image_url, made.version) == (False, ELSEWHERE, 1)

    def test_a_new_product_without_the_optional_columns_has_their_defaults(self, cast):
        import_text(cast, f"{HEADER}\nA,Anchor,1,2\n")
        made = product(cast, "A")
        assert (made.description, made.category, made.unit) == (None, None, "each")
        assert made.is_active
        assert made.image_url is None

    def test_empty_cells_mean_the_defaults(self, cast):
        add_product(cast.acme, sku="A", description="d", category="c", unit="kg", is_active=False)
        text = "sku,name,price,stock,description,category,unit,isActive\nA,Anchor,1,2,,,,\n"
        import_text(cast, text)
        made = product(cast, "A")
        assert (made.description, made.category, made.unit) == (None, None, "each")
        assert made.is_active

    @pytest.mark.parametrize(
        "name",
        ["""12" 'bolt' \\ \\u0041 {$.sku}""", "Größe 🔩 螺栓", "two\nlines\u2028and more", "null"],
    )
    def test_any_text_is_written_as_it_is(self, cast, name):
        quoted = name.replace('"', '""')
        import_text(cast, f'{HEADER},description\nA,"{quoted}",1,1,"{quoted}"\n')
        assert (product(cast, "A").name, product(cast, "A").description) == (name, name)
        assert entries("product.created")[0].after["name"] == name

    def test_absent_columns_leave_what_is_saved(self, cast):
        add_product(cast.acme, sku="A", description="d", category="c", unit="kg", is_active=False)
        import_text(cast, f"{HEADER}\nA,Anchor,1,2\n")
        made = product(cast, "A")
        assert (made.description, made.category, made.unit) == ("d", "c", "kg")
        assert (made.name, made.price_minor, made.is_active) == ("Anchor", 100, False)

    def test_a_decimal_comma_is_a_price_where_semicolons_part_cells(self, cast):
        import_text(cast, "sku;name;price;stock\nA;Anchor;12,50;2\n")
        assert product(cast, "A").price_minor == 1250


class TestErrors:
    def test_every_error_is_told_by_line_and_column(self, cast):
        found = plan(cast, f"{HEADER}\nA,,x,-1\n,Bolt,1.0055,1.5\nC,Cable,1,2\n")
        assert sentences(found) == [
            (2, 1, "Enter a product name."),
            (2, 2, "Price must be a number."),
            (2, 3, "Stock must be 0 or more."),
            (3, 2, "Price can have at most 2 decimals."),
            (3, 3, "Stock must be a whole number."),
        ]

    def test_a_sku_twice_is_an_error_on_each_of_its_lines(self, cast):
        found = plan(cast, f"{HEADER}\nA,Anchor,1,1\nB,Bolt,1,1\n A ,Anchor,1,1\n")
        assert sentences(found) == [
            (2, 0, "The SKU A is on line 4 too."),
            (4, 0, "The SKU A is on line 2 too."),
        ]

    def test_a_row_without_a_sku_is_an_error(self, cast):
        found = plan(cast, f"{HEADER}\n,Anchor,1,1\n")
        assert [(line, index) for line, index, _ in sentences(found)] == [(2, 0)]

    def test_a_line_whose_cells_have_shifted_is_an_error(self, cast):
        found = plan(cast, f"{HEADER}\nA,Anchor,1,1,5\n")
        assert sentences(found) == [(2, None, "This line has 5 cells; the header has 4.")]

    def test_a_word_that_is_no_boolean_is_an_error(self, cast):
        found = plan(cast, f"{HEADER},active\nA,Anchor,1,1,perhaps\n")
        assert [(line, index) for line, index, _ in sentences(found)] == [(2, 4)]

    @pytest.mark.parametrize(("word", "meaning"), [("YES", True), ("0", False), (" off ", False)])
    def test_words_that_are_booleans(self, cast, word, meaning):
        found = plan(cast, f"{HEADER},active\nA,Anchor,1,1,{word}\n")
        assert found.changes[0].values["is_active"] is meaning

    def test_an_address_that_cannot_be_one_is_an_error(self, cast):
        found = plan(cast, f"{HEADER},imageUrl\nA,Anchor,1,1,ftp://x/y\nB,Bolt,1,1,\n")
        assert sentences(found) == [(2, 4, "imageUrl must be an absolute http or https URL.")]

    def test_a_file_with_errors_imports_nothing(self, cast):
        job = new_job(cast, f"{HEADER}\nA,Anchor,1,1\nB,,1,1\n")
        agree(job)
        assert run(job).status == "FAILED"
        assert db.session.scalar(select(func.count(Product.id))) == 0


class TestUnchangedRows:
    def test_leave_version_time_and_log_alone(self, cast):
        add_product(cast.acme, sku="A", name="Anchor", stock=3)
        before = product(cast, "A")
        seen = (before.version, before.updated_at)
        result = import_text(cast, f"{HEADER}\nA,Anchor,9.99,3\nB,Bolt,1,1\n")
        assert result == {"created": 1, "updated": 0, "unchanged": 1}
        after = product(cast, "A")
        assert (after.version, after.updated_at) == seen
        assert entries("product.updated") == []

    def test_without_a_sku_match_a_product_that_is_just_so(self, cast):
        add_product(cast.acme, name="Anchor", stock=3)
        found = plan(cast, f"{HEADER}\n,Anchor,9.99,3\n,Anchor,9.99,4\n")
        assert found.unchanged == 1
        assert [line for line, _, _ in sentences(found)] == [3]


class TestUpdates:
    def test_raise_version_and_time_once(self, cast):
        saved = add_product(cast.acme, sku="A", name="Anchor", stock=3)
        created_at, updated_at = saved.created_at, saved.updated_at
        import_text(cast, f"{HEADER}\nA,Big anchor,9.99,3\n")
        after = product(cast, "A")
        assert (after.name, after.version, after.created_at) == ("Big anchor", 2, created_at)
        assert after.updated_at > updated_at

    def test_are_in_the_log_with_what_differs(self, cast):
        add_product(cast.acme, sku="A", name="Anchor", stock=3)
        import_text(cast, f"{HEADER}\nA,Anchor,9.99,4\n")
        (entry,) = entries("product.updated")
        assert (entry.before, entry.after) == ({"stock": 3}, {"stock": 4})
        assert (entry.actor_name, entry.actor_id) == ("alice@acme.test", cast.alice)
        assert entry.entity_id == product(cast, "A").id

    def test_a_created_product_is_in_the_log_whole(self, cast):
        import_text(cast, f"{HEADER}\nA,Anchor,9.99,4\n")
        (entry,) = entries("product.created")
        assert entry.before is None
        assert entry.after["price_minor"] == 999
        assert entry.entity_id == product(cast, "A").id

    def test_are_in_the_log_in_the_order_of_the_file(self, cast):
        skus = ["M", "C", "X", "A", "K"]
        import_text(cast, "\n".join([HEADER, *(f"{sku},Anchor,1,1" for sku in skus)]))
        assert [entry.after["sku"] for entry in entries("product.created")] == skus

    def test_are_found_by_search(self, cast):
        add_product(cast.acme, sku="A", name="Anchor")
        import_text(cast, f"{HEADER}\nA,Zirconium bolt,9.99,3\nB,Zebra,1,1\n")
        assert self.found(cast, "zirconium") == ["A"]
        assert self.found(cast, "zeb") == ["B"]
        assert self.found(cast, "anchor") == []

    def test_are_found_by_the_index_of_a_large_company(self, cast, many):
        import_text(cast, f"{HEADER}\nX-0001,Zirconium bolt,9.99,3\nB,Zebra,1,1\n")
        assert self.found(cast, "zirconium") == ["X-0001"]
        assert self.found(cast, "zebra") == ["B"]

    @pytest.fixture
    def many(self, cast):
        rows = "".join(f"X-{number:04},Nail {number},1,1\n" for number in range(2100))
        import_text(cast, f"{HEADER}\n{rows}")

    def test_give_the_catalog_another_version(self, cast):
        before = db.session.get_one(Company, cast.acme).catalog_version
        import_text(cast, f"{HEADER}\nA,Anchor,9.99,3\n")
        company = db.session.get_one(Company, cast.acme, populate_existing=True)
        assert company.catalog_version != before

    def test_leave_other_companies_alone(self, cast):
        foreign = add_product(cast.globex, sku="A", name="Secret").id
        assert import_text(cast, f"{HEADER}\nA,Anchor,1,1\n")["created"] == 1
        assert db.session.get_one(Product, foreign, populate_existing=True).name == "Secret"

    @staticmethod
    def found(cast, typed: str) -> list[str]:
        asked = select(Product.sku).where(search.matching(cast.acme, typed))
        return list(db.session.scalars(asked))


class TestImages:
    def test_stay_without_the_column(self, cast):
        image = add_image(add_product(cast.acme, sku="A"))
        import_text(cast, f"{HEADER}\nA,Anchor,1,1\n")
        assert product(cast, "A").image.id == image.id

    def test_go_with_an_empty_cell(self, cast):
        saved = add_product(cast.acme, sku="A", name="Anchor", stock=1)
        images = [add_image(saved).id, add_image(saved).id]
        result = import_text(cast, f"{HEADER},image\nA,Anchor,9.99,1,\n")
        assert result == {"created": 0, "updated": 1, "unchanged": 0}
        assert product(cast, "A").image_url is None
        assert product(cast, "A").version == 4
        assert kept_ids() == set()
        (entry,) = entries("product.updated")
        assert (entry.before["images"], entry.after["images"]) == (images, [])

    def test_no_image_and_an_empty_cell_is_no_change(self, cast):
        add_product(cast.acme, sku="A", name="Anchor", stock=1)
        assert plan(cast, f"{HEADER},image\nA,Anchor,9.99,1,\n").unchanged == 1

    def test_an_external_address_takes_the_place_of_the_primary_image(self, cast):
        saved = add_product(cast.acme, sku="A", name="Anchor", stock=1)
        add_image(saved)
        behind = add_image(saved)
        import_text(cast, f"{HEADER},image\nA,Big anchor,9.99,1,{ELSEWHERE}\n")
        assert product(cast, "A").image_url == ELSEWHERE
        assert product(cast, "A").name == "Big anchor"
        assert kept_ids() == {behind.id}

    def test_an_external_address_over_another(self, cast):
        add_product(cast.acme, sku="A", name="A", stock=1, external_image_url="https://x.test/a")
        import_text(cast, f"{HEADER},image\nA,A,9.99,1,{ELSEWHERE}\n")
        assert product(cast, "A").image_url == ELSEWHERE
        (entry,) = entries("product.updated")
        assert (entry.before, entry.after) == (
            {"image_url": "https://x.test/a"},
            {"image_url": ELSEWHERE},
        )

    def test_another_hosted_image_gives_each_an_own_copy(self, cast):
        source = add_product(cast.acme, sku="S", name="Source", stock=1)
        original = add_image(source)
        shown = add_product(cast.acme, sku="A", name="Anchor", stock=1)
        displaced = add_image(shown)
        text = (
            f"{HEADER},image\nA,Anchor,9.99,1,{original.url}\n"
            f"B,Bolt,1,1,{original.url}?format=500w\n"
        )
        import_text(cast, text)
        copies = {product(cast, "A").image, product(cast, "B").image}
        assert {copy.copied_from for copy in copies} == {original.id}
        assert kept_ids() == {original.id, *(copy.id for copy in copies)}
        assert displaced.id not in kept_ids()
        assert plan(cast, text).unchanged == 2

    def test_another_own_image_moves_to_the_top(self, cast):
        saved = add_product(cast.acme, sku="A", name="Anchor", stock=1)
        first, second = add_image(saved), add_image(saved)
        import_text(cast, f"{HEADER},image\nA,Anchor,9.99,1,{second.url}\n")
        assert product(cast, "A").image.id == second.id
        assert kept_ids() == {first.id, second.id}

    def test_that_are_gone_or_foreign_are_errors(self, cast):
        foreign = add_image(add_product(cast.globex, sku="F"))
        found = plan(
            cast,
            f"{HEADER},image\nA,A,1,1,{foreign.url}\n"
            "B,B,1,1,http://shop.test/images/01ARZ3NDEKTSV4RRFFQ69G5FAV/gone.png\n",
        )
        assert [(line, index) for line, index, _ in sentences(found)] == [(2, 4), (3, 4)]

    def test_one_more_than_a_product_may_have_is_an_error(self, cast):
        current_app.config["IMAGES_PER_PRODUCT"] = 1
        source = add_image(add_product(cast.acme, sku="S"))
        full = add_product(cast.acme, sku="A", name="A", stock=1)
        add_image(full)
        full.external_image_url = ELSEWHERE
        db.session.commit()
        found = plan(cast, f"{HEADER},image\nA,A,1,1,{source.url}\n")
        [(line, index, sentence)] = sentences(found)
        assert (line, index) == (2, 4)
        assert "the maximum of 1 image" in sentence

    def test_that_would_go_are_named_by_the_plan(self, cast):
        saved = add_product(cast.acme, sku="A", name="Anchor", stock=1)
        images = (add_image(saved).id, add_image(saved).id)
        assert plan(cast, f"{HEADER},image\nA,A,1,1,\n").lost_images[0].lost == images
        replaced = plan(cast, f"{HEADER},image\nA,A,1,1,{ELSEWHERE}\n")
        assert replaced.lost_images[0].lost == images[:1]

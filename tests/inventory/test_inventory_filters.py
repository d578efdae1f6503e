"""The filters of the inventory list: what is missing of a product, found and counted."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import event, select, text

from distribu.extensions import db
from distribu.models import ERROR, PROCESSING, READY, Company, Image, Product
from distribu.products import filters, search
from distribu.products.filters import FILTERS, FilteredCatalog
from tests.conftest import add_cast, add_product, signed_in

LIST = "/dashboard/inventory"
EXTERNAL = "https://images.example/w.jpg"


def add_image(product: Product, **values) -> Image:
    """An image of the product, large and described unless values say otherwise."""
    made = {"path": "", "format": "JPEG", "width_px": 900, "height_px": 900, "byte_size": 9}
    known = {
        "company_id": product.company_id,
        "product_id": product.id,
        "status": READY,
        "policy": "merchant",
        "sha256": "0" * 64,
        "filename": "a.jpg",
        "public_name": "a.jpg",
        "format": "JPEG",
        "byte_size": 9,
        "width_px": 900,
        "height_px": 900,
        "alt_text": "A widget",
        "derivatives": [made],
        "ladder_version": 2,
        "facts": {},
    }
    image = Image(**known | values)
    db.session.add(image)
    db.session.commit()
    return image


def fill(company_id: str) -> None:
    """Products of which the name says what the list should say of them."""

    def add(name: str, *images: dict, **values) -> None:
        product = add_product(company_id, name=name, **{"stock": 50} | values)
        for position, image in enumerate(images):
            add_image(product, **{"position": position} | image)

    add("Whole", {})
    add("Whole, linked", external_image_url=EXTERNAL, external_image_alt="A widget")
    add("Bare")
    add("Bare, in progress", {"status": PROCESSING, "ladder_version": None})
    add("Bare, failed", {"status": ERROR})
    add("Second failed", {}, {"status": ERROR})
    add("Undescribed", {"alt_text": ""})
    add("Second undescribed", {}, {"alt_text": ""})
    add("Undescribed behind a failed one", {"status": ERROR}, {"alt_text": ""})
    add("Undescribed and linked", external_image_url=EXTERNAL)
    add("Linked before an undescribed one", {"alt_text": ""}, external_image_url=EXTERNAL)
    add("Narrow", {"width_px": 499})
    add("Flat", {"height_px": 499})
    add("Exactly 500", {"width_px": 500, "height_px": 500})
    add("Second small", {}, {"width_px": 10})
    add("Small and linked", {"width_px": 10}, external_image_url=EXTERNAL, external_image_alt="W")
    add("Old GIF", {"format": "GIF", "facts": None})
    add("Old GIF in second place", {}, {"format": "GIF", "facts": None})
    add("New GIF", {"format": "GIF"})
    add("Old GIF, upload kept", {"format": "GIF", "facts": None, "ladder_version": None})
    add("Old photograph", {"facts": None})
    add("Old icon", {"facts": None, "format": "PNG", "width_px": 64, "height_px": 64})
    add("One left", {}, stock=1)
    add("Five left", {}, stock=5)
    add("Six left", {}, stock=6)
    add("None left", {}, stock=0)
    add("Below none", {}, stock=-1)
    add("Switched off", {}, is_active=False)


FOUND = {
    "without-image": {"Bare", "Bare, in progress", "Bare, failed"},
    "unfinished": {
        "Bare, in progress",
        "Bare, failed",
        "Second failed",
        "Undescribed behind a failed one",
    },
    "without-alt": {
        "Undescribed",
        "Undescribed behind a failed one",
        "Undescribed and linked",
        "Linked before an undescribed one",
    },
    "small": {"Narrow", "Flat", "Old icon"},
    "needs-upload": {"Old GIF", "Old GIF in second place", "Old icon"},
    "low-stock": {"One left", "Five left"},
    "out-of-stock": {"None left", "Below none"},
    "inactive": {"Switched off"},
}


@pytest.fixture
def company(cast_on_either):
    """Acme with a product of each kind, and Globex with the same."""
    for company_id in (cast_on_either.acme, cast_on_either.globex):
        fill(company_id)
    return db.session.get_one(Company, cast_on_either.acme)


@pytest.fixture
def few_count_as_many(monkeypatch) -> None:
    """No filter is rare, so each goes by its condition instead of by an index."""
    # A limit that the test can reach.
    monkeypatch.setattr(filters, "COUNT_MAX", 0)


def names(condition) -> set[str]:
    return set(db.session.scalars(select(Product.name).where(condition)))


def test_each_filter_has_its_expectation():
    assert set(FOUND) == set(FILTERS)


@pytest.mark.parametrize("name", FOUND)
def test_a_filter_finds(company, name):
    catalog = FilteredCatalog(company)
    own = Product.company_id == company.id
    assert names(own & catalog.condition(name)) == FOUND[name]


@pytest.mark.parametrize("name", FOUND)
def test_a_filter_finds_the_same_where_many_are_found(company, few_count_as_many, name):
    catalog = FilteredCatalog(company)
    assert catalog.totals[name] == 1
    own = Product.company_id == company.id
    assert names(own & catalog.condition(name)) == FOUND[name]


def test_totals_count_what_is_found(company):
    assert FilteredCatalog(company).totals == {name: len(found) for name, found in FOUND.items()}


@pytest.mark.parametrize("typed", ["bare", "undescribed", "left", "w", "zebra", "small"])
def test_counts_beside_a_search_are_of_what_it_finds(company, typed):
    where = search.matching(company.id, typed)
    matching = names(where)
    expected = {name: len(found & matching) for name, found in FOUND.items()}
    assert FilteredCatalog(company).counts(where) == expected


def test_a_count_stops_at_its_bound(company, monkeypatch):
    monkeypatch.setattr(filters, "COUNT_MAX", 1)
    # Of a version of the catalog of which nothing is known yet.
    totals = FilteredCatalog(Company(id=company.id, catalog_version=-1)).totals
    assert set(totals.values()) == {1, 2}
    assert totals["without-image"] == 2


CHANGES: dict[str, Callable[[Product], object]] = {
    "an image is added": lambda bare: add_image(bare),
    "an image is linked": lambda bare: setattr(bare, "external_image_url", EXTERNAL),
    "the product is deleted": lambda bare: db.session.delete(bare),
}


@pytest.mark.parametrize("change", CHANGES)
def test_products_without_an_image_are_counted_anew_when(company, change):
    company_id = company.id
    assert FilteredCatalog(company).totals["without-image"] == 3
    bare = db.session.scalar(
        select(Product).where(Product.company_id == company_id, Product.name == "Bare")
    )
    CHANGES[change](bare)
    db.session.commit()
    company = db.session.get_one(Company, company_id, populate_existing=True)
    assert FilteredCatalog(company).totals["without-image"] == 2


INDEXES = {
    "unfinished": "ix_image_unready",
    "without-alt": "ix_image_without_alt",
    "small": "ix_image_small",
    "needs-upload": "ix_image_needs_upload",
    "low-stock": "ix_product_company_stock",
    "out-of-stock": "ix_product_company_stock",
    "inactive": "ix_product_inactive",
}


@pytest.mark.parametrize("name", INDEXES)
def test_a_filter_is_counted_from_its_own_index(company, name):
    is_sqlite = db.engine.dialect.name == "sqlite"
    explain = "EXPLAIN QUERY PLAN" if is_sqlite else "EXPLAIN"
    if not is_sqlite:
        # A table of a few rows is read whole otherwise.
        db.session.execute(text("SET LOCAL enable_seqscan = off"))
    asked = []

    def note(_connection, _cursor, statement, parameters, *_):
        asked.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    FilteredCatalog(company).condition(name)
    event.remove(db.engine, "before_cursor_execute", note)
    counting = next(one for one in asked if "count(" in one[0])
    cursor = db.session.connection().connection.cursor()
    cursor.execute(f"{explain} {counting[0]}", counting[1])
    assert INDEXES[name] in "\n".join(str(row) for row in cursor.fetchall())


def test_products_without_an_image_are_found_in_indexes_alone(app_context):
    """SQLite reads no row of either table: 100,000 rows of images are hundreds of megabytes."""
    cast = add_cast()
    condition = FILTERS["without-image"].condition
    asked = select(Product.id).where(Product.company_id == cast.acme, condition)
    compiled = asked.compile(db.engine, compile_kwargs={"literal_binds": True})
    plan = [row.detail for row in db.session.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))]
    searches = [line for line in plan if line.startswith("SEARCH")]
    assert len(searches) == 2
    assert all("COVERING INDEX" in line for line in searches), plan


@pytest.fixture
def shop(make_app):
    app = make_app()
    with app.app_context():
        cast = add_cast()
        fill(cast.acme)
    return signed_in(app, cast.alice)


def shown(page: str) -> set[str]:
    rows = re.findall(r'<td class="main"><a [^>]*>([^<]+)</a>', page)
    return set(rows)


@pytest.mark.parametrize("name", FOUND)
def test_the_list_shows_what_a_filter_finds_with_its_count(shop, name):
    page = shop.get(f"{LIST}?only={name}").text
    assert shown(page) == FOUND[name]
    label = FILTERS[name].label
    counted = re.search(rf'aria-current="true">{label} <span class="pill-count">([^<]+)<', page)
    assert counted[1] == str(len(FOUND[name]))


def test_a_filter_is_combined_with_search_and_category(app, cast, alice):
    with app.app_context():
        for name, category in [("Red", "Boats"), ("Red", "Parts"), ("Blue", "Boats")]:
            add_product(cast.acme, name=f"{name} {category}", category=category, stock=0)
    page = alice.get(f"{LIST}?only=out-of-stock&q=red&category=Boats").text
    assert shown(page) == {"Red Boats"}
    assert 'value="red"' in page
    assert "<option selected>Boats" in page
    assert '<input type="hidden" name="only" value="out-of-stock">' in page


def test_a_filter_that_is_not_known_is_none(shop):
    assert shown(shop.get(f"{LIST}?only=zebra").text) == shown(shop.get(LIST).text)


def test_a_line_leads_to_the_products_without_an_image(shop):
    line = re.search(r'id="without-image">.*?href="([^"]+)">([^<]+)<', shop.get(LIST).text)
    assert line[2] == "3 products have no image"
    assert shown(shop.get(line[1]).text) == FOUND["without-image"]


def test_the_line_is_not_there_where_every_product_has_an_image(app, cast, alice):
    with app.app_context():
        add_image(add_product(cast.acme))
    assert "no image" not in alice.get(LIST).text.split('<nav class="pills"')[0]


def test_the_line_says_one_product_has_no_image(app, cast, alice):
    with app.app_context():
        add_product(cast.acme)
    assert "1 product has no image" in alice.get(LIST).text

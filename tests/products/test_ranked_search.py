"""Search as you type: every database has the order of a plain Python sort, page by page."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, event, insert, select, text

from distribu.extensions import db
from distribu.models import Product, new_id
from distribu.models.search_text import needles
from distribu.products import search
from distribu.products.ranked_search import LEADING_WORDS, ranked_page
from tests.conftest import add_cast, add_product

COLUMNS = select(Product.id, Product.name, Product.search_text)
# Limits with which SQLite does not use its index, uses it, or finds every word too common for it.
SQLITE = {
    "sqlite": {},
    "sqlite-rare": {"SMALL_COMPANY": 0},
    "sqlite-common": {"SMALL_COMPANY": 0, "COMMON": 0},
}


@pytest.fixture(params=[*SQLITE, "postgres"])
def shop(request, make_app, monkeypatch):
    """An app context with the cast: on SQLite in each way to find a word, and on PostgreSQL."""
    changes = {}
    if request.param == "postgres":
        changes["SQLALCHEMY_DATABASE_URI"] = request.getfixturevalue("postgres_url")
    for name, value in SQLITE.get(request.param, {}).items():
        # A limit that the few products of a test reach.
        monkeypatch.setattr(search, name, value)
    with make_app(**changes).app_context():
        yield add_cast()


def names(company_id: str, typed: str, size: int = 20) -> list[str]:
    return [row.name for row in ranked_page(COLUMNS, company_id, typed, None, size).items]


def walk(company_id: str, typed: str, size: int) -> list[str]:
    """The ids of every page, forward; the way back has the same pages."""
    pages, cursor = [], None
    while not pages or cursor:
        shown = ranked_page(COLUMNS, company_id, typed, cursor, size)
        pages.append([row.id for row in shown.items])
        cursor = shown.next
    back = [pages[-1]]
    while shown.previous:
        shown = ranked_page(COLUMNS, company_id, typed, shown.previous, size)
        back.append([row.id for row in shown.items])
    assert back[::-1] == pages
    return [product_id for page in pages for product_id in page]


def sorted_plainly(company_id: str, typed: str) -> list[str]:
    pieces = needles(typed)
    leading = tuple(f"  {piece.strip()}" for piece in pieces[:LEADING_WORDS])
    own = db.session.scalars(
        select(Product).where(Product.company_id == company_id, Product.is_active)
    )
    found = [one for one in own if all(piece in one.search_text for piece in pieces)]
    found.sort(key=lambda one: (not one.search_text.startswith(leading), one.search_text, one.id))
    return [one.id for one in found]


def test_names_that_begin_with_a_typed_word_come_first(shop):
    for name in ("A yellow hat", "Hat", "Yellow bag", "Yellow hat"):
        add_product(shop.acme, name=name)
    assert names(shop.acme, "yel") == ["Yellow bag", "Yellow hat", "A yellow hat"]
    assert names(shop.acme, "hat") == ["Hat", "A yellow hat", "Yellow hat"]
    assert names(shop.acme, "hat yel") == ["Yellow hat", "A yellow hat"]
    assert names(shop.acme, "") == ["A yellow hat", "Hat", "Yellow bag", "Yellow hat"]


def test_only_what_this_company_sells_is_found(shop):
    add_product(shop.acme, name="Yellow hat", is_active=False)
    add_product(shop.globex, name="Yellow hat")
    assert names(shop.acme, "yel") == names(shop.acme, "") == []


@pytest.mark.parametrize("typed", ["", "b", "ue", "blue b", "a bolt blue"])
def test_every_page_is_where_a_plain_sort_has_it(shop, typed):
    row, words = {"company_id": shop.acme, "price_minor": 1}, ("Blue bolt", "A blue bolt", "blue")
    rows = [row | {"id": new_id(), "name": name, "category": "A b"} for name in words * 4]
    db.session.execute(insert(Product), rows)
    db.session.commit()
    assert walk(shop.acme, typed, 3) == sorted_plainly(shop.acme, typed)


WORDS = st.text(alphabet="abB1%_\\\"'ß漢\ud7ff\U0010ffff ", min_size=1, max_size=6)


@given(rows=st.lists(WORDS, min_size=1, max_size=9), typed=WORDS, size=st.integers(1, 4))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_is_typed_is_found_in_the_order_of_a_plain_sort(shop, rows, typed, size):
    db.session.execute(delete(Product))
    row = {"company_id": shop.acme, "price_minor": 1}
    db.session.execute(insert(Product), [row | {"id": new_id(), "name": name} for name in rows])
    db.session.commit()
    assert walk(shop.acme, typed, size) == sorted_plainly(shop.acme, typed)


def test_a_common_word_is_read_from_its_range_of_the_index(shop):
    row = {"company_id": shop.acme, "price_minor": 1}
    rows = [row | {"id": new_id(), "name": f"{color} {n}"} for n in range(800) for color in "AYZ"]
    db.session.execute(insert(Product), rows)
    db.session.execute(text("ANALYZE"))
    asked = []

    @event.listens_for(db.engine, "before_cursor_execute")
    def note(_connection, _cursor, statement, values, _context, _is_many):
        asked.append((statement, values))

    assert names(shop.acme, "y", 2) == ["Y 0", "Y 1"]
    event.remove(db.engine, "before_cursor_execute", note)
    explain = "EXPLAIN" if db.engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    [(statement, values), *_] = asked
    plan = db.session.connection().exec_driver_sql(f"{explain} {statement}", values)
    assert re.search(r"company_id ?= ?.*search_text ?>", "\n".join(map(str, plan)))

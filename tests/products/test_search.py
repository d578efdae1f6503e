"""Search and pages: both databases find what a plain Python filter finds."""

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, event, insert, select, text
from sqlalchemy.dialects import postgresql, sqlite

from distribu.extensions import db
from distribu.http.paging import Page, page
from distribu.models import Product, new_id, search_index
from distribu.models.search_text import SEARCHABLE_MAX, searchable
from distribu.products import search
from distribu.products.search import BY_NAME, NEWEST_FIRST, matching
from tests.conftest import add_cast, add_product


@pytest.fixture(params=["sqlite", "sqlite-large", "postgres"])
def shop(request, make_app, monkeypatch):
    """An app context with the cast: on SQLite with and without its index, and on PostgreSQL."""
    changes = {}
    if request.param == "postgres":
        changes["SQLALCHEMY_DATABASE_URI"] = request.getfixturevalue("postgres_url")
    if request.param == "sqlite-large":
        # A limit that the test can reach.
        monkeypatch.setattr(search, "SMALL_COMPANY", 0)
    with make_app(**changes).app_context():
        yield add_cast()


def found(company_id: str, typed: str | None) -> list[str]:
    query = select(Product.name).where(matching(company_id, typed))
    return sorted(db.session.scalars(query))


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("", ["Blue Widget", "Crème brûlée", "Red Bolt"]),
        ("   ", ["Blue Widget", "Crème brûlée", "Red Bolt"]),
        ("idge", ["Blue Widget"]),
        ("WIDGET", ["Blue Widget"]),
        ("widget blue", ["Blue Widget"]),
        ("blue bolt", []),
        ("w-10", ["Blue Widget"]),
        ("dessert", ["Crème brûlée"]),
        ("creme BRULEE", ["Crème brûlée"]),
        ("brûl", ["Crème brûlée"]),
        ("b", ["Blue Widget", "Crème brûlée", "Red Bolt"]),
        ("re", ["Red Bolt"]),
        ("ed", []),
        ("widget\nw", ["Blue Widget"]),
        ("t  w", ["Blue Widget"]),
    ],
)
def test_each_word_occurs_in_name_sku_or_category(shop, typed, names):
    add_product(shop.acme, name="Blue Widget", sku="W-100", category="Tools")
    add_product(shop.acme, name="Red Bolt", sku=None, category=None)
    add_product(shop.acme, name="Crème brûlée", sku="CB", category="Desserts")
    assert found(shop.acme, typed) == names


SPECIAL = ["%%%", "___", "100%", "a_c", "it's", '"quoted"', "AND NOT", "wid*", "name:wid", "\\\\"]
SPECIAL += ["a\\b_", "NEAR(a b)", "^wid", "(", "--1", "{x} : y", "; DROP TABLE product"]
SPECIAL += ["[abc]", "[^a]", "a?c", "]["]


@pytest.mark.parametrize("typed", SPECIAL)
def test_special_characters_stand_for_themselves(shop, typed):
    add_product(shop.acme, name=f"Holds {typed} in its name")
    add_product(shop.acme, name="Widget abc 100 quoted it s near name")
    assert found(shop.acme, typed) == [f"Holds {typed} in its name"]


@pytest.mark.parametrize("typed", ["a\x00b", "\ud800", "x" * 100_000, "\x00", "w " * 5000])
def test_what_no_product_can_hold_is_looked_for_all_the_same(shop, typed):
    add_product(shop.acme, name="Blue Widget")
    assert found(shop.acme, typed) in ([], ["Blue Widget"])


def test_only_the_companys_own_products_match(shop):
    add_product(shop.globex, name="Blue Widget")
    assert found(shop.acme, "widget") == []
    assert found(shop.acme, "") == []


def test_a_changed_product_is_found_by_its_new_words_alone(shop):
    product = add_product(shop.acme, name="Blue Widget")
    product.name = "Red Bolt"
    db.session.commit()
    assert (found(shop.acme, "widget"), found(shop.acme, "bolt")) == ([], ["Red Bolt"])


def test_a_deleted_product_is_found_no_more(shop):
    product = add_product(shop.acme, name="Blue Widget")
    db.session.delete(product)
    db.session.commit()
    add_product(shop.acme, name="Red Bolt")
    assert (found(shop.acme, "widget"), found(shop.acme, "bolt")) == ([], ["Red Bolt"])


def test_products_inserted_in_core_are_found(shop):
    rows = [{"company_id": shop.acme, "name": f"Bolt {n}", "price_minor": 1} for n in range(3)]
    db.session.execute(insert(Product), rows)
    db.session.execute(insert(Product.__table__).values(rows))
    db.session.commit()
    assert found(shop.acme, "bolt 2") == ["Bolt 2", "Bolt 2"]


def test_an_upsert_that_sets_the_search_text_is_found(shop):
    product = add_product(shop.acme, name="Blue Widget", sku="W-1")
    dialect = {"sqlite": sqlite, "postgresql": postgresql}[db.engine.dialect.name]
    upsert = dialect.insert(Product.__table__).values(
        id=new_id(), company_id=shop.acme, name="Red Bolt", sku="W-1", price_minor=1
    )
    columns = {name: upsert.excluded[name] for name in ("name", "search_text")}
    db.session.execute(
        upsert.on_conflict_do_update(index_elements=["company_id", "sku"], set_=columns)
    )
    db.session.commit()
    assert (found(shop.acme, "widget"), found(shop.acme, "bolt")) == ([], ["Red Bolt"])
    db.session.refresh(product)
    assert product.name == "Red Bolt"


def test_sqlite_searches_its_index_for_rare_words_in_large_companies(app, cast, monkeypatch):
    monkeypatch.setattr(search, "SMALL_COMPANY", 1)
    monkeypatch.setattr(search, "COMMON", 2)
    with app.app_context():
        for name in ("Blue Widget", "Red Widget", "Green Widget", "Red Bolt"):
            add_product(cast.acme, name=name)
        rare, common = (str(matching(cast.acme, typed)) for typed in ("red", "widget"))
        assert ("json_each" in rare, "json_each" in common) == (True, False)


def test_postgresql_samples_enough_texts_to_tell_rare_pieces_from_common_ones(
    make_app, postgres_url
):
    with make_app(SQLALCHEMY_DATABASE_URI=postgres_url).app_context():
        row = {"company_id": add_cast().acme, "price_minor": 1}
        rows = [row | {"id": new_id(), "name": f"Bolt {number}"} for number in range(2000)]
        db.session.execute(insert(Product), rows)
        db.session.execute(text("ANALYZE product"))
        sampled = text("""
            SELECT cardinality(histogram_bounds::text::text[]) FROM pg_stats
            WHERE tablename = 'product' AND attname = 'search_text'""")
        assert db.session.scalar(sampled) > 500


def test_the_index_is_whole_after_vacuum_and_after_the_table_was_made_anew(app, cast, monkeypatch):
    monkeypatch.setattr(search, "SMALL_COMPANY", 0)
    with app.app_context():
        for name in ("Gone", "Blue Widget", "Red Bolt"):
            add_product(cast.acme, name=name)
        db.session.execute(delete(Product).where(Product.name == "Gone"))
        db.session.commit()
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM"))
        assert found(cast.acme, "widget") == ["Blue Widget"]
        with db.engine.begin() as connection:
            search_index.create(connection)
        add_product(cast.acme, name="Green Widget")
        assert found(cast.acme, "widget") == ["Blue Widget", "Green Widget"]
        check = "INSERT INTO product_search (product_search) VALUES ('integrity-check')"
        db.session.execute(text(check))


names = st.text(alphabet="abAB 1%_\\\"'-äÄßéİσς漢字😀", min_size=1, max_size=12)


@given(
    rows=st.lists(st.tuples(names, st.none() | names), min_size=1, max_size=12),
    typed=names,
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_plain_python_filter_finds_the_same(shop, rows, typed):
    db.session.execute(delete(Product))
    products = [
        {"id": new_id(), "company_id": shop.acme, "name": name, "category": category}
        | {"price_minor": 1}
        for name, category in rows
    ]
    db.session.execute(insert(Product), products)
    db.session.commit()
    expected = [name for name, category in rows if plainly_holds((name, category), typed)]
    assert found(shop.acme, typed) == sorted(expected)


def plainly_holds(fields: tuple[str | None, ...], typed: str) -> bool:
    own = [word for field in fields for word in folded(field or "")]
    return all(
        any(word in one if len(word) > 2 else one.startswith(word) for one in own)
        for word in folded(typed)
    )


def folded(words: str) -> list[str]:
    plain = unicodedata.normalize("NFD", words).casefold()
    return "".join(char for char in plain if not unicodedata.combining(char)).split()


def walk(where, sort, size: int) -> list[list[str]]:
    """The names on every page, from the first to the last, and back to the first."""
    pages, cursor = [], None
    while not pages or cursor:
        shown = page(select(Product), where, sort, cursor, size)
        pages.append([product.name for product in shown.items])
        cursor = shown.next
    back = [pages[-1]]
    while shown.previous:
        shown = page(select(Product), where, sort, shown.previous, size)
        back.append([product.name for product in shown.items])
    assert back[::-1] == pages
    return pages


def all_of(shop):
    return matching(shop.acme, "")


def test_pages_are_in_the_order_of_names_without_case_and_accents(shop):
    for name in ("banana", "Apple", "Éclair", "date", "Cherry", "Apple pie", "apple 2"):
        add_product(shop.acme, name=name, sku=None)
    expected = ["Apple", "apple 2", "Apple pie", "banana", "Cherry", "date", "Éclair"]
    assert walk(all_of(shop), BY_NAME, 3) == [expected[:3], expected[3:6], expected[6:]]


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7])
def test_equal_names_and_times_are_on_one_page_each(shop, size):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(6):
        add_product(shop.acme, name=("Same", "same")[number % 2], created_at=now)
    expected = [product.id for product in db.session.scalars(select(Product).where(all_of(shop)))]
    for sort in (BY_NAME, NEWEST_FIRST):
        ids, cursor = [], None
        while cursor or not ids:
            shown = page(select(Product), all_of(shop), sort, cursor, size)
            ids += [product.id for product in shown.items]
            cursor = shown.next
        assert sorted(ids) == sorted(expected)


def test_the_newest_come_first(shop):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(5):
        add_product(shop.acme, name=str(number), created_at=start + timedelta(microseconds=number))
    assert walk(all_of(shop), NEWEST_FIRST, 2) == [["4", "3"], ["2", "1"], ["0"]]


def test_the_next_page_follows_where_the_last_one_ended_whatever_was_deleted(shop):
    for name in "abcdef":
        add_product(shop.acme, name=name)
    first = page(select(Product), all_of(shop), BY_NAME, None, 2)
    db.session.execute(delete(Product).where(Product.name == "b"))
    db.session.commit()
    second = page(select(Product), all_of(shop), BY_NAME, first.next, 2)
    assert [product.name for product in second.items] == ["c", "d"]
    back = page(select(Product), all_of(shop), BY_NAME, second.previous, 2)
    assert [product.name for product in back.items] == ["a", "c"]


def test_a_page_behind_the_last_product_is_the_first(shop):
    for name in "abc":
        add_product(shop.acme, name=name)
    first = page(select(Product), all_of(shop), BY_NAME, None, 2)
    db.session.execute(delete(Product).where(Product.name == "c"))
    db.session.commit()
    shown = page(select(Product), all_of(shop), BY_NAME, first.next, 2)
    assert [product.name for product in shown.items] == ["a", "b"]


def test_a_cursor_that_is_not_ours_leads_to_the_first_page(shop):
    for name in "abc":
        add_product(shop.acme, name=name)
    query, where = select(Product), all_of(shop)
    ours, others = (page(query, where, sort, None, 1).next for sort in (BY_NAME, NEWEST_FIRST))
    foreign = ["", "x", ours[:-1], ours + "x", others]
    shown = [page(query, where, BY_NAME, cursor, 1).items[0].name for cursor in foreign]
    assert shown == ["a"] * 5


def test_a_page_of_columns_holds_rows(shop):
    for name in "ab":
        add_product(shop.acme, name=name)
    columns = select(Product.name, Product.id, Product.search_text)
    shown = page(columns, all_of(shop), BY_NAME, None, 1)
    assert [row.name for row in shown.items] == ["a"]
    assert page(columns, all_of(shop), BY_NAME, shown.next, 1).items[0].name == "b"


def test_a_list_without_rows_is_one_empty_page(shop):
    assert page(select(Product), all_of(shop), BY_NAME) == Page([], None, None)


def test_a_count_ends_above_its_limit(shop, monkeypatch):
    monkeypatch.setattr(search, "COUNT_MAX", 3)
    for number in range(3):
        add_product(shop.acme, name=str(number))
    assert search.count(all_of(shop)) == 3
    for number in range(5):
        add_product(shop.acme, name=str(number))
    assert search.count(all_of(shop)) == 4


@given(st.text(max_size=200), st.none() | st.text(max_size=100), st.none() | st.text(max_size=100))
def test_what_is_searched_fits_its_column(name, sku, category):
    folded_fields = searchable(name, sku, category)
    assert len(folded_fields) <= SEARCHABLE_MAX
    folded_fields.encode()


def test_the_longest_fields_without_ligatures_are_searchable_whole():
    longest = searchable("a " * 100, "b " * 50, "c " * 50)
    assert longest.count("c") == 50


def test_categories_are_those_of_the_company_once_each_in_order(shop):
    for category in ("Tools", "Garden", None, "Tools", "Über", "Garden"):
        add_product(shop.acme, category=category)
    add_product(shop.globex, category="Secret")
    assert search.categories(shop.acme) == ["Garden", "Tools", "Über"]
    assert search.categories(shop.globex) == ["Secret"]


def test_a_company_without_products_has_no_category(shop):
    assert search.categories(shop.acme) == []


def test_categories_are_stepped_through_by_their_index(shop):
    row = {"company_id": shop.acme, "name": "Widget", "price_minor": 1}
    rows = [row | {"id": new_id(), "category": f"{number % 3}"} for number in range(5000)]
    db.session.execute(insert(Product), rows)
    db.session.execute(text("ANALYZE"))
    explain = "EXPLAIN" if db.engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    sent = []

    def note(_connection, _cursor, statement, parameters, *_) -> None:
        sent.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    search.categories(shop.acme)
    event.remove(db.engine, "before_cursor_execute", note)
    ((statement, parameters),) = sent
    rows = db.session.connection().exec_driver_sql(f"{explain} {statement}", parameters)
    plan = "\n".join(map(str, rows))
    assert "ix_product_company_category" in plan
    assert "Seq Scan on product" not in plan
    assert "SCAN product" not in plan


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("Køkkenrulle", "kokkenrulle"),
        ("Łódź żółta", "lodz zolta"),
        ("Œufs", "oeufs"),
        ("Smørbrød og æbler", "smorbrod aebler"),
        ("Đắk Lắk", "dak lak"),
        ("Ísland ð og þorskur", "island d thorskur"),
        ("Straße", "STRASSE"),
        ("I\u015f\u0131k \u0131l\u0131k", "isik ilik"),
        ("İstanbul", "istanbul"),
        ("KØKKENRULLE", "køkkenrulle"),
        ("SH-10\u00ad00", "sh-1000"),
        ("SH-1000", "s\u200bh-1000"),
    ],
)
def test_letters_that_people_cannot_type_are_folded(shop, name, typed):
    add_product(shop.acme, name=name)
    add_product(shop.acme, name="Other")
    assert found(shop.acme, typed) == [name]
    assert found(shop.acme, name) == [name]


@pytest.mark.parametrize("typed", ["chai", "tea", "cha", "c"])
def test_other_alphabets_are_not_spelled_in_latin_letters(shop, typed):
    add_product(shop.acme, name="чай")
    add_product(shop.acme, name="Τσάι")
    assert found(shop.acme, typed) == []

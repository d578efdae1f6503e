"""Products that match what was typed, and pages of a list that cost the same at any depth."""

from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import ColumnElement, Select, and_, bindparam, func, select, text, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from .extensions import db
from .folding import needles
from .models import Product
from .models.columns import UtcDateTime

PAGE_SIZE = 24
# A list says "1,000+" rather than count all of a large catalogue for every page.
COUNT_MAX = 1000
# So few products are looked through faster than an index over all companies is asked.
SMALL_COMPANY = 2000
# So many products contain a common piece that the first page of them is soon found in order.
COMMON = 500

# The numbers of the products that match, as JSON; NULL if the index is not the way to find them.
_NUMBERS = text("""
    SELECT CASE
        WHEN EXISTS (SELECT 1 FROM product WHERE company_id = :company LIMIT 1 OFFSET :small)
        THEN (SELECT CASE WHEN count(*) <= :common THEN json_group_array(rowid) END FROM (
            SELECT rowid FROM product_search WHERE product_search MATCH :phrases LIMIT :common + 1
        ))
    END""")
_NUMBERED = text("SELECT value FROM json_each(:numbers)")


def matching(company_id: str, typed: str | None) -> ColumnElement[bool]:
    """The condition that a Product is the company's and holds every word that was typed.

    A word counts anywhere in the name, SKU or category, in any case and
    with or without accents; one of one or two letters counts at the
    start of a word. Without a word, every product matches.
    """
    own, wanted = Product.company_id == company_id, needles(typed)
    if numbers := _numbers(company_id, wanted):
        return and_(own, Product.search_number.in_(_NUMBERED.bindparams(numbers=numbers)))
    return and_(own, *map(_holds, wanted))


def _numbers(company_id: str, wanted: list[str]) -> str | None:
    """What SQLite's index knows, if that is the faster way; PostgreSQL chooses by itself."""
    if not wanted or db.engine.dialect.name != "sqlite":
        return None
    limits = {"small": SMALL_COMPANY, "common": COMMON}
    asked = {"company": company_id, "phrases": _phrases(wanted)}
    return db.session.scalar(_NUMBERS, asked | limits)


def categories(company_id: str) -> list[str]:
    """The categories of the company's products, in order; it costs as many steps as there are."""
    return db.session.scalars(_CATEGORIES, {"company_id": company_id}).all()


def _stepping_through_categories() -> Select:
    # Neither database skips through an index for DISTINCT: each step asks for the next category.
    own = Product.company_id == bindparam("company_id")
    first = select(func.min(Product.category).label("category")).where(own)
    found = first.cte("found", recursive=True)
    following = select(func.min(Product.category)).where(own, Product.category > found.c.category)
    step = select(following.scalar_subquery()).where(found.c.category.is_not(None))
    found = found.union_all(step)
    return select(found.c.category).where(found.c.category.is_not(None)).order_by(found.c.category)


_CATEGORIES = _stepping_through_categories()


def count(where: ColumnElement[bool]) -> int:
    """How many products meet a condition, or COUNT_MAX + 1 where more than COUNT_MAX do."""
    counted = select(Product.id).where(where).limit(COUNT_MAX + 1).subquery()
    return db.session.scalar(select(func.count()).select_from(counted))


@dataclass(frozen=True)
class Sort:
    """An order in which every row has a place of its own, by one index that ends in a key."""

    columns: tuple[InstrumentedAttribute, ...]
    is_descending: bool = False

    def order(self, is_reversed: bool) -> list[ColumnElement]:
        if self.is_descending != is_reversed:
            return [key.desc() for key in self.columns]
        return list(self.columns)

    def beyond(self, place: list, is_reversed: bool) -> ColumnElement[bool]:
        """What comes after place; reversed, what comes before it."""
        keys = tuple_(*self.columns)
        return keys < tuple(place) if self.is_descending != is_reversed else keys > tuple(place)


BY_NAME = Sort((Product.search_text, Product.id))
NEWEST_FIRST = Sort((Product.created_at, Product.id), is_descending=True)


@dataclass(frozen=True)
class Page:
    """Some rows of a list, and the cursors of the pages beside it, or None."""

    items: list
    previous: str | None
    next: str | None


def page(
    query: Select,
    where: ColumnElement[bool],
    sort: Sort,
    cursor: str | None = None,
    size: int = PAGE_SIZE,
) -> Page:
    """At most size rows of query that meet where, those beside the place that cursor names.

    query: in no order yet; of one entity, or of columns among which are
    the sort's. cursor: from a Page of the same sort; with None, or with
    one that is not ours, the first page.
    """
    is_backward, place = _read(cursor, sort)
    rows = _rows(query, where, sort, is_backward, place, size)
    if place and len(rows) <= (size if is_backward else 0):
        # The start of the list is a whole page, whatever has come and gone meanwhile.
        is_backward, place = False, None
        rows = _rows(query, where, sort, is_backward, place, size)
    has_more, rows = len(rows) > size, rows[:size]
    if is_backward:
        rows.reverse()
    has_previous, has_next = (has_more, True) if is_backward else (bool(place), has_more)
    return Page(
        rows,
        _cursor("before", rows[0], sort) if has_previous else None,
        _cursor("after", rows[-1], sort) if has_next else None,
    )


def _rows(
    query: Select,
    where: ColumnElement[bool],
    sort: Sort,
    is_backward: bool,
    place: list | None,
    size: int,
) -> list:
    order = sort.order(is_backward)
    # Asked for the ids alone, a database passes over what does not match within the index.
    row_id = sort.columns[-1].class_.id
    found = select(row_id).where(where).order_by(*order)
    if place:
        found = found.where(sort.beyond(place, is_backward))
    # One row more than is shown tells whether there is another page.
    shown = query.where(row_id.in_(found.limit(size + 1))).order_by(*order)
    rows = db.session.execute(shown).all()
    return [row[0] for row in rows] if rows and len(rows[0]) == 1 else rows


def _cursor(side: str, row, sort: Sort) -> str:
    values = [getattr(row, key.key) for key in sort.columns]
    place = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    return _signer(sort).dumps([side, place])


def _read(cursor: str | None, sort: Sort) -> tuple[bool, list | None]:
    try:
        side, place = _signer(sort).loads(cursor or "")
    except BadSignature:
        return False, None
    is_time = [isinstance(key.type, UtcDateTime) for key in sort.columns]
    values = zip(place, is_time, strict=True)
    return side == "before", [datetime.fromisoformat(v) if is_at else v for v, is_at in values]


def _signer(sort: Sort) -> URLSafeSerializer:
    # Signed, so nothing but a place in a list of this very sort ever reaches the database.
    names = ",".join(map(str, sort.columns))
    return URLSafeSerializer(current_app.secret_key, f"cursor {names}")


def _phrases(wanted: list[str]) -> str:
    """What FTS5 is asked: every piece, its quotes doubled, so that it is text and no operator."""
    return " AND ".join('"{}"'.format(piece.replace('"', '""')) for piece in wanted)


def _holds(piece: str) -> ColumnElement[bool]:
    if not set(piece) & set("\\%_"):
        # SQLite takes half as long again where it is told of an escape character.
        return Product.search_text.like(f"%{piece}%")
    return Product.search_text.contains(piece, autoescape=True)

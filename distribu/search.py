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

_FOUND = text("SELECT rowid FROM product_search WHERE product_search MATCH :phrases")
_USES_INDEX = text("""
    SELECT EXISTS (SELECT 1 FROM product WHERE company_id = :company LIMIT 1 OFFSET :small)
    AND NOT EXISTS (
        SELECT 1 FROM product_search WHERE product_search MATCH :phrases LIMIT 1 OFFSET :common
    )""")


def matching(company_id: str, typed: str | None) -> ColumnElement[bool]:
    """The condition that a Product is the company's and holds every word that was typed.

    A word counts anywhere in the name, SKU or category, in any case and
    with or without accents; one of one or two letters counts at the
    start of a word. Without a word, every product matches.
    """
    own, wanted = Product.company_id == company_id, needles(typed)
    if wanted and db.engine.dialect.name == "sqlite":
        phrases = _phrases(wanted)
        asked = {"company": company_id, "small": SMALL_COMPANY, "phrases": phrases}
        if db.session.scalar(_USES_INDEX, asked | {"common": COMMON}):
            found = _FOUND.bindparams(phrases=phrases)
            return and_(own, Product.search_number.in_(found))
    return and_(own, *(Product.search_text.like(_pattern(piece), "\\") for piece in wanted))


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


def count(query: Select) -> int:
    """How many rows query has, or COUNT_MAX + 1 where there are more than COUNT_MAX."""
    counted = query.limit(COUNT_MAX + 1).subquery()
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


def page(query: Select, sort: Sort, cursor: str | None = None, size: int = PAGE_SIZE) -> Page:
    """At most size rows of query, those beside the place that cursor names.

    query: in no order yet; of one entity, or of columns among which are
    the sort's. cursor: from a Page of the same sort; with None, or with
    one that is not ours, the first page.
    """
    is_backward, place = _read(cursor, sort)
    rows = _rows(query, sort, is_backward, place, size)
    if place and len(rows) <= (size if is_backward else 0):
        # The start of the list is a whole page, whatever has come and gone meanwhile.
        is_backward, place = False, None
        rows = _rows(query, sort, is_backward, place, size)
    has_more, rows = len(rows) > size, rows[:size]
    if is_backward:
        rows.reverse()
    has_previous, has_next = (has_more, True) if is_backward else (bool(place), has_more)
    return Page(
        rows,
        _cursor("before", rows[0], sort) if has_previous else None,
        _cursor("after", rows[-1], sort) if has_next else None,
    )


def _rows(query: Select, sort: Sort, is_backward: bool, place: list | None, size: int) -> list:
    if place:
        query = query.where(sort.beyond(place, is_backward))
    # One row more than is shown tells whether there is another page.
    shown = query.order_by(*sort.order(is_backward)).limit(size + 1)
    if db.engine.dialect.name == "postgresql":
        # Asked for the key alone, it passes over what does not match within the index.
        key = sort.columns[-1]
        shown = query.where(key.in_(shown.with_only_columns(key))).order_by(
            *sort.order(is_backward)
        )
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


def _pattern(piece: str) -> str:
    for special in "\\%_":
        piece = piece.replace(special, "\\" + special)
    return f"%{piece}%"

"""Products that match what was typed."""

from flask_sqlalchemy.session import Session
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    and_,
    bindparam,
    func,
    select,
    text,
)
from sqlalchemy.orm import scoped_session

from ..extensions import db
from ..http.paging import Sort
from ..models import Product
from ..models.search_text import needles

# A list says "1,000+" rather than count all of a large catalog for every page.
COUNT_MAX = 1000
# So few products are looked through faster than an index over all companies is asked.
SMALL_COMPANY = 2000
# So many products contain a common piece that the first page of them is soon found in order.
COMMON = 500
# The numbers of the products that match, as JSON; NULL if the index is not the way to find them.
_NUMBERS = """
    SELECT CASE
        WHEN EXISTS (SELECT 1 FROM product WHERE company_id = :company LIMIT 1 OFFSET :small)
        THEN (SELECT CASE WHEN count(*) <= :common THEN json_group_array(rowid) END FROM (
            SELECT rowid FROM product_search WHERE product_search MATCH :phrases LIMIT :common + 1
        ))
    END"""
# NULL as well where the range of names has enough rows of its own.
_NUMBERS_UNLESS = f"""
    SELECT CASE WHEN :enough > (SELECT count(*) FROM (
        SELECT 1 FROM product WHERE company_id = :company AND is_active
            AND search_text >= :low AND search_text < :high LIMIT :enough
    )) THEN ({_NUMBERS}) END"""
_ASK_NUMBERS, _ASK_NUMBERS_UNLESS = text(_NUMBERS), text(_NUMBERS_UNLESS)
NUMBERED = text("SELECT value FROM json_each(:numbers)")


def matching(
    company_id: str, typed: str | None, connection: Connection | None = None
) -> ColumnElement[bool]:
    """The condition that a Product is the company's and holds every word that was typed.

    A word counts anywhere in the name, SKU or category, in any case and
    with or without accents; one of one or two letters counts at the
    start of a word. Without a word, every product matches.
    connection: what the index is asked through, in place of the session.
    """
    own, wanted = Product.company_id == company_id, needles(typed)
    if numbers := numbers_in_index(connection or db.session, company_id, wanted):
        return and_(own, Product.search_number.in_(NUMBERED.bindparams(numbers=numbers)))
    return and_(own, *map(_holds, wanted))


def numbers_in_index(
    asked_through: scoped_session[Session] | Connection,
    company_id: str,
    wanted: list[str],
    unless: dict[str, object] | None = None,
) -> str | None:
    """Return the row numbers from SQLite's index where it is faster; PostgreSQL plans by itself.

    wanted: the needles of what was typed. unless: a range of the index of
    names, from low to high, that is read instead where it has enough rows
    for sale. The numbers are JSON, as NUMBERED takes them.
    """
    if not wanted or db.engine.dialect.name != "sqlite":
        return None
    limits = {"small": SMALL_COMPANY, "common": COMMON}
    asked = {"company": company_id, "phrases": _phrases(wanted)}
    statement = _ASK_NUMBERS_UNLESS if unless else _ASK_NUMBERS
    numbers: str | None = asked_through.scalar(statement, asked | limits | (unless or {}))
    return numbers


def categories(company_id: str, connection: Connection | None = None) -> list[str]:
    """The categories of the company's products, in order; it costs as many steps as there are."""
    found = (connection or db.session).scalars(_CATEGORIES, {"company_id": company_id})
    return list(found)


def _stepping_through_categories() -> Select[str]:
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
    """Count the products that meet a condition, up to COUNT_MAX + 1."""
    counted = select(Product.id).where(where).limit(COUNT_MAX + 1).subquery()
    return db.session.scalars(select(func.count()).select_from(counted)).one()


BY_NAME = Sort((Product.search_text, Product.id))
BY_SKU = Sort((Product.sku_order, Product.id))
BY_PRICE = Sort((Product.price_minor, Product.id))
BY_STOCK = Sort((Product.stock, Product.id))
BY_CHANGE = Sort((Product.updated_at, Product.id))
NEWEST_FIRST = Sort((Product.created_at, Product.id), is_descending=True)


# For statements that are composed once, and asked with many words.
def bound_patterns(special: tuple[bool, ...]) -> list[ColumnElement[bool]]:
    """Return what matching() asks of each piece, with its pattern as a parameter.

    special: as special_pieces() has it; the patterns are bound_values().
    """
    patterns = [bindparam(f"pattern{number}", type_=String) for number in range(len(special))]
    return [
        Product.search_text.like(pattern, "\\" if is_special else None)
        for pattern, is_special in zip(patterns, special, strict=True)
    ]


def bound_values(wanted: list[str]) -> dict[str, str]:
    """Return the patterns of these pieces by the names of their parameters."""
    return {f"pattern{number}": f"%{_escaped(piece)}%" for number, piece in enumerate(wanted)}


def special_pieces(wanted: list[str]) -> tuple[bool, ...]:
    """Return for each piece whether it holds a character that means something to LIKE."""
    return tuple(bool(set(piece) & set("\\%_")) for piece in wanted)


def _escaped(piece: str) -> str:
    return piece.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _phrases(wanted: list[str]) -> str:
    """Return the FTS5 query: every piece as a quoted phrase, so that none reads as an operator."""
    return " AND ".join('"{}"'.format(piece.replace('"', '""')) for piece in wanted)


def _holds(piece: str) -> ColumnElement[bool]:
    if special_pieces([piece]) == (False,):
        # SQLite takes half as long again where it is told of an escape character.
        return Product.search_text.like(f"%{piece}%")
    return Product.search_text.contains(piece, autoescape=True)

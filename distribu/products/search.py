"""Search products, list categories, and count and sort results."""

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

# A list shows "1,000+" instead of counting all of a large catalog for every page.
COUNT_MAX = 1000
# Up to this size, scanning a company is faster than the index over all companies.
SMALL_COMPANY = 2000
# With more matches than this, scanning in sort order soon fills the first page.
COMMON = 500
LIKE_ESCAPE = "\\"
# The numbers of the matching products, as JSON; NULL if the index should not be used.
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
    """Return the condition that a product is the company's and contains every typed word.

    A word may occur anywhere in the name, SKU or category, in any case and
    with or without accents; one of one or two letters must begin a word. If
    no word was typed, every product matches.
    connection: used for the index query instead of the session.
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
    """Return row numbers from SQLite's index if that is faster; PostgreSQL plans by itself.

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
    """Return the company's categories in order, in one index step per category."""
    found = (connection or db.session).scalars(_CATEGORIES, {"company_id": company_id})
    return list(found)


def _stepping_through_categories() -> Select[str]:
    # Neither database skips through an index for DISTINCT, so each step selects the next category.
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


# For statements that are composed once, and executed for many searches.
def bound_patterns(special: tuple[bool, ...]) -> list[ColumnElement[bool]]:
    """Return the condition of each piece that matching() has, with its pattern as a parameter.

    special: from special_pieces(); the parameters are in bound_values().
    """
    patterns = [bindparam(f"pattern{number}", type_=String) for number in range(len(special))]
    return list(map(_holds_pattern, patterns, special))


def bound_values(wanted: list[str]) -> dict[str, str]:
    """Return the patterns of these pieces, by parameter name."""
    return {f"pattern{number}": like_pattern(piece) for number, piece in enumerate(wanted)}


def special_pieces(wanted: list[str]) -> tuple[bool, ...]:
    """Return for each piece whether it contains a character with a meaning in LIKE."""
    return tuple(bool(set(piece) & {LIKE_ESCAPE, "%", "_"}) for piece in wanted)


def like_pattern(piece: str) -> str:
    """Return the pattern for LIKE, escaped by LIKE_ESCAPE, of texts that contain piece."""
    for special in (LIKE_ESCAPE, "%", "_"):
        piece = piece.replace(special, LIKE_ESCAPE + special)
    return f"%{piece}%"


def _phrases(wanted: list[str]) -> str:
    """Return an FTS5 query of quoted pieces, so that none of them reads as an operator."""
    return " AND ".join('"{}"'.format(piece.replace('"', '""')) for piece in wanted)


def _holds(piece: str) -> ColumnElement[bool]:
    return _holds_pattern(like_pattern(piece), *special_pieces([piece]))


def _holds_pattern(pattern: str | ColumnElement[str], is_special: bool) -> ColumnElement[bool]:
    # SQLite takes half as long again with an escape character.
    return Product.search_text.like(pattern, LIKE_ESCAPE if is_special else None)

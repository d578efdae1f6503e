"""The columns of products that are computed from others, made right where older code wrote.

An older release does not know a column that came after it: it leaves the column empty in what
it adds, and as it was in what it changes. The database does not compute them itself, since
both databases fold letters in ways of their own.
"""

from collections.abc import Iterator, Sequence
from typing import TypedDict

from sqlalchemy import Row, bindparam, select, update

from ..extensions import db
from ..models import Company, Product
from ..models.search_text import searchable
from ..models.sku_keys import own_key, sku_key, sku_order

_COMPARED = (Product.id, Product.name, Product.sku, Product.category)
_FILLED = (Product.sku_key, Product.sku_order, Product.search_text)
_ProductRow = Row[str, str, str | None, str | None, str | None, str, str]


class _Change(TypedDict):
    row: str
    was_name: str
    was_sku: str | None
    was_category: str | None
    sku_key: str | None
    sku_order: str
    search_text: str


def refill_products() -> int:
    """Every product has the keys and the search text of what it says; return how many changed.

    Commits company by company. What somebody saves meanwhile stays.
    Raises IntegrityError where somebody takes a key meanwhile.
    """
    company_ids = db.session.scalars(select(Company.id).order_by(Company.id)).all()
    return sum(map(_refill_company, company_ids))


def _refill_company(company_id: str) -> int:
    asked = select(*_COMPARED, *_FILLED).where(Product.company_id == company_id)
    rows = db.session.execute(asked.order_by(Product.id)).all()
    changes = list(_changes(rows))
    if changes:
        # Keys may go from one product to another, and no two may have the same one meanwhile.
        _write([change | {"sku_key": None} for change in changes])
        _write(changes)
    db.session.commit()
    return len(changes)


def _changes(rows: Sequence[_ProductRow]) -> Iterator[_Change]:
    """Yield what is wrong with products, from the oldest to the newest.

    A key stays with the product that has it rightly; else the oldest one gets it.
    """
    taken = {row.sku_key for row in rows if row.sku_key == sku_key(row.sku)}
    for row in rows:
        key = sku_key(row.sku)
        if key is not None and key != row.sku_key:
            key = own_key(row.id) if key in taken else key
            taken.add(key)
        filled = key, sku_order(row.sku), searchable(row.name, row.sku, row.category)
        if filled != (row.sku_key, row.sku_order, row.search_text):
            yield _change(row, *filled)


def _change(row: _ProductRow, key: str | None, order: str, text: str) -> _Change:
    return {
        "row": row.id,
        "was_name": row.name,
        "was_sku": row.sku,
        "was_category": row.category,
        "sku_key": key,
        "sku_order": order,
        "search_text": text,
    }


def _write(changes: list[_Change]) -> None:
    """Fill each product that is still as it was read; its version and updated_at stay."""
    statement = update(Product).where(
        Product.id == bindparam("row"),
        Product.name == bindparam("was_name"),
        Product.sku.is_not_distinct_from(bindparam("was_sku")),
        Product.category.is_not_distinct_from(bindparam("was_category")),
    )
    db.session.connection().execute(statement, changes)

"""Recompute the columns of products that an older release left empty or outdated."""

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
    """Give every product its SKU keys and search text again; return how many changed.

    Commits company by company, and keeps what others save meanwhile. Raises IntegrityError
    if someone takes a key at the same time.
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
    """Yield the corrections that products need, from the oldest product to the newest.

    A product keeps a key that is rightly its own; otherwise the oldest product gets it.
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
    """Update each product that is still as it was read; leave its version and updated_at."""
    statement = update(Product).where(
        Product.id == bindparam("row"),
        Product.name == bindparam("was_name"),
        Product.sku.is_not_distinct_from(bindparam("was_sku")),
        Product.category.is_not_distinct_from(bindparam("was_category")),
    )
    db.session.connection().execute(statement, changes)

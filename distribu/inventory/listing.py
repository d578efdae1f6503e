"""The inventory list: every product of the company, by name."""

from collections.abc import Sequence

from flask import g, render_template, request, url_for
from sqlalchemy import Row, and_, select
from sqlalchemy.orm import selectinload

from ..extensions import db
from ..http import paging
from ..http.tenancy import signed_in
from ..models import Product
from ..models.sku_keys import is_own_key
from ..products import search
from .blueprint import bp
from .first_steps import first_steps

# Products with alike SKUs are shown so many at a time; more appear as these are renamed.
ALIKE_MAX = 50


@bp.get("")
@signed_in
def list_products():
    """The products that match the filters, a page at a time."""
    filters = {name: request.args.get(name, "").strip() for name in ("q", "category")}
    where = search.matching(g.company.id, filters["q"])
    if filters["category"]:
        where = and_(where, Product.category == filters["category"])
    query = select(Product).options(selectinload(Product.image))
    page = paging.page(query, where, search.BY_NAME, request.args.get("cursor"))
    # With more than a page of products, a company knows its way.
    is_small = not (any(filters.values()) or page.previous or page.next)
    return render_template(
        "inventory/list.html",
        alike=_with_alike_skus(),
        products=page.items,
        pages=_pagination(page, search.count(where), filters),
        categories=search.categories(g.company.id),
        filters=filters,
        first_steps=first_steps(g.company.id) if is_small else None,
    )


def _pagination(page: paging.Page, count: int, filters: dict) -> dict:
    """What the pagination macro shows."""
    many = f"more than {search.COUNT_MAX:,}" if count > search.COUNT_MAX else f"{count:,}"
    return {
        "summary": f"{many} {'product' if count == 1 else 'products'}",
        "previous_url": _url(filters, page.previous),
        "next_url": _url(filters, page.next),
    }


def _url(filters: dict, cursor: str | None) -> str | None:
    given = {name: value for name, value in filters.items() if value}
    return cursor and url_for("inventory.list_products", cursor=cursor, **given)


def _with_alike_skus() -> Sequence[Row]:
    """The products whose SKU looks like another one's, from before SKUs were compared by keys."""
    own = (Product.company_id == g.company.id) & is_own_key(Product.sku_key)
    asked = select(Product.id, Product.name, Product.sku).where(own).order_by(Product.sku_key)
    return db.session.execute(asked.limit(ALIKE_MAX)).all()

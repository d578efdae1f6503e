"""The inventory list: products of the company, searched, filtered and sorted."""

from collections.abc import Sequence

from flask import g, render_template, request
from sqlalchemy import Row, select
from sqlalchemy.orm import selectinload

from ..extensions import db
from ..http import paging
from ..http.tenancy import signed_in
from ..images.decoding.policies import MERCHANT
from ..models import Product
from ..models.sku_keys import is_own_key
from ..products import search
from ..products.filters import FILTERS
from .blueprint import bp
from .bulk_changes import WORDINGS
from .first_steps import first_steps
from .list_view import SIZES, SORTS, ListView

# Products with SKUs that look alike, shown at most; more appear as these are renamed.
ALIKE_MAX = 50


@bp.get("")
@signed_in
def list_products():
    """Show one page of the products that match the address."""
    view, cursor = ListView.of(request.args), request.args.get("cursor")
    query = select(Product).options(selectinload(Product.image))
    page = paging.page(query, view.where, view.order, cursor, view.size)
    # A company with more than one page of products needs no first steps.
    is_small = not (view.is_filtered or page.previous or page.next)
    return render_template(
        "inventory/list.html",
        alike=_with_alike_skus(),
        products=page.items,
        pages=_pagination(page, view),
        view=view,
        cursor=cursor,
        policy=MERCHANT,
        actions={name: wording.button for name, wording in WORDINGS.items()},
        filters=FILTERS,
        counted=counted,
        sorts={name: label for name, (label, _) in SORTS.items()},
        sizes=SIZES,
        categories=search.categories(g.company.id),
        first_steps=first_steps(g.company.id) if is_small else None,
    )


def counted(count: int) -> str:
    """Return the count of a list as people read it."""
    return f"more than {search.COUNT_MAX:,}" if count > search.COUNT_MAX else f"{count:,}"


def _pagination(page: paging.Page, view: ListView) -> dict:
    """Return the arguments of the pagination macro."""
    return {
        "summary": _summary(page, view.count),
        "previous_url": page.previous and view.url(page.previous),
        "next_url": page.next and view.url(page.next),
    }


def _summary(page: paging.Page, count: int) -> str:
    first, last = page.first, page.first + len(page.items) - 1
    if count <= search.COUNT_MAX and not page.next:
        # On the last page count from the end, since products may have been added or deleted.
        first, last = count - len(page.items) + 1, count
    noun = "product" if count == 1 else "products"
    return f"{first:,}–{last:,} of {counted(count)} {noun}"


def _with_alike_skus() -> Sequence[Row]:
    """Return products whose SKU looks like another's, from before SKUs were compared by key."""
    own = (Product.company_id == g.company.id) & is_own_key(Product.sku_key)
    asked = select(Product.id, Product.name, Product.sku).where(own).order_by(Product.sku_key)
    return db.session.execute(asked.limit(ALIKE_MAX)).all()

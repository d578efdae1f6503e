"""Views that read products, page by page or by their ids."""

from flask import abort, g
from marshmallow import RAISE, fields, validate
from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import selectinload

from ..extensions import db
from ..http.api_keys import with_key
from ..http.json_bodies import Closed, Moment, moment
from ..http.openapi import about, described
from ..http.paging import Sort, rows_beside
from ..models import Product
from ..models.search_text import needles
from ..products.search import matching
from . import examples
from .blueprint import bp
from .paging import PAGE_SIZE, ids_in, pagination, read_cursor, refuse_repeated
from .schemas import ProductPage, Products
from .serializers import is_v2, product_body

CURSOR_ALONE = "cursor cannot be combined with parameters other than those that it was made from."
BOTH_OR_NEITHER = "modifiedAfter and modifiedBefore must be given together."
MISSING = "One or more of the specified products were not found."

PHYSICAL = "PHYSICAL"
TYPES = (PHYSICAL, "DIGITAL", "SERVICE", "GIFT_CARD")

# A product that changes meanwhile moves to the end, so that paging misses none.
_OLDEST_CHANGE_FIRST = Sort((Product.updated_at, Product.id))
_WITH_IMAGES = selectinload(Product.images)
_SPAN = ("modifiedAfter", "modifiedBefore")


class Types(fields.List):
    """Types of products: a repeated or comma-separated parameter."""

    # Narrower than in the base class: the list has no None.
    def _deserialize(self, value, attr, data, **kwargs) -> list[str]:  # type: ignore[override]
        names = [name.strip() for one in value for name in one.split(",")]
        return sorted(set(map(str, super()._deserialize(names, attr, data, **kwargs))))


class ProductQuery(Closed):
    """Query parameters of the list of products: a cursor, or the filters of a first page."""

    cursor = fields.String(
        metadata=about(
            "nextPageCursor of the page before; empty: the first page. Other parameters beside it "
            "must be those that it was made from."
        )
    )
    modifiedAfter = Moment(metadata=about("Changed after it.", format="date-time"))
    modifiedBefore = Moment(metadata=about("Changed before it.", format="date-time"))
    type = Types(
        fields.String(validate=validate.OneOf(TYPES)),
        metadata=about("Types, repeated or comma-separated; Distribu only has PHYSICAL."),
    )
    query = fields.String(metadata=about("Words that the name, SKU or category contains."))
    limit = fields.String(metadata=about(f"Has no effect: a page has up to {PAGE_SIZE} products."))


@bp.get("/products", strict_slashes=False)
@with_key("products:read")
@described("listProducts", 400)
@bp.arguments(ProductQuery, location="query", unknown=RAISE)
@bp.response(200, ProductPage, example=examples.PRODUCT_PAGE)
def list_products(asked: dict) -> dict:
    """List up to 50 products, least recently changed first."""
    refuse_repeated("type")
    cursor, asked = asked.pop("cursor", ""), _as_text(asked)
    place = None
    if cursor:
        place, earlier = read_cursor(_OLDEST_CHANGE_FIRST, cursor)
        if not asked.items() <= earlier.items():
            abort(400, CURSOR_ALONE)
        asked = earlier
    elif not is_v2() and ("modifiedAfter" in asked) != ("modifiedBefore" in asked):
        abort(400, BOTH_OR_NEITHER)
    shown, has_more = _rows(asked, place)
    return {
        "products": [product_body(product) for product in shown],
        "pagination": pagination(_OLDEST_CHANGE_FIRST, shown, has_more, asked),
    }


@bp.get("/products/<product_ids>")
@with_key("products:read")
@described("getProducts", 400, 404)
@bp.response(200, Products, example=examples.PRODUCTS)
def show_products(product_ids: str) -> dict:
    """Get up to 50 products by comma-separated ids; 404 if one is missing."""
    return {"products": [product_body(one) for one in own_products(product_ids, MISSING)]}


def own_products(path: str, missing: str) -> list[Product]:
    """Return the company's products with these ids, in their order; 404 if one is missing."""
    ids = ids_in(path)
    query = select(Product).where(_is_own(), Product.id.in_(ids)).options(_WITH_IMAGES)
    found = {product.id: product for product in db.session.scalars(query)}
    if len(found) < len(ids):
        abort(404, missing)
    return [found[one] for one in ids]


def _is_own() -> ColumnElement[bool]:
    return Product.company_id == g.company.id


def _as_text(asked: dict) -> dict:
    """Return the query as stored in cursors and compared, without an empty search and the limit."""
    kept = {name: asked[name] for name in ("type", "query") if asked.get(name)}
    return kept | {name: moment(asked[name], "microseconds") for name in _SPAN if name in asked}


def _rows(asked: dict, place: list | None) -> tuple[list[Product], bool]:
    """Return the products of the requested page, and whether there are more."""
    typed = asked.get("query")
    # A search without a word, such as "--" or a blank, finds nothing instead of everything.
    if PHYSICAL not in asked.get("type", [PHYSICAL]) or (typed and not needles(typed)):
        return [], False
    where = [matching(g.company.id, typed)]
    if "modifiedAfter" in asked:
        where.append(Product.updated_at > Moment().deserialize(asked["modifiedAfter"]))
    if "modifiedBefore" in asked:
        where.append(Product.updated_at < Moment().deserialize(asked["modifiedBefore"]))
    query = select(Product).options(_WITH_IMAGES)
    return rows_beside(query, and_(*where), _OLDEST_CHANGE_FIRST, place, PAGE_SIZE)

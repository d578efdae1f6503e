"""Products, to be read: all of them page by page, or some by their ids."""

from datetime import datetime

from flask import abort, current_app, g, request
from itsdangerous import BadSignature, URLSafeSerializer
from marshmallow import fields
from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import selectinload

from ..extensions import db
from ..http.api_keys import with_key
from ..http.json_bodies import Closed, Moment
from ..http.openapi import about
from ..http.paging import Sort, rows_beside
from ..models import Product
from .blueprint import bp
from .schemas import ProductPage, Products
from .serializers import is_v2, product_body

PAGE_SIZE = 50
IDS_MAX = 50

BAD_CURSOR = "cursor is not one that this API has given."
CURSOR_ALONE = "cursor cannot be combined with other parameters."
BOTH_OR_NEITHER = "modifiedAfter and modifiedBefore must be given together."
TOO_MANY_IDS = f"At most {IDS_MAX} ids can be asked for at once."
EMPTY_ID = "An id is empty."
MISSING = "One or more of the specified products were not found."

# A product that changes meanwhile moves to the end, so that walking through the pages misses none.
_OLDEST_CHANGE_FIRST = Sort((Product.updated_at, Product.id))
_WITH_IMAGES = selectinload(Product.images)


class ProductQuery(Closed):
    """Which products: those of a page that went before, or those of a span of time."""

    cursor = fields.String(
        metadata=about("nextPageCursor of the page before. It excludes every other parameter.")
    )
    modifiedAfter = Moment(metadata=about("Changed after it.", format="date-time"))
    modifiedBefore = Moment(metadata=about("Changed before it.", format="date-time"))
    type = fields.String(metadata=about("Names with commas; PHYSICAL is what Distribu has."))


@bp.get("/products")
@with_key("products:read")
@bp.arguments(ProductQuery, location="query")
@bp.response(200, ProductPage)
def list_products(asked: dict) -> dict:
    """Up to 50 products, the one that was changed longest ago first."""
    place = None
    if "cursor" in asked:
        if len(asked) > 1:
            abort(400, CURSOR_ALONE)
        place, asked = _read_cursor(asked["cursor"])
    elif not is_v2() and ("modifiedAfter" in asked) != ("modifiedBefore" in asked):
        abort(400, BOTH_OR_NEITHER)
    shown, has_more = _rows(asked, place)
    cursor = _cursor(shown[-1], asked) if has_more else None
    return {
        "products": [product_body(product) for product in shown],
        "pagination": {
            "hasNextPage": has_more,
            "nextPageCursor": cursor,
            "nextPageUrl": cursor and _page_url(cursor),
        },
    }


@bp.get("/products/<product_ids>")
@with_key("products:read")
@bp.response(200, Products)
def show_products(product_ids: str) -> dict:
    """Up to 50 products by their ids, with commas between them; 404 if one is missing."""
    ids = list(dict.fromkeys(product_ids.split(",")))
    if len(ids) > IDS_MAX:
        abort(400, TOO_MANY_IDS)
    if "" in ids:
        abort(400, EMPTY_ID)
    query = select(Product).where(_is_own(), Product.id.in_(ids)).options(_WITH_IMAGES)
    found = {product.id: product for product in db.session.scalars(query)}
    if len(found) < len(ids):
        abort(404, MISSING)
    return {"products": [product_body(found[one]) for one in ids]}


def _is_own() -> ColumnElement[bool]:
    return Product.company_id == g.company.id


def _rows(asked: dict, place: list | None) -> tuple[list[Product], bool]:
    """The products of the page that was asked for, and whether there are more."""
    if "PHYSICAL" not in asked.get("type", "PHYSICAL").split(","):
        return [], False
    where = [_is_own()]
    if "modifiedAfter" in asked:
        where.append(Product.updated_at > asked["modifiedAfter"])
    if "modifiedBefore" in asked:
        where.append(Product.updated_at < asked["modifiedBefore"])
    query = select(Product).options(_WITH_IMAGES)
    return rows_beside(query, and_(*where), _OLDEST_CHANGE_FIRST, place, PAGE_SIZE)


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key, salt="commerce-cursor")


def _cursor(last: Product, asked: dict) -> str:
    spans = {name: asked[name].isoformat() for name in _SPAN if name in asked}
    return _serializer().dumps([*_OLDEST_CHANGE_FIRST.dump_place(last), spans])


def _read_cursor(cursor: str) -> tuple[list, dict]:
    """The place of the last product seen, and what was asked for."""
    try:
        *place, spans = _serializer().loads(cursor)
    except BadSignature:
        abort(400, BAD_CURSOR)
    asked = {name: datetime.fromisoformat(text) for name, text in spans.items()}
    return _OLDEST_CHANGE_FIRST.load_place(place), asked


_SPAN = ("modifiedAfter", "modifiedBefore")


def _page_url(cursor: str) -> str:
    path = f"{request.path}?cursor={cursor}"
    return path if is_v2() else current_app.config["PUBLIC_URL"] + path

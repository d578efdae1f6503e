"""Products, to be read: all of them page by page, or some by their ids."""

from datetime import UTC, datetime

from flask import abort, current_app, g, request
from itsdangerous import BadSignature, URLSafeSerializer
from marshmallow import fields
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from ..extensions import db
from ..http.api_keys import with_key
from ..http.json_bodies import Closed
from ..http.openapi import about
from ..http.paging import Sort
from ..models import Product
from .blueprint import bp
from .bodies import is_v2, product_body
from .schemas import ProductPage, Products

PAGE_SIZE = 50
IDS_MAX = 50

BAD_CURSOR = "cursor is not one that this API has given."
CURSOR_ALONE = "cursor cannot be combined with other parameters."
BOTH_OR_NEITHER = "modifiedAfter and modifiedBefore must be given together."
NOT_A_TIME = "Must be a time as in 2026-11-22T08:30:00Z."
TOO_MANY_IDS = f"At most {IDS_MAX} ids can be asked for at once."
EMPTY_ID = "An id is empty."
MISSING = "One or more of the specified products were not found."

# A product that changes meanwhile moves to the end, so that walking through the pages misses none.
_OLDEST_CHANGE_FIRST = Sort((Product.updated_at, Product.id))


class Moment(fields.String):
    """A time in ISO 8601; without an offset it is in UTC."""

    default_error_messages = {"invalid": NOT_A_TIME}

    def _deserialize(self, value, attr, data, **kwargs) -> datetime:
        try:
            when = datetime.fromisoformat(value)
            return when.replace(tzinfo=when.tzinfo or UTC).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise self.make_error("invalid") from error


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
    rows = _rows(asked, place)
    shown, has_more = rows[:PAGE_SIZE], len(rows) > PAGE_SIZE
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
    query = _own_products().where(Product.id.in_(ids))
    found = {product.id: product for product in db.session.scalars(query)}
    if len(found) < len(ids):
        abort(404, MISSING)
    return {"products": [product_body(found[one]) for one in ids]}


def _own_products():
    own = select(Product).where(Product.company_id == g.company.id)
    return own.options(selectinload(Product.images))


def _rows(asked: dict, place: list | None) -> list[Product]:
    """One product more than a page has, if there are as many."""
    query = _own_products()
    if "PHYSICAL" not in asked.get("type", "PHYSICAL").split(","):
        return []
    if "modifiedAfter" in asked:
        query = query.where(Product.updated_at > asked["modifiedAfter"])
    if "modifiedBefore" in asked:
        query = query.where(Product.updated_at < asked["modifiedBefore"])
    if place:
        query = query.where(_OLDEST_CHANGE_FIRST.beyond(place, is_reversed=False))
    order = _OLDEST_CHANGE_FIRST.order(is_reversed=False)
    return db.session.scalars(query.order_by(*order).limit(PAGE_SIZE + 1)).all()


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key, salt="commerce-cursor")


def _cursor(last: Product, asked: dict) -> str:
    spans = {name: asked[name].isoformat() for name in _SPAN if name in asked}
    return _serializer().dumps([last.updated_at.isoformat(), last.id, spans])


def _read_cursor(cursor: str) -> tuple[list, dict]:
    """The place of the last product seen, and what was asked for."""
    try:
        when, product_id, spans = _serializer().loads(cursor)
    except BadSignature:
        abort(400, BAD_CURSOR)
    asked = {name: datetime.fromisoformat(text) for name, text in spans.items()}
    return [datetime.fromisoformat(when), product_id], asked


_SPAN = ("modifiedAfter", "modifiedBefore")


def _page_url(cursor: str) -> str:
    path = f"{request.path}?cursor={cursor}"
    return path if is_v2() else current_app.config["PUBLIC_URL"] + path

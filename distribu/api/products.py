"""Product views of the REST API: list, create, read, update, delete."""

import hashlib
import json

from flask import Response, request, url_for
from marshmallow import fields
from sqlalchemy import select
from sqlalchemy.orm import selectinload
from werkzeug.datastructures import ETags
from werkzeug.exceptions import PreconditionFailed
from werkzeug.http import quote_etag

from ..http.api_keys import with_key
from ..http.json_bodies import Closed
from ..http.openapi import about, described
from ..models import Product
from ..models.search_text import words
from . import examples
from .blueprint import header, rest_blueprint, writing
from .paging import PageQuery, Pagination, newest_page
from .saving import DEFAULTS, create, delete, find, update
from .schemas import NewProduct, ProductChanges, ProductSchema

bp = rest_blueprint("Products")

CHANGED = "The product has changed since it was read. Read it again."

IF_MATCH = header("If-Match", "The ETag that was read: 412 if it has changed.")
IF_NONE_MATCH = header("If-None-Match", "The ETag that was read: 304 if it has not changed.")
ETAG = {"ETag": {"schema": {"type": "string"}, "description": "For If-Match and If-None-Match."}}

_PROXIED = ("", "-gzip", "--gzip", "-br", "-zstd", "-deflate")

_schema = ProductSchema()


class OneProduct(Closed):
    data = fields.Nested(ProductSchema, required=True)


class ManyProducts(Closed):
    data = fields.List(fields.Nested(ProductSchema), required=True)
    pagination = fields.Nested(Pagination, required=True)


class ProductQuery(PageQuery):
    """Query parameters of the list of products."""

    category = fields.String(metadata=about("Exactly this category."))
    search = fields.String(metadata=about("A piece of the name, SKU or category, in any case."))
    active = fields.String(
        metadata=about(
            "true or false; anything else is ignored.",
            type=["boolean", "string"],
        )
    )


@bp.get("/products")
@with_key("products:read")
@described("listProducts", 400)
@bp.arguments(ProductQuery, location="query")
@bp.response(200, ManyProducts, example=examples.many(examples.PRODUCT))
def list_products(asked: dict) -> dict:
    """List products, newest first."""
    where = []
    if piece := "  ".join(words(asked.get("search"))):
        where.append(Product.search_text.contains(piece, autoescape=True))
    if "category" in asked:
        where.append(Product.category == asked["category"])
    if asked.get("active") in ("true", "false"):
        where.append(Product.is_active == (asked["active"] == "true"))
    query = select(Product).options(selectinload(Product.image))
    return newest_page(query, where, Product, asked)


@bp.post("/products")
@writing("products:write")
@described("createProduct", 400, 409, 413, 415, 422)
@bp.arguments(NewProduct, example=examples.NEW_PRODUCT)
@bp.response(201, OneProduct, example=examples.one(examples.PRODUCT), headers=ETAG)
def create_product(values: dict):
    """Create a product."""
    product = create(values)
    address = {"Location": url_for(".show_product", product_id=product.id)}
    return {"data": product}, address | _etag_header(product)


@bp.get("/products/<product_id>")
@with_key("products:read")
@described("getProduct", 404)
@bp.doc(parameters=[IF_NONE_MATCH])
@bp.alt_response(304, description="The product has not changed.")
@bp.response(200, OneProduct, example=examples.one(examples.PRODUCT), headers=ETAG)
def show_product(product_id: str):
    """Get a product. With its ETag in If-None-Match: 304 if it has not changed."""
    product = find(product_id)
    header = _etag_header(product)
    if _is_among(request.if_none_match, product):
        return Response(status=304, headers=header)
    return {"data": product}, header


@bp.put("/products/<product_id>")
@writing("products:write", IF_MATCH, first=find)
@described("replaceProduct", 400, 404, 409, 412, 413, 415, 422)
@bp.arguments(NewProduct, example=examples.NEW_PRODUCT)
@bp.response(200, OneProduct, example=examples.one(examples.PRODUCT), headers=ETAG)
def replace_product(values: dict, product_id: str):
    """Write a whole product. Without imageUrl, its image stays."""
    return _updated(product_id, DEFAULTS | values)


@bp.patch("/products/<product_id>")
@writing("products:write", IF_MATCH, first=find)
@described("updateProduct", 400, 404, 409, 412, 413, 415, 422)
@bp.arguments(ProductChanges, example={"price": 13.0, "stock": 36})
@bp.response(200, OneProduct, example=examples.one(examples.PRODUCT), headers=ETAG)
def change_product(values: dict, product_id: str):
    """Write some fields of a product."""
    return _updated(product_id, values)


@bp.delete("/products/<product_id>")
@writing("products:write", IF_MATCH)
@described("deleteProduct", 400, 404, 409, 412, 422)
@bp.response(204)
def delete_product(product_id: str):
    """Delete a product and its images. Orders keep their own copy of its name and price."""
    delete(product_id, _refuse_other_version)


def etag(product: Product) -> str:
    """Return a tag that changes whenever the response to a read would change."""
    shown = json.dumps(_schema.dump(product), sort_keys=True)
    return hashlib.sha256(shown.encode()).hexdigest()[:32]


def _updated(product_id: str, values: dict):
    product = update(product_id, values, _refuse_other_version)
    return {"data": product}, _etag_header(product)


def _refuse_other_version(product: Product) -> None:
    # Called under the lock, so that no change can come between the comparison and the write.
    if "If-Match" in request.headers and not _is_among(request.if_match, product):
        raise PreconditionFailed(CHANGED)


def _is_among(tags: ETags, product: Product) -> bool:
    """Return whether one of the client's tags matches the product as it is now.

    A proxy that compresses the response weakens its ETag (nginx) or adds a
    suffix (Apache); it still identifies the same version.
    """
    return any(tags.contains_weak(etag(product) + suffix) for suffix in _PROXIED)


def _etag_header(product: Product) -> dict:
    return {"ETag": quote_etag(etag(product))}

"""Views that read inventory, store pages and the website, in version 1.0 only."""

from flask import abort, current_app, g
from marshmallow import RAISE, fields
from sqlalchemy import select

from ..http.api_keys import with_key
from ..http.json_bodies import Closed
from ..http.openapi import about, described
from ..http.paging import Sort, rows_beside
from ..models import Product
from . import examples
from .blueprint import stock_bp, website_bp
from .paging import BAD_CURSOR, PAGE_SIZE, pagination, read_cursor, refuse_repeated
from .products import own_products
from .schemas import Inventory, InventoryPage, StorePages, Website

MISSING = "One or more of the specified inventory items were not found."

_OLDEST_FIRST = Sort((Product.created_at, Product.id))


class CursorQuery(Closed):
    """Query parameters of a page."""

    cursor = fields.String(
        metadata=about("nextPageCursor of the page before; empty: the first page.")
    )
    limit = fields.String(metadata=about(f"Has no effect: a page has up to {PAGE_SIZE} items."))


@stock_bp.get("/inventory")
@with_key("products:read")
@described("listInventory", 400)
@stock_bp.arguments(CursorQuery, location="query", unknown=RAISE)
@stock_bp.response(200, InventoryPage, example=examples.INVENTORY_PAGE)
def list_inventory(asked: dict) -> dict:
    """List the stock of up to 50 products, oldest product first."""
    refuse_repeated()
    cursor = asked.get("cursor")
    place = read_cursor(_OLDEST_FIRST, cursor)[0] if cursor else None
    own = Product.company_id == g.company.id
    shown, has_more = rows_beside(select(Product), own, _OLDEST_FIRST, place, PAGE_SIZE)
    return {
        "inventory": [_item(product) for product in shown],
        "pagination": pagination(_OLDEST_FIRST, shown, has_more),
    }


@stock_bp.get("/inventory/<variant_ids>")
@with_key("products:read")
@described("getInventory", 400, 404)
@stock_bp.response(200, Inventory, example=examples.INVENTORY)
def show_inventory(variant_ids: str) -> dict:
    """Get the stock of up to 50 products by their variants' comma-separated ids."""
    return {"inventory": [_item(product) for product in own_products(variant_ids, MISSING)]}


@stock_bp.get("/store_pages")
@with_key("products:read")
@described("listStorePages", 400)
@stock_bp.arguments(CursorQuery, location="query", unknown=RAISE)
@stock_bp.response(200, StorePages, example=examples.STORE_PAGES)
def list_store_pages(asked: dict) -> dict:
    """List the one store page of a company: its catalog, to which every product belongs."""
    refuse_repeated()
    if asked.get("cursor"):
        # There is only one page, so no cursor for another can be valid.
        abort(400, BAD_CURSOR)
    page = {"id": g.company.id, "title": "Catalog", "isEnabled": True, "urlSlug": "catalog"}
    return {"storePages": [page], "pagination": pagination(_OLDEST_FIRST, [], False)}


@website_bp.get("/website")
@with_key(None)
@described("getWebsite")
@website_bp.response(200, Website, example=examples.WEBSITE)
def show_website() -> dict:
    """Get the key's company, described as a website. Any valid key may ask."""
    return {
        "id": g.company.id,
        "siteId": g.company.slug,
        "title": g.company.name,
        "url": f"{current_app.config['PUBLIC_URL']}/store/{g.company.slug}",
        "currency": g.company.currency,
        "language": "en-US",
        "timeZone": "UTC",
        "location": {"country": None, "region": None},
        "measurementStandard": "METRIC",
    }


def _item(product: Product) -> dict:
    return {
        "variantId": product.id,
        "sku": product.sku or "",
        "descriptor": product.name,
        "isUnlimited": False,
        "quantity": product.stock,
    }

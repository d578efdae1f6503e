"""Blueprint /store/<slug>: the public storefront, without sign-in."""

from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from math import ceil
from types import SimpleNamespace

from flask import (
    abort,
    current_app,
    redirect,
    render_template,
    request,
    url_for,
)
from sqlalchemy import Connection, Row, bindparam, select
from werkzeug.wrappers import Response as BaseResponse

from ..extensions import db, limiter
from ..models import READY, Company, Image, Product
from ..products import search
from ..products.search import COUNT_MAX
from . import sitemap
from .blueprint import bp
from .caching import unchanged_or_empty
from .catalog import PAGE_SIZE, PAGES_MAX, SORTS, Choice, count_by_category, find, is_large

__all__ = ["bp", "sitemap"]

# Page links shown on either side of the current page; the first and last are always shown.
NEIGHBORS = 2
# Per IP address: enough for a room full of people typing.
SEARCH_LIMIT = "120 per minute"

# Composed once.
_COMPANY = select(
    Company.id, Company.slug, Company.name, Company.currency, Company.catalog_version
).where(Company.slug == bindparam("slug"))


@bp.get("")
def index(slug: str):
    """Redirect to the catalog."""
    if db.session.execute(_COMPANY, {"slug": slug}).first() is None:
        abort(404)
    return redirect(url_for(".catalog", slug=slug))


@bp.get("/catalog")
@limiter.limit(SEARCH_LIMIT, exempt_when=lambda: not request.args.get("q"))
def catalog(slug: str) -> BaseResponse:
    """Return a page of the active products, or 304 if it has not changed."""
    choice = Choice.of(request.args)
    catalog_url = url_for(".catalog", slug=slug)
    # A bare connection: a session would cost more than the rest of an unchanged page.
    with db.engine.connect() as connection:
        # Read the version before the products: a change in between makes the page newer than its
        # ETag, never older, and the next request gets it again.
        company = connection.execute(_COMPANY, {"slug": slug}).first() or abort(404)
        response = unchanged_or_empty(company, choice, catalog_url)
        if response.status_code == HTTPStatus.OK:
            response.set_data(_catalog_page(connection, company, choice, catalog_url))
    return response


@bp.get("/products/<product_id>")
def show_product(slug: str, product_id: str) -> str:
    """Show one active product with all its READY images."""
    product = _product_or_404(slug, product_id)
    images = [image for image in product.images if image.status == READY]
    # None stands for an external image, which comes before the hosted ones.
    gallery = [None, *images] if product.external_image_url else images
    catalog_url = url_for(".catalog", slug=slug)
    page_url = _public_url(url_for(".show_product", slug=slug, product_id=product_id))
    return render_template(
        "storefront/product.html",
        company=product.company,
        product=product,
        gallery=gallery,
        shown=_chosen(images, request.args.get("image")) or (gallery[0] if gallery else None),
        share=gallery[0] if gallery else None,
        page_url=page_url,
        facts=_facts(product, gallery, page_url),
        catalog_url=catalog_url,
        category_url=Choice(category=product.category or "").url(catalog_url),
    )


@bp.get("/products/<product_id>/image")
def current_image(slug: str, product_id: str) -> BaseResponse:
    """Redirect to the product's present image."""
    product = _product_or_404(slug, product_id)
    response = redirect(product.image_url or abort(404))
    response.headers["Cache-Control"] = "no-store"
    return response


def _catalog_page(connection: Connection, company: Row, choice: Choice, catalog_url: str) -> str:
    is_cut = is_large(connection, company.id)
    found = find(connection, company.id, choice, is_cut)
    categories: dict[str | None, int | None]
    if is_cut:
        # Counting a large catalog would take longer than the rest of the page.
        categories = dict.fromkeys(search.categories(company.id, connection))
    else:
        categories = dict(count_by_category(connection, company.id))
    is_bounded = is_cut or bool(choice.words)
    if is_bounded:
        total = found.count()
    elif choice.category:
        total = categories.get(choice.category) or 0
    else:
        total = sum(filter(None, categories.values()))
    choice = replace(choice, page=min(choice.page, _last_page(total)))
    # Not render_template(), so that a page for everyone contains nothing about the current user.
    template = current_app.jinja_env.get_template("storefront/catalog.html")
    return template.render(
        company=company,
        store_url=url_for(".index", slug=company.slug),
        catalog_url=catalog_url,
        choice=choice,
        canonical_url=_public_url(choice.url(catalog_url, sort="name", page=choice.page)),
        sorts=SORTS,
        cards=found.cards(choice.page),
        categories=[category for category in categories if category],
        page=_pagination(choice, total, catalog_url, is_bounded),
        is_cut=total > PAGES_MAX * PAGE_SIZE and choice.page == PAGES_MAX,
    )


def _pagination(choice: Choice, total: int, catalog_url: str, is_bounded: bool) -> SimpleNamespace:
    """Return the arguments of the pagination macro. is_bounded: counting stopped at COUNT_MAX."""
    last_page = _last_page(total)
    first = (choice.page - 1) * PAGE_SIZE + 1
    last = min(total, choice.page * PAGE_SIZE)
    noun = "product" if total == 1 else "products"
    counted = f"{COUNT_MAX:,}+" if is_bounded and total > COUNT_MAX else f"{total:,}"
    links: list[tuple[int | str, str | None, bool]] = []
    before = 0
    for number in _named_pages(choice.page, last_page):
        if number - before > 1:
            links.append(("…", None, False))
        links.append((number, choice.url(catalog_url, page=number), number == choice.page))
        before = number
    return SimpleNamespace(
        summary=f"Showing {first:,}–{last:,} of {counted} {noun}" if total else "",
        previous_url=choice.page > 1 and choice.url(catalog_url, page=choice.page - 1),
        next_url=choice.page < last_page and choice.url(catalog_url, page=choice.page + 1),
        links=links,
    )


def _last_page(total: int) -> int:
    return min(max(1, ceil(total / PAGE_SIZE)), PAGES_MAX)


def _named_pages(current: int, last: int) -> list[int]:
    near = range(current - NEIGHBORS, current + NEIGHBORS + 1)
    return sorted({1, last} | {number for number in near if 1 <= number <= last})


def _chosen(images: list[Image], image_id: str | None) -> Image | None:
    return next((image for image in images if image.id == image_id), None)


def _facts(product: Product, gallery: Sequence[Image | None], page_url: str) -> dict:
    """Return the product as schema.org data for search engines."""
    images = [image.share_url if image else product.external_image_url for image in gallery]
    availability = "InStock" if product.stock > 0 else "OutOfStock"
    facts = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": product.name,
        "sku": product.sku,
        "description": product.description,
        "category": product.category,
        "image": images,
        "url": page_url,
        "offers": {
            "@type": "Offer",
            "url": page_url,
            "price": str(product.price),
            "priceCurrency": product.company.currency,
            "availability": f"https://schema.org/{availability}",
            "seller": {"@type": "Organization", "name": product.company.name},
        },
    }
    return {name: value for name, value in facts.items() if value}


def _product_or_404(slug: str, product_id: str) -> Product:
    product = db.session.scalar(
        select(Product)
        .join(Company)
        .where(Company.slug == slug, Product.id == product_id, Product.is_active)
    )
    return product or abort(404)


def _public_url(path: str) -> str:
    return current_app.config["PUBLIC_URL"] + path

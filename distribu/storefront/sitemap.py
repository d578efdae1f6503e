"""The sitemap of a store: every product page with its images, for search engines.

A large catalog gets an index of several files, each well below the limits
of the protocol (50,000 addresses, 50 MB): www.sitemaps.org/protocol.html.
The image entries follow Google's extension, of which Google reads image:loc.
"""

from collections import defaultdict
from dataclasses import dataclass
from math import ceil

from flask import Response, abort, current_app, render_template, url_for
from sqlalchemy import Row, func, select
from sqlalchemy.orm import load_only

from ..extensions import db
from ..models import READY, Company, Image, Product
from .blueprint import bp

PAGE_SIZE = 2000


@dataclass(frozen=True)
class Entry:
    """An address of a sitemap. lastmod: an ISO 8601 time, or "". images: absolute URLs."""

    loc: str
    lastmod: str = ""
    images: tuple[str, ...] = ()


@bp.get("/sitemap.xml")
def sitemap(slug: str) -> Response:
    """Return the sitemap, or an index of several files if it would be too long."""
    company = _company_or_404(slug)
    pages = _page_count(company.id)
    if pages <= 1:
        return _urlset(company, 1)
    locations = [_url("sitemap_file", slug, page=page) for page in range(1, pages + 1)]
    return _xml("storefront/sitemap_index.xml", locations=locations)


@bp.get("/sitemap-<int:page>.xml")
def sitemap_file(slug: str, page: int) -> Response:
    """Return one of the files listed in the index."""
    company = _company_or_404(slug)
    if not 1 <= page <= max(1, _page_count(company.id)):
        abort(404)
    return _urlset(company, page)


def _urlset(company: Row, page: int) -> Response:
    entries = [Entry(_url("catalog", company.slug))] if page == 1 else []
    return _xml("storefront/sitemap.xml", entries=entries + _products(company, page))


def _products(company: Row, page: int) -> list[Entry]:
    columns = (Product.id, Product.updated_at, Product.external_image_url)
    products = db.session.execute(
        select(*columns)
        .where(*_shown(company.id))
        .order_by(Product.id)
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
    ).all()
    images = _images([product.id for product in products])
    return [
        Entry(
            _url("show_product", company.slug, product_id=product.id),
            product.updated_at.isoformat(timespec="seconds"),
            tuple(filter(None, (product.external_image_url, *images[product.id]))),
        )
        for product in products
    ]


def _images(product_ids: list[str]) -> dict[str, list[str]]:
    """Return the image URLs of each product, in order."""
    found: dict[str, list[str]] = defaultdict(list)
    columns = load_only(Image.id, Image.public_name, Image.product_id)
    ready = select(Image).where(Image.product_id.in_(product_ids), Image.status == READY)
    for image in db.session.scalars(ready.options(columns).order_by(Image.position, Image.id)):
        if image.product_id is not None:
            found[image.product_id].append(image.url)
    return found


def _shown(company_id: str) -> tuple:
    return Product.company_id == company_id, Product.is_active


def _page_count(company_id: str) -> int:
    count = db.session.scalars(select(func.count(Product.id)).where(*_shown(company_id))).one()
    return ceil(count / PAGE_SIZE)


def _company_or_404(slug: str) -> Row:
    company = select(Company.id, Company.slug).where(Company.slug == slug)
    return db.session.execute(company).first() or abort(404)


def _url(view: str, slug: str, **values) -> str:
    return current_app.config["PUBLIC_URL"] + url_for(f".{view}", slug=slug, **values)


def _xml(template: str, **known) -> Response:
    return Response(render_template(template, **known), mimetype="application/xml")

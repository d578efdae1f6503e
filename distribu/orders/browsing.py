"""The order form's product browser, read without ORM rows because every keystroke queries it."""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from flask import current_app, url_for
from markupsafe import Markup
from sqlalchemy import Text, case, cast, exists, select

from ..extensions import db
from ..http.paging import Page
from ..models import Company, Image, Product, shown_image_id
from ..models.image_addresses import PublishedImage
from ..products.ranked_search import ranked_page

PAGE_SIZE = 20

# The columns of Offer, in its order, followed by the column that the cursor needs.
_QUERY = select(
    Product.id,
    Product.name,
    Product.sku,
    Product.category,
    Product.unit,
    Product.price_minor,
    Product.stock,
    Product.external_image_url,
    Image.id.label("image_id"),
    Image.public_name,
    cast(Image.derivatives, Text).label("derivatives"),
    Image.placeholder_color,
    case(
        (Product.external_image_url.is_not(None), Product.external_image_alt),
        else_=Image.alt_text,
    ).label("image_alt"),
    Product.search_text,
).outerjoin(Image, Image.id == shown_image_id())


class Offer(NamedTuple):
    """A product as the browser shows it; a plain tuple, so that it makes a fast cache key."""

    id: str
    name: str
    sku: str | None
    category: str | None
    unit: str
    price_minor: int
    stock: int
    external_image_url: str | None
    image_id: str | None
    public_name: str | None
    derivatives: str | None
    placeholder_color: str | None
    image_alt: str | None

    @property
    def image(self) -> PublishedImage | None:
        return PublishedImage.of(self, self.image_alt or "")

    @property
    def has_image(self) -> bool:
        return bool(self.external_image_url or self.image_id)


@dataclass(frozen=True)
class Offers:
    """A page of offers. at: its own cursor, or "". has_stock: whether any product is in stock."""

    items: list[Markup]
    typed: str
    at: str
    previous: str | None
    next: str | None
    has_stock: bool


def offers(company: Company, typed: str | None, cursor: str | None) -> Offers:
    """Return a page of the active products that match the search, best matches first."""
    shown = rows(company.id, typed, cursor)
    image_base, add_url = current_app.config["IMAGE_BASE_URL"], url_for("orders.change_lines")
    items = [
        _item(Offer(*row[:-1]), number == 0, company.currency, image_base, add_url)
        for number, row in enumerate(shown.items)
    ]
    has_stock = any(row.stock > 0 for row in shown.items) or _has_stock(company.id)
    return Offers(items, typed or "", cursor or "", shown.previous, shown.next, has_stock)


def rows(company_id: str, typed: str | None, cursor: str | None) -> Page:
    """Return the offers of a page, and its cursors."""
    return ranked_page(_QUERY, company_id, typed, cursor, PAGE_SIZE)


@lru_cache(maxsize=2048)
def _item(offer: Offer, is_first: bool, currency: str, image_base: str, add_url: str) -> Markup:
    """Render a product; cached, so all that it shows must be in the arguments."""
    template = current_app.jinja_env.get_template("orders/_offer.html")
    html = template.render(offer=offer, is_first=is_first, currency=currency, add_url=add_url)
    return Markup(html)


def _has_stock(company_id: str) -> bool:
    in_stock = exists().where(
        Product.company_id == company_id, Product.is_active, Product.stock > 0
    )
    return db.session.scalars(select(in_stock)).one()

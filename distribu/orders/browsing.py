"""The products to pick from: a few columns, no ORM rows, since every keystroke asks for them."""

from dataclasses import dataclass

from sqlalchemy import bindparam, exists, select

from ..extensions import db
from ..models import READY, Image, Product
from ..models.picture import PublishedPicture
from ..search import BY_NAME, matching, page

PAGE_SIZE = 20

_COLUMNS = (
    Product.id,
    Product.name,
    Product.sku,
    Product.category,
    Product.unit,
    Product.price_minor,
    Product.stock,
    Product.external_image_url,
    Product.search_text,
)
# The READY image of the lowest position comes last.
_IMAGES = (
    select(
        Image.product_id,
        Image.id,
        Image.public_name,
        Image.derivatives,
        Image.placeholder_color,
        Image.alt_text,
    )
    .where(Image.product_id.in_(bindparam("products", expanding=True)), Image.status == READY)
    .order_by(Image.position.desc(), Image.id.desc())
)


@dataclass(frozen=True)
class Offer:
    """A product as the browser shows it."""

    id: str
    name: str
    sku: str | None
    category: str | None
    unit: str
    price_minor: int
    stock: int
    external_image_url: str | None
    image: PublishedPicture | None

    @property
    def has_image(self) -> bool:
        return bool(self.external_image_url or self.image)


@dataclass(frozen=True)
class Offers:
    """A page of offers. at: its own cursor, or "". has_stock: whether there is any at all."""

    items: list[Offer]
    typed: str
    at: str
    previous: str | None
    next: str | None
    has_stock: bool


def offers(company_id: str, typed: str | None, cursor: str | None) -> Offers:
    """The active products that match what was typed, by name, a page of them."""
    query = select(*_COLUMNS).where(matching(company_id, typed), Product.is_active)
    shown = page(query, BY_NAME, cursor, PAGE_SIZE)
    images = _images([row.id for row in shown.items])
    items = [Offer(*row[:-1], images.get(row.id)) for row in shown.items]
    has_stock = any(offer.stock > 0 for offer in items) or _has_stock(company_id)
    return Offers(items, typed or "", cursor or "", shown.previous, shown.next, has_stock)


def _images(product_ids: list[str]) -> dict[str, PublishedPicture]:
    rows = db.session.execute(_IMAGES, {"products": product_ids}) if product_ids else ()
    return {product_id: PublishedPicture(*columns) for product_id, *columns in rows}


def _has_stock(company_id: str) -> bool:
    in_stock = exists().where(
        Product.company_id == company_id, Product.is_active, Product.stock > 0
    )
    return db.session.scalar(select(in_stock))

"""Products and their images."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Index,
    ScalarSelect,
    String,
    UniqueConstraint,
    and_,
    event,
    exists,
    false,
    inspect,
    select,
)
from sqlalchemy.orm import Mapped, aliased, mapped_column, relationship

from ..extensions import Model
from ..images.decoding.wire import Facts, PublishedFile
from .columns import InsertContext, UtcDateTime, created_at_column, id_column, utc_now
from .companies import Company
from .image_addresses import ImageAddresses
from .search_text import SEARCHABLE_MAX, searchable
from .sku_keys import KEY_MAX, sku_key, sku_order

PROCESSING, READY, ERROR = "PROCESSING", "READY", "ERROR"
LOW_STOCK = 5
# Sorted by code point on every database, so that a page continues where the last one ended.
_FOLDED = String(SEARCHABLE_MAX).with_variant(String(SEARCHABLE_MAX, "C"), "postgresql")
_KEY = String(KEY_MAX).with_variant(String(KEY_MAX, "C"), "postgresql")


def _searchable_of(context: InsertContext) -> str:
    values = context.get_current_parameters()
    return searchable(*(values.get(name) for name in ("name", "sku", "category")))


def _sku_key_of(context: InsertContext) -> str | None:
    return sku_key(context.get_current_parameters().get("sku"))


def _sku_order_of(context: InsertContext) -> str:
    return sku_order(context.get_current_parameters().get("sku"))


class Product(Model):
    """One SKU of a company's catalog."""

    __table_args__ = (
        UniqueConstraint("company_id", "sku"),
        Index("ix_product_company_sku_key", "company_id", "sku_key", unique=True),
        Index("ix_product_company_name", "company_id", "name", "id"),
        Index("ix_product_company_created", "company_id", "created_at", "id"),
        Index("ix_product_company_updated", "company_id", "updated_at", "id"),
        Index("ix_product_company_category", "company_id", "category", "name", "id"),
        # With is_active, a search among products for sale reads only the index.
        Index(
            "ix_product_company_folded",
            "company_id",
            "search_text",
            "id",
            postgresql_include=["is_active"],
        ),
        # One for each sort of the inventory list. The storefront uses those by price and stock
        # too, and sorts equal values by name while reading.
        Index("ix_product_company_sku_order", "company_id", "sku_order", "id"),
        Index("ix_product_company_price", "company_id", "price_minor", "id"),
        Index("ix_product_company_stock", "company_id", "stock", "id"),
    )

    id: Mapped[str] = id_column()
    company_id: Mapped[str] = mapped_column(ForeignKey("company.id"))
    name: Mapped[str] = mapped_column(String(200))
    sku: Mapped[str | None] = mapped_column(String(100))
    # Compares SKUs for equality. Must be updated with the SKU, like search_text.
    sku_key: Mapped[str | None] = mapped_column(_KEY, default=_sku_key_of)
    # Sorts lists by SKU. Must be updated with the SKU, like search_text.
    sku_order: Mapped[str] = mapped_column(_KEY, default=_sku_order_of, server_default="")
    description: Mapped[str | None] = mapped_column(String(2000))
    category: Mapped[str | None] = mapped_column(String(100))
    unit: Mapped[str] = mapped_column(String(50), default="each")
    price_minor: Mapped[int] = mapped_column(BigInteger)
    stock: Mapped[int] = mapped_column(default=0)
    is_active: Mapped[bool] = mapped_column(default=True)
    external_image_url: Mapped[str | None] = mapped_column(String(2048))
    external_image_alt: Mapped[str] = mapped_column(String(200), default="", server_default="")
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = created_at_column()
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    # Name, SKU and category, folded for searching and sorting. Inserts and changes through the
    # session fill it; an UPDATE or an upsert in Core has to set it itself.
    search_text: Mapped[str] = mapped_column(_FOLDED, default=_searchable_of, server_default="")
    # The row's id in SQLite's full-text index; see the triggers in search_index.py.
    search_number: Mapped[int | None] = mapped_column(deferred=True)
    company: Mapped[Company] = relationship()

    images: Mapped[list[Image]] = relationship(
        order_by="Image.position, Image.id", back_populates="product", passive_deletes="all"
    )

    @property
    def price(self) -> Decimal:
        """The price in major units, exact."""
        return Decimal(self.price_minor).scaleb(-2)

    @property
    def has_image(self) -> bool:
        return bool(self.external_image_url or self.image)

    @property
    def external_image_host(self) -> str:
        """The host name of the external image, or ""."""
        return urlsplit(self.external_image_url or "").netloc

    @property
    def image_alt(self) -> str | None:
        """The alt text of the product's hosted or external image, or None."""
        if self.external_image_url:
            return self.external_image_alt or None
        return (self.image.alt_text or None) if self.image else None

    if TYPE_CHECKING:
        # Added below, after Image is defined.
        image: Mapped[Image | None]

    @property
    def image_url(self) -> str | None:
        """The absolute URL of the product's hosted or external image, or None."""
        if self.external_image_url:
            return self.external_image_url
        return self.image.url if self.image else None


@event.listens_for(Product, "before_update")
def _keep_comparable(_mapper: object, _connection: object, product: Product) -> None:
    product.search_text = searchable(product.name, product.sku, product.category)
    # An unchanged SKU keeps its key, since the company may have older SKUs that look alike.
    if inspect(product).attrs.sku.history.has_changes():
        product.sku_key, product.sku_order = sku_key(product.sku), sku_order(product.sku)


@event.listens_for(Product.external_image_url, "set", active_history=True)
def _forget_alt_text(product: Product, url: str | None, before: object, _event: object) -> None:
    # A different external image needs its own alt text. An upsert in Core has to do the same.
    if isinstance(before, str) and url != before:
        product.external_image_alt = ""


class Image(ImageAddresses, Model):
    """An image, and the owner of every object under its two prefixes.

    Staged while product_id is None. ladder_version is None until the
    responsive set is made; until then, and in ERROR, this row also owns
    incoming/<id>/, which afterwards belongs to an OutboxEntry. derivatives
    lists the published files: path ("" for the stable image), format,
    width_px, height_px and byte_size of each.
    """

    __table_args__ = (
        Index("ix_image_product", "product_id", "position"),
        Index("ix_image_unfinished", "ladder_version", "writing_until"),
        Index("ix_image_kept_until", "kept_until"),
        # For finding the same bytes elsewhere in the company at every preview.
        Index("ix_image_company_sha256", "company_id", "sha256"),
        Index("ix_image_company_published_sha256", "company_id", "published_sha256"),
    )

    id: Mapped[str] = id_column()
    # RESTRICT: only discard() deletes an image row.
    company_id: Mapped[str] = mapped_column(ForeignKey("company.id", ondelete="RESTRICT"))
    product_id: Mapped[str | None] = mapped_column(ForeignKey("product.id", ondelete="RESTRICT"))
    position: Mapped[int] = mapped_column(default=0)
    status: Mapped[str] = mapped_column(String(10), default=PROCESSING)
    error_code: Mapped[str | None] = mapped_column(String(40))
    attempts: Mapped[int] = mapped_column(default=0)
    writing_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # When the image's next step was queued; None once a worker has begun it.
    queued_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Quarter turns clockwise, in addition to the upload's own orientation.
    turn: Mapped[int] = mapped_column(default=0, server_default="0")
    kept_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # When the sweep tries an image again whose attempts were all interrupted.
    retry_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    policy: Mapped[str] = mapped_column(String(10))
    sha256: Mapped[str] = mapped_column(String(64))
    # Of the stable image, to recognize a file that was downloaded here. None for an image of an
    # older release, until it is part of a download of many images.
    published_sha256: Mapped[str | None] = mapped_column(String(64))
    copied_from: Mapped[str | None] = mapped_column(String(26))
    alt_text: Mapped[str] = mapped_column(String(200), default="")
    # True for at most one image of a product; the commerce API shows it with the variant.
    is_variant_image: Mapped[bool] = mapped_column(default=False, server_default=false())
    filename: Mapped[str] = mapped_column(String(255))
    public_name: Mapped[str] = mapped_column(String(120))
    format: Mapped[str] = mapped_column(String(5))
    byte_size: Mapped[int] = mapped_column(BigInteger)
    width_px: Mapped[int]
    height_px: Mapped[int]
    derivatives: Mapped[list[PublishedFile]] = mapped_column(JSON, default=list)
    ladder_version: Mapped[int | None]
    placeholder_color: Mapped[str] = mapped_column(String(7), default="#e5e7eb")
    # A term of IPTC's DigitalSourceType, which marks images made by AI.
    digital_source_type: Mapped[str | None] = mapped_column(String(60))
    # Changes made to the upload: turned, location_removed, camera_removed, converted_from, frames,
    # label_kept, and original and published, each with width_px, height_px and byte_size.
    # NULL if an old release published the image, which did not read back what it wrote.
    facts: Mapped[Facts | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime] = created_at_column()
    product: Mapped[Product | None] = relationship(back_populates="images")

    # Other subclasses store this value; a row derives it.
    @property
    def is_staged(self) -> bool:  # type: ignore[override]
        return self.product_id is None

    @property
    def owns_upload(self) -> bool:
        """Whether this row owns incoming/<id>/: until its ladder is made, or for good in ERROR."""
        return self.ladder_version is None or self.status == ERROR

    @property
    def prefix(self) -> str:
        return f"images/{self.id}/"

    @property
    def incoming_prefix(self) -> str:
        return f"incoming/{self.id}/"

    @property
    def upload_key(self) -> str:
        return f"{self.incoming_prefix}upload"


_lower = aliased(Image)
# The READY image with the lowest position, called "the product's image" everywhere.
Product.image = relationship(
    Image,
    primaryjoin=lambda: and_(
        Image.product_id == Product.id,
        Image.status == READY,
        ~exists().where(
            _lower.product_id == Image.product_id,
            _lower.status == READY,
            _lower.position < Image.position,
        ),
    ),
    viewonly=True,
    uselist=False,
)


def shown_image_id() -> ScalarSelect[str]:
    """Return a subquery for the id of the product's image, for statements without ORM rows."""
    other = aliased(Image)
    return (
        select(other.id)
        .where(other.product_id == Product.id, other.status == READY)
        .order_by(other.position, other.id)
        .limit(1)
        .correlate(Product)
        .scalar_subquery()
    )

"""Orders and their lines."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..extensions import Model
from .accounts import User
from .columns import InsertContext, JsonObject, UtcDateTime, created_at_column, id_column, utc_now
from .products import Product
from .search_text import SEARCHABLE_MAX, searchable

ORDER_STATUSES = ("SUBMITTED", "CONFIRMED", "SHIPPED", "DELIVERED", "CANCELLED")


def _searchable_of(context: InsertContext) -> str:
    values = context.get_current_parameters()
    texts = (values.get("customer_name"), values.get("po_number"))
    return searchable(str(values["number"]), *texts)


class Order(Model):
    """An order of a company; numbers start at 1 in each company."""

    __tablename__ = "order"
    __table_args__ = (
        UniqueConstraint("company_id", "number"),
        UniqueConstraint("company_id", "submit_token"),
        Index("ix_order_company_created", "company_id", "created_at", "id"),
    )

    id: Mapped[str] = id_column()
    company_id: Mapped[str] = mapped_column(ForeignKey("company.id"))
    number: Mapped[int]
    # Identifies the form, so that submitting it twice makes one order.
    submit_token: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(12), default="SUBMITTED")
    po_number: Mapped[str | None] = mapped_column(String(100))
    notes: Mapped[str | None] = mapped_column(String(2000))
    total_minor: Mapped[int] = mapped_column(BigInteger)
    # The company's currency when the order was placed.
    currency: Mapped[str] = mapped_column(String(3), default="USD", server_default="USD")
    customer_name: Mapped[str | None] = mapped_column(String(200))
    customer_address: Mapped[str | None] = mapped_column(String(500))
    # Number, customer and PO number in the form that the list searches.
    search_text: Mapped[str] = mapped_column(
        String(SEARCHABLE_MAX), default=_searchable_of, server_default=""
    )
    customer_id: Mapped[str | None] = mapped_column(String(26))
    created_by_id: Mapped[str | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = created_at_column()
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    created_by: Mapped[User | None] = relationship()
    lines: Mapped[list[OrderLine]] = relationship(
        order_by="OrderLine.position", back_populates="order", cascade="all, delete-orphan"
    )


class OrderLine(Model):
    """A line of an order, with the product's name and price at that time."""

    id: Mapped[str] = id_column()
    order_id: Mapped[str] = mapped_column(ForeignKey("order.id", ondelete="CASCADE"), index=True)
    product_id: Mapped[str | None] = mapped_column(
        ForeignKey("product.id", ondelete="SET NULL"), index=True
    )
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(200))
    sku: Mapped[str | None] = mapped_column(String(100))
    unit_price_minor: Mapped[int] = mapped_column(BigInteger)
    quantity: Mapped[int]
    # The hosted image that the product had then. No foreign key: it may have been deleted since.
    image_id: Mapped[str | None] = mapped_column(String(26))
    order: Mapped[Order] = relationship(back_populates="lines")
    product: Mapped[Product | None] = relationship()

    @property
    def total_minor(self) -> int:
        return self.unit_price_minor * self.quantity

    @property
    def is_image_changed(self) -> bool:
        """Whether the product's image has changed since the order."""
        if self.image_id is None or self.product is None:
            return False
        image = None if self.product.external_image_url else self.product.image
        return image is None or image.id != self.image_id


class OrderDraft(Model):
    """An unfinished order, so that its form can be shown again after a reload.

    token: the submit_token of the order that it becomes. content: lines
    as a list of product id, quantity as typed and price as shown; notes,
    customer_name, po_number, customer_address.
    """

    user_id: Mapped[str] = mapped_column(
        ForeignKey("user.id", ondelete="CASCADE"), primary_key=True
    )
    token: Mapped[str] = mapped_column(String(64), primary_key=True)
    content: Mapped[JsonObject] = mapped_column(JSON)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)

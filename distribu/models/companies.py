"""Companies: the tenants that everything else belongs to."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from ..extensions import Model
from .columns import created_at_column, id_column


class Company(Model):
    """A tenant; every other row belongs to one."""

    id: Mapped[str] = id_column()
    name: Mapped[str] = mapped_column(String(200))
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    currency: Mapped[str] = mapped_column(String(3), default="USD")
    last_order_number: Mapped[int] = mapped_column(default=0, server_default="0")
    # Maintained by database triggers on products and images: see catalog_version.py.
    catalog_version: Mapped[int] = mapped_column(
        "catalogue_version", BigInteger, default=0, server_default="0"
    )
    created_at: Mapped[datetime] = created_at_column()

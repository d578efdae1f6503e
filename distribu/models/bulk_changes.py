"""Changes of many products at once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from ..extensions import Model
from .columns import UtcDateTime, created_at_column, id_column


class BulkChange(Model):
    """One action on chosen products; the first `done` of product_ids are processed."""

    id: Mapped[str] = id_column()
    company_id: Mapped[str] = mapped_column(ForeignKey("company.id"), index=True)
    created_by_id: Mapped[str | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    action: Mapped[str] = mapped_column(String(20))
    # The category to set by the action "category"; None removes it.
    category: Mapped[str | None] = mapped_column(String(100))
    product_ids: Mapped[list[str]] = mapped_column(JSON, deferred=True)
    status: Mapped[str] = mapped_column(String(10))
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    # Products that were changed, and images that were removed.
    changed: Mapped[int] = mapped_column(default=0)
    removed_images: Mapped[int] = mapped_column(default=0)
    problem: Mapped[str | None] = mapped_column(String(200))
    # While RUNNING: a worker that has not renewed this time by then is dead.
    working_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = created_at_column()
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

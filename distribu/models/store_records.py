"""Records about the image store: objects to delete, and the store's identity."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    JSON,
    Index,
    String,
)
from sqlalchemy.orm import Mapped, mapped_column

from ..extensions import Model
from .columns import UtcDateTime, created_at_column, id_column, utc_now


class OutboxEntry(Model):
    """A prefix whose objects must be deleted; the entry owns them until they are gone.

    prefix: ends in "/"; if not, it is the key of a single object.
    published: public keys below it, to purge from caches after the deletion.
    company_id: the image's company; None for objects that no row owned.
    """

    __table_args__ = (Index("ix_outbox_entry_company", "company_id", "attempts"),)

    id: Mapped[str] = id_column()
    prefix: Mapped[str] = mapped_column(String(1024), index=True)
    company_id: Mapped[str | None] = mapped_column(String(26))
    published: Mapped[list[str] | None] = mapped_column(JSON)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now, index=True)
    final_after: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime] = created_at_column()


class Installation(Model):
    """The image store of this database: at most one row, written at the first start.

    target_id: the store that a move has begun to copy to. frozen_until: no
    image may be changed before this time, the last pass of a move.
    moved_from: the store before the last completed move.
    """

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    store_id: Mapped[str] = mapped_column(String(64))
    target_id: Mapped[str | None] = mapped_column(String(64))
    frozen_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    moved_from: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = created_at_column()

"""CSV imports under way."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    JSON,
    ForeignKey,
    LargeBinary,
    String,
    Text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from ..extensions import Model
from .columns import JsonObject, UtcDateTime, created_at_column, id_column


class ImportJob(Model):
    """A CSV file on its way in: what was uploaded, how it was mapped, what came of it."""

    id: Mapped[str] = id_column()
    company_id: Mapped[str] = mapped_column(ForeignKey("company.id"), index=True)
    created_by_id: Mapped[str | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    filename: Mapped[str] = mapped_column(String(255))
    status: Mapped[str] = mapped_column(String(12))
    content: Mapped[str] = mapped_column(Text)
    # As in Python: content was decoded by it. The failing rows are written in it.
    encoding: Mapped[str | None] = mapped_column(String(20))
    # The file, where its bytes do not tell the encoding; then somebody has to look at the text.
    undecoded: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    is_encoding_agreed: Mapped[bool] = mapped_column(default=True, server_default=true())
    # The index of the column that holds each of ours.
    mapping: Mapped[JsonObject] = mapped_column(JSON, default=dict)
    # The decimal sign that was chosen for a column of ours, where its numbers do not tell it.
    decimal_signs: Mapped[JsonObject] = mapped_column(JSON, default=dict, server_default="{}")
    # Of the preview that was agreed to: what is written is what was shown, or nothing.
    fingerprint: Mapped[str | None] = mapped_column(String(64))
    # While RUNNING: a worker that has not said anything until then is gone.
    working_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    result: Mapped[JsonObject | None] = mapped_column(JSON)
    # Images that are copied before anything is written.
    done_copies: Mapped[int] = mapped_column(default=0)
    total_copies: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = created_at_column()
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

"""CSV imports in progress."""

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
    """A CSV import: the uploaded file, the column mapping, and the result."""

    id: Mapped[str] = id_column()
    company_id: Mapped[str] = mapped_column(ForeignKey("company.id"), index=True)
    created_by_id: Mapped[str | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    filename: Mapped[str] = mapped_column(String(255))
    status: Mapped[str] = mapped_column(String(12))
    content: Mapped[str] = mapped_column(Text)
    # Python's name of the encoding that content was decoded from; failing rows are written in it.
    encoding: Mapped[str | None] = mapped_column(String(20))
    # The raw file if its encoding is uncertain, until a person has confirmed the decoded text.
    undecoded: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    is_encoding_agreed: Mapped[bool] = mapped_column(default=True, server_default=true())
    # By our field name, the index of the file's column.
    mapping: Mapped[JsonObject] = mapped_column(JSON, default=dict)
    # By our field name, the decimal sign that was chosen because the numbers are ambiguous.
    decimal_signs: Mapped[JsonObject] = mapped_column(JSON, default=dict, server_default="{}")
    # Of the approved preview: exactly what was shown is written, or nothing.
    fingerprint: Mapped[str | None] = mapped_column(String(64))
    # While RUNNING: a worker that has not renewed this time by then is dead.
    working_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    result: Mapped[JsonObject | None] = mapped_column(JSON)
    # Images to copy before any product is written.
    done_copies: Mapped[int] = mapped_column(default=0)
    total_copies: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = created_at_column()
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

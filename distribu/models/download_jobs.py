"""Downloads of many images at once, prepared by the worker."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from ..extensions import Model
from .columns import JsonObject, UtcDateTime, created_at_column, id_column


class DownloadJob(Model):
    """ZIP files of a company's images; the owner of every object under incoming/<id>/.

    product_ids: the products whose images are wanted; None for all. files:
    the finished ZIPs, each with byte_size and its number of parts, because
    a ZIP may exceed the maximum size of an object.
    """

    id: Mapped[str] = id_column()
    company_id: Mapped[str] = mapped_column(ForeignKey("company.id"), index=True)
    created_by_id: Mapped[str | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    status: Mapped[str] = mapped_column(String(12))
    product_ids: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    # While RUNNING: the worker puts no object after this time.
    working_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_images: Mapped[int] = mapped_column(default=0)
    total_images: Mapped[int] = mapped_column(default=0)
    files: Mapped[list[JsonObject]] = mapped_column(JSON, default=list)
    created_at: Mapped[datetime] = created_at_column()
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


def download_prefix(job_id: str) -> str:
    """Return the prefix of a download's objects; the outbox needs it after the row is deleted."""
    return f"incoming/{job_id}/"


def part_key(job_id: str, file: int, part: int) -> str:
    """Return the key of one part of one ZIP, both numbered from 1."""
    return f"{download_prefix(job_id)}{file:03d}-{part:03d}"

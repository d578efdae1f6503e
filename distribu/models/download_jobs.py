"""Downloads of many images, made by the worker."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from ..extensions import Model
from .columns import JsonObject, UtcDateTime, created_at_column, id_column


class DownloadJob(Model):
    """ZIPs of a company's images; the owner of every object under incoming/<id>/.

    product_ids: whose images were asked for; None for all. files: the
    ZIPs that are there, each with byte_size and the number of its parts,
    because no object of the store is as large as a ZIP.
    """

    id: Mapped[str] = id_column()
    company_id: Mapped[str] = mapped_column(ForeignKey("company.id"), index=True)
    created_by_id: Mapped[str | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    status: Mapped[str] = mapped_column(String(12))
    product_ids: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    # While RUNNING: nothing is put after it.
    working_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_images: Mapped[int] = mapped_column(default=0)
    total_images: Mapped[int] = mapped_column(default=0)
    files: Mapped[list[JsonObject]] = mapped_column(JSON, default=list)
    created_at: Mapped[datetime] = created_at_column()
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


def download_prefix(job_id: str) -> str:
    """Return the prefix of all objects of a download, which outlive its row in the outbox."""
    return f"incoming/{job_id}/"


def part_key(job_id: str, file: int, part: int) -> str:
    """Return the key of a part of a ZIP, both counted from 1."""
    return f"{download_prefix(job_id)}{file:03d}-{part:03d}"

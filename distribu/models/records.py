"""Records of past actions: audit entries, ended sessions, responses by Idempotency-Key."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..extensions import Model
from .columns import JsonObject, UtcDateTime, created_at_column, id_column


class IdempotencyKey(Model):
    """A request sent under a client's Idempotency-Key, and its response."""

    __table_args__ = (UniqueConstraint("api_key_id", "key"),)

    id: Mapped[str] = id_column()
    api_key_id: Mapped[str] = mapped_column(ForeignKey("api_key.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(255))
    request_sha256: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    headers: Mapped[JsonObject | None] = mapped_column(JSON)
    body: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = created_at_column()
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class EndedSession(Model):
    """A session that was signed out, so that a copy of its cookie is refused until it expires."""

    id: Mapped[str] = mapped_column(String(43), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class AuditEntry(Model):
    """One change with its author and the values before and after; entries are never changed."""

    __table_args__ = (
        Index("ix_audit_entry_company", "company_id", "created_at", "id"),
        # For the history of a single order.
        Index("ix_audit_entry_entity", "company_id", "entity_id"),
    )

    id: Mapped[str] = id_column()
    company_id: Mapped[str] = mapped_column(ForeignKey("company.id"))
    actor_type: Mapped[str] = mapped_column(String(10))
    actor_id: Mapped[str | None] = mapped_column(String(26))
    actor_name: Mapped[str] = mapped_column(String(254))
    action: Mapped[str] = mapped_column(String(60))
    entity_type: Mapped[str] = mapped_column(String(20))
    entity_id: Mapped[str] = mapped_column(String(26))
    before: Mapped[JsonObject | None] = mapped_column(JSON)
    after: Mapped[JsonObject | None] = mapped_column(JSON)
    created_at: Mapped[datetime] = created_at_column()

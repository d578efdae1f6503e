"""People and API keys that act for a company."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from flask_login import UserMixin
from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship
from werkzeug.security import check_password_hash, generate_password_hash

from ..extensions import Model
from .columns import UtcDateTime, created_at_column, id_column
from .companies import Company

ROLES = ("OWNER", "ADMIN", "MEMBER")
# Role of a former member, whose row stays so that orders and keys keep a name.
REMOVED = "REMOVED"
# Permissions of an API key; images:write must always be chosen explicitly.
SCOPES = ("products:read", "products:write", "orders:read", "orders:write", "images:write")
PREFIX_LENGTH = 12  # of an API key, shown to tell keys apart


def new_token() -> str:
    """Return a fresh session token; setting it ends all sessions with the old one."""
    return secrets.token_hex(16)


# Flask-Login has no types.
class User(UserMixin, Model):  # type: ignore[misc]
    """A person who works for a company.

    invited_email: the email that a member was added with, until they set
    a password. Until then their id stands in for their email, so that
    adding someone reserves no email and reveals nothing about its owner.
    """

    __table_args__ = (Index("ix_user_invited_email", "company_id", "invited_email", unique=True),)

    id: Mapped[str] = id_column()
    company_id: Mapped[str] = mapped_column(ForeignKey("company.id"), index=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    invited_email: Mapped[str | None] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(200), default="")
    password_hash: Mapped[str | None] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(10), default="MEMBER")
    session_token: Mapped[str] = mapped_column(String(32), default=new_token)
    created_at: Mapped[datetime] = created_at_column()
    company: Mapped[Company] = relationship(lazy="joined")

    def get_id(self) -> str:
        """Return the value stored in a session; renewing the token ends the session."""
        return f"{self.id}.{self.session_token}"

    @property
    def shown_email(self) -> str:
        """The email that colleagues see, whether or not the member has joined."""
        return self.invited_email or self.email

    @property
    def display_name(self) -> str:
        return self.name or self.shown_email

    @property
    def logged_name(self) -> str:
        """The name for the audit log: the email, or the kept name of a former member."""
        return self.name if self.role == REMOVED else self.email

    @property
    def is_manager(self) -> bool:
        """Whether this user may manage members, keys and settings."""
        return self.role in ("OWNER", "ADMIN")

    def set_password(self, password: str) -> None:
        """Make password the only valid one and end every session of this user."""
        self.password_hash = generate_password_hash(password)
        self.end_sessions()

    def has_password(self, password: str) -> bool:
        hashed = self.password_hash
        return hashed is not None and check_password_hash(hashed, password)

    def end_sessions(self) -> None:
        """Sign this user out everywhere."""
        self.session_token = new_token()

    def leave(self) -> None:
        """End this user's membership: nobody can sign in as them, and their email is free again."""
        self.name, self.email, self.invited_email = self.display_name, self.id, None
        self.role, self.password_hash = REMOVED, None
        self.end_sessions()


class ApiKey(Model):
    """A key to the APIs; only its hash is stored."""

    id: Mapped[str] = id_column()
    company_id: Mapped[str] = mapped_column(ForeignKey("company.id"), index=True)
    created_by_id: Mapped[str | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    name: Mapped[str] = mapped_column(String(100))
    prefix: Mapped[str] = mapped_column(String(PREFIX_LENGTH))
    key_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(JSON)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # The address of the caller, IPv4 or IPv6.
    last_used_from: Mapped[str | None] = mapped_column(String(45))
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = created_at_column()
    company: Mapped[Company] = relationship()
    created_by: Mapped[User | None] = relationship()

    @staticmethod
    def digest(key: str) -> str:
        """Return the hash of a key, in hex, as it is stored."""
        return hashlib.sha256(key.encode()).hexdigest()

    def status(self, now: datetime) -> str:
        if self.revoked_at:
            return "Revoked"
        return "Expired" if self.expires_at and self.expires_at <= now else "Active"

"""Column types and default values that all tables share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy import DateTime, Dialect, String, TypeDecorator
from sqlalchemy.orm import Mapped, mapped_column
from ulid import ULID

# A JSON column to which several modules write different fields; readers know which to expect.
JsonObject = dict[str, Any]


class InsertContext(Protocol):
    """The context that SQLAlchemy passes to a default that depends on other columns."""

    def get_current_parameters(self) -> dict[str, str | None]: ...


def utc_now() -> datetime:
    """Return the current time as an aware UTC datetime."""
    return datetime.now(UTC)


def new_id() -> str:
    """Return a fresh ULID: 26 characters that sort by creation time, to the millisecond.

    It is unique but not secret: ids of one millisecond may be consecutive.
    """
    return str(ULID())


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time on every database; SQLite itself returns naive ones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or value.tzinfo:
            return value and value.astimezone(UTC)
        return value.replace(tzinfo=UTC)


def is_storable(text: str) -> bool:
    """Return whether every database can store the text: no NUL and no lone surrogate."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def id_column() -> Mapped[str]:
    return mapped_column(String(26), primary_key=True, default=new_id)


def created_at_column() -> Mapped[datetime]:
    return mapped_column(UtcDateTime, default=utc_now)

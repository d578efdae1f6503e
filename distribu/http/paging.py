"""Pages of a list that take the same time at any depth, located by a signed cursor.

rows_beside() reads every list of this kind. page() adds the signed
cursors of the dashboard; the two APIs have cursors of their own.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from ..extensions import db
from ..models.columns import UtcDateTime
from ..models.json_rows import AnySelect

PAGE_SIZE = 24

# A column of any type.
Key = InstrumentedAttribute[Any]
# A place in a sort order: one value for each of its columns.
Values = list[object]
# Entities or rows of columns, depending on the query.
Items = list[Any]
# rows_beside() for one list: from a place, a size and whether to read backward.
Reader = Callable[[Values | None, int, bool], tuple[Items, bool]]


@dataclass(frozen=True)
class Sort:
    """A sort order by the columns of one index that ends in a unique key."""

    columns: tuple[Key, ...]
    is_descending: bool = False

    @property
    def reversed(self) -> "Sort":
        return replace(self, is_descending=not self.is_descending)

    def order(self, is_reversed: bool) -> list[ColumnElement[object]]:
        if self.is_descending != is_reversed:
            return [key.desc() for key in self.columns]
        return [key.expression for key in self.columns]

    def beyond(self, place: Values, is_reversed: bool) -> ColumnElement[bool]:
        """Return the condition for rows after place; if is_reversed, for rows before it."""
        keys = tuple_(*self.columns)
        return keys < tuple(place) if self.is_descending != is_reversed else keys > tuple(place)

    def dump_place(self, row: object) -> Values:
        """Return the row's values of the sort columns in a form that JSON can hold."""
        values = [getattr(row, key.key) for key in self.columns]
        return [value.isoformat() if isinstance(value, datetime) else value for value in values]

    def load_place(self, dumped: Values) -> Values:
        is_time = [isinstance(key.type, UtcDateTime) for key in self.columns]
        values = zip(dumped, is_time, strict=True)
        return [datetime.fromisoformat(str(value)) if is_at else value for value, is_at in values]


@dataclass(frozen=True)
class Page:
    """Some rows of a list, and the cursors of the previous and next pages, or None.

    first: the number of its first row in the list, from 1; counted from
    page to page, so rows added or removed meanwhile may shift it.
    """

    items: Items
    previous: str | None
    next: str | None
    first: int = 1


def page(
    query: AnySelect,
    where: ColumnElement[bool],
    sort: Sort,
    cursor: str | None = None,
    size: int = PAGE_SIZE,
) -> Page:
    """Return at most size rows of query that meet where, beside the place that cursor names.

    query: unsorted; of one entity, or of columns that include the sort's.
    cursor: from a Page of the same sort; None or an invalid one means the
    first page.
    """
    return page_of(partial(rows_beside, query, where, sort), sort, cursor, size)


def page_of(read: Reader, sort: Sort, cursor: str | None, size: int) -> Page:
    """Return a page as page() does, of the rows that read finds beside a place."""
    is_backward, place, number = _read(cursor, sort)
    rows, has_more = read(place, size, is_backward)
    if place and not (has_more if is_backward else rows):
        # If nothing is left before the cursor, show a full first page.
        is_backward, place, number = False, None, 0
        rows, has_more = read(place, size, is_backward)
    has_previous, has_next = (has_more, True) if is_backward else (bool(place), has_more)
    # Rows added before row 1 meanwhile would get numbers below 1, so start at 1.
    first = max(1, number - len(rows) if is_backward else number + 1)
    return Page(
        rows,
        _cursor("before", rows[0], sort, first) if has_previous else None,
        _cursor("after", rows[-1], sort, first + len(rows) - 1) if has_next else None,
        first,
    )


def cursor_after(row: object, sort: Sort) -> str:
    """Return a cursor for the rows after this one, which stays valid if the row changes."""
    return _cursor("after", row, sort, 0)


def row_after(
    query: AnySelect, where: ColumnElement[bool], sort: Sort, cursor: str | None
) -> object | None:
    """Return the first row after the place of a cursor, or None."""
    _, place, _ = _read(cursor, sort)
    rows, _ = rows_beside(query, where, sort, place, 1) if place else ([], False)
    return rows[0] if rows else None


def rows_beside(
    query: AnySelect,
    where: ColumnElement[bool],
    sort: Sort,
    place: Values | None,
    size: int,
    is_backward: bool = False,
) -> tuple[Items, bool]:
    """Return at most size rows after place, or before it, and whether there are more.

    query, where: as for page(). place: the values of the sort's columns, or
    None to begin at the end from which reading starts. The rows are always
    returned in the sort's order.
    """
    order = sort.order(is_backward)
    # Selecting only ids lets the database skip rows that do not match within the index.
    row_id = sort.columns[-1].class_.id
    found = select(row_id).where(where).order_by(*order)
    if place:
        found = found.where(sort.beyond(place, is_backward))
    # One extra row shows whether there is another page.
    shown = query.where(row_id.in_(found.limit(size + 1))).order_by(*order)
    rows = list(db.session.execute(shown))
    has_more, rows = len(rows) > size, rows[:size]
    if is_backward:
        rows.reverse()
    return [row[0] for row in rows] if rows and len(rows[0]) == 1 else rows, has_more


def _cursor(side: str, row: object, sort: Sort, number: int) -> str:
    """Return a signed cursor for the place before or after a row, with the row's number."""
    return _signer(sort).dumps([side, sort.dump_place(row), number])


def _read(cursor: str | None, sort: Sort) -> tuple[bool, Values | None, int]:
    try:
        # Cursors of older releases have no number.
        side, place, *numbers = _signer(sort).loads(cursor or "")
    except BadSignature:
        return False, None, 0
    return side == "before", sort.load_place(place), numbers[0] if numbers else 0


def _signer(sort: Sort) -> URLSafeSerializer:
    return _signer_with(current_app.config["SECRET_KEY"], sort.columns)


@lru_cache
def _signer_with(secret_key: str, columns: tuple[Key, ...]) -> URLSafeSerializer:
    # Signed, so only a place in a list with this sort reaches the database.
    return URLSafeSerializer(secret_key, f"cursor {','.join(map(str, columns))}")

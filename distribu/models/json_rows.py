"""Statements over many rows, written for each database.

Thousands of rows are passed to one statement as JSON, which both
databases read as a table. A statement for each row would cost a round
trip on PostgreSQL, and on SQLite writes the search index to disk after
each; a list of VALUES would need a placeholder for each cell, and
PostgreSQL allows 65,535.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Select,
    Table,
    column,
    func,
    literal,
    select,
    true,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute

from ..database import Base
from ..extensions import db

# Columns of any types.
Columns = Sequence[Column[Any]]
# A select that returns any columns.
AnySelect = Select[*tuple[Any, ...]]


def select_rows(rows: Sequence[Mapping[str, object]], columns: Columns) -> AnySelect:
    """Return a SELECT of these rows, for INSERT ... SELECT. columns: their names and types."""
    given = literal(rows, JSON)
    if db.engine.dialect.name == "sqlite":
        return _from_json_each(given, columns)
    typed = (column(one.name, one.type) for one in columns)
    table = func.json_to_recordset(given).table_valued(*typed).render_derived(with_types=True)
    return select(*table.c)


def upsert_into(table: type[Base] | Table) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT into table that supports on_conflict_do_update()."""
    if db.engine.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def is_among(
    column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None], values: Iterable[str]
) -> ColumnElement[bool]:
    """Return the condition that column has one of any number of values.

    For lists that grow with an import: clearing 5,000 galleries of 100
    images names 500,000 of them. For a short list, such as the ids of a
    page, use in_().
    """
    given = literal(list(values), JSON)
    if db.engine.dialect.name == "sqlite":
        return column.in_(select(func.json_each(given).table_valued("value").c.value))
    return column.in_(select(func.json_array_elements_text(given).column_valued()))


def _from_json_each(given: ColumnElement[object], columns: Columns) -> AnySelect:
    objects = select(func.json_each(given).table_valued("value").c.value)
    # OFFSET keeps SQLite from serializing a whole row again for each of its cells.
    row = objects.offset(0).subquery().c.value
    cells = (type_coerce(func.json_extract(row, f"$.{one.name}"), one.type) for one in columns)
    # Without a WHERE, SQLite parses the ON of ON CONFLICT as that of a join.
    return select(*cells).where(true())

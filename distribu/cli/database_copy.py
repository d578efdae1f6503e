"""flask db copy: copy every row of this database into an empty one of any supported kind."""

import click
from alembic import command
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Engine,
    Row,
    Table,
    Text,
    bindparam,
    cast,
    create_engine,
    event,
    func,
    insert,
    select,
    text,
    tuple_,
)
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.types import UserDefinedType

from ..extensions import db
from .checks import check_tables

_ROWS_AT_ONCE = 500
# Columns that are written by triggers of each database.
_MADE_BY_THE_DATABASE = {("company", "catalogue_version"), ("product", "search_number")}


class _WrittenJson(UserDefinedType):
    """JSON that is already text, and is stored as it is."""

    cache_ok = True


class NotCopied(click.ClickException):
    """The target was not changed; the sentence says why."""


@click.command("copy")
@click.option("--to", "url", required=True, metavar="URL", help="An empty database.")
@with_appcontext
def copy_database(url: str) -> None:
    """Copy every row into the empty database at URL. Stop the servers and workers first.

    The target gets its tables, then the rows, each of which is read again
    and compared. It is one transaction: a copy that fails leaves nothing
    behind, and the same command starts it again. The images stay where
    they are; flask images move takes them to another store.
    """
    if problems := check_tables():
        raise NotCopied(f"{problems[0].message} {problems[0].hint}")
    try:
        counts = copy_rows(url)
    except (ArgumentError, ImportError) as error:
        raise NotCopied(f"--to names no database: {error}") from error
    except SQLAlchemyError as error:
        raise NotCopied(f"Nothing was copied: {getattr(error, 'orig', None) or error}") from error
    for name, count in counts.items():
        click.echo(f"{count:>10,}  {name}")
    click.echo("Every row was copied and compared. Set DISTRIBU_DATABASE_URL, then flask check.")


def copy_rows(url: str) -> dict[str, int]:
    """Copy all rows of the app's database to the one at url.

    Returns the number of rows per table. Raises NotCopied if the target has
    rows already, or returned another row than was written.
    """
    engine = _engine(url)
    try:
        with db.engine.connect() as source, engine.begin() as target:
            make_tables(target)
            tables = db.metadata.sorted_tables
            _refuse_rows(target, tables)
            counts = {table.name: _copy_table(source, target, table) for table in tables}
            for table in tables:
                _compare(source, target, table)
            # Without statistics the first searches would be slow.
            target.execute(text("ANALYZE"))
            return counts
    finally:
        engine.dispose()


def _engine(url: str) -> Engine:
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        # Keep the driver from committing before each CREATE TABLE: everything is one transaction.
        event.listen(engine, "connect", _leave_transactions_alone)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _leave_transactions_alone(connection, _record) -> None:
    connection.isolation_level = None


def make_tables(target: Connection) -> None:
    """Migrate the database to the newest version, within the connection's transaction."""
    config = current_app.extensions["migrate"].migrate.get_config()
    config.attributes["connection"] = target
    command.upgrade(config, "head")


def _refuse_rows(target: Connection, tables: list[Table]) -> None:
    for table in tables:
        if target.execute(select(1).select_from(table).limit(1)).first():
            raise NotCopied(f"The target is not empty: its table {table.name} has rows.")


def _columns(table: Table) -> list[Column]:
    return [
        column for column in table.columns if (table.name, column.name) not in _MADE_BY_THE_DATABASE
    ]


def _read(table: Table):
    """Return a SELECT of every row, with JSON as text, so that NULL and JSON null differ."""
    read = [
        cast(column, Text).label(column.name) if isinstance(column.type, JSON) else column
        for column in _columns(table)
    ]
    return select(*read)


def _in_pieces(connection: Connection, table: Table):
    rows = connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(_read(table))
    return rows.partitions(_ROWS_AT_ONCE)


def _copy_table(source: Connection, target: Connection, table: Table) -> int:
    given = {
        column.name: bindparam(column.name, type_=_WrittenJson())
        for column in _columns(table)
        if isinstance(column.type, JSON)
    }
    count = 0
    for rows in _in_pieces(source, table):
        target.execute(insert(table).values(given), [dict(row._mapping) for row in rows])
        count += len(rows)
    return count


def _compare(source: Connection, target: Connection, table: Table) -> None:
    for rows in _in_pieces(source, table):
        there = _rows_with_the_keys_of(rows, target, table)
        for row in rows:
            if there.get(_key(row, table)) != tuple(row):
                raise NotCopied(
                    f"Nothing was copied: {table.name} {_key(row, table)} differs in the copy."
                )
    counts = [
        connection.scalar(select(func.count()).select_from(table))
        for connection in (source, target)
    ]
    if counts[0] != counts[1]:
        raise NotCopied(f"Nothing was copied: {table.name} was changed in the meantime.")


def _rows_with_the_keys_of(rows: list[Row], target: Connection, table: Table) -> dict:
    keys = [_key(row, table) for row in rows]
    found = target.execute(_read(table).where(tuple_(*table.primary_key.columns).in_(keys)))
    return {_key(row, table): tuple(row) for row in found}


def _key(row: Row, table: Table) -> tuple:
    return tuple(getattr(row, column.name) for column in table.primary_key.columns)

"""The version of a company's catalog: a number that the database itself keeps.

Every committed change of a product, or of an image that a product has,
gives the company another version, whether it was made by the ORM, by one
statement over many rows or at a console. So a page that was made of one
version is right as long as the version stays.

A migration that makes the table product or image anew ends with
create(): on SQLite the triggers are dropped with the old table. Once such
a migration is released, it keeps a copy of what it called.
"""

from sqlalchemy import Connection, text

# A staged image is nobody's yet: choosing one changes no page.
_EVENTS = {
    "product_insert": ("INSERT ON product", "new", ""),
    "product_update": ("UPDATE ON product", "new", ""),
    "product_delete": ("DELETE ON product", "old", ""),
    "image_insert": ("INSERT ON image", "new", "new.product_id IS NOT NULL"),
    "image_update": (
        "UPDATE ON image",
        "new",
        "new.product_id IS NOT NULL OR old.product_id IS NOT NULL",
    ),
    "image_delete": ("DELETE ON image", "old", "old.product_id IS NOT NULL"),
}

_SQLITE_BODY = """BEGIN
    UPDATE company SET catalogue_version = catalogue_version + 1 WHERE id = {row}.company_id;
END"""

# The number of the transaction, so that thousands of rows change the company's once. At the
# commit, after every lock on a product: taken earlier, the company's would be in the way of
# orders that take their products one after another.
_POSTGRESQL_FUNCTION = """
CREATE OR REPLACE FUNCTION raise_catalogue_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE company SET catalogue_version = pg_current_xact_id()::text::bigint
        WHERE id = coalesce(new.company_id, old.company_id)
        AND catalogue_version <> pg_current_xact_id()::text::bigint;
    RETURN NULL;
END $$"""
_POSTGRESQL_BODY = (
    "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW {when} EXECUTE FUNCTION raise_catalogue_version()"
)


def create(connection: Connection) -> None:
    """From now on every change of a catalog changes its version."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(_POSTGRESQL_FUNCTION))
    for name, (event, row, condition) in _EVENTS.items():
        _drop(connection, name)
        connection.execute(text(_trigger(connection.dialect.name, name, event, row, condition)))


def drop(connection: Connection) -> None:
    """The column stays as it is."""
    for name in _EVENTS:
        _drop(connection, name)
    if connection.dialect.name == "postgresql":
        connection.execute(text("DROP FUNCTION IF EXISTS raise_catalogue_version()"))


def _trigger(dialect: str, name: str, event: str, row: str, condition: str) -> str:
    when = f"WHEN ({condition})" if condition else ""
    if dialect == "postgresql":
        body = _POSTGRESQL_BODY.format(when=when)
        return f"CREATE CONSTRAINT TRIGGER catalogue_{name} AFTER {event} {body}"
    return f"CREATE TRIGGER catalogue_{name} AFTER {event} {when} {_SQLITE_BODY.format(row=row)}"


def _drop(connection: Connection, name: str) -> None:
    table = f" ON {name.split('_')[0]}" if connection.dialect.name == "postgresql" else ""
    connection.execute(text(f"DROP TRIGGER IF EXISTS catalogue_{name}{table}"))

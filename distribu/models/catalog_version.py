"""The version of a company's catalog: a number that database triggers maintain.

Every committed change of a product, or of a product's image, gives the
company another version, whether it was made by the ORM, by one statement
over many rows or at a console. So a page that was rendered from one
version stays correct as long as the version is the same.

A migration that recreates the table product or image ends with create(),
because on SQLite the triggers are dropped with the old table. Once such
a migration is released, it keeps a copy of what it called.
"""

from sqlalchemy import Connection, text

# A staged image has no product yet, so choosing one changes no page.
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

# The version is the transaction's number, so that thousands of rows update the company once. The
# triggers run at the commit, after every lock on a product: locked earlier, the company's row
# would block orders, which lock their products one after another.
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
    """Create the triggers that update a company's catalog version."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(_POSTGRESQL_FUNCTION))
    for name, (event, row, condition) in _EVENTS.items():
        _drop(connection, name)
        connection.execute(text(_trigger(connection.dialect.name, name, event, row, condition)))


def drop(connection: Connection) -> None:
    """Drop the triggers and keep the column."""
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

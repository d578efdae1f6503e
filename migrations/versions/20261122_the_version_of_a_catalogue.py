"""The version of a company's catalogue, by which whole pages of it are kept."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "company",
        sa.Column("catalogue_version", sa.BigInteger(), nullable=False, server_default="0"),
    )
    _create_triggers(op.get_bind())


def downgrade() -> None:
    _drop_triggers(op.get_bind())
    # Not in a batch: SQLite would make the table anew, which foreign keys refer to.
    op.drop_column("company", "catalogue_version")


# A staged picture is nobody's yet: choosing one changes no page.
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


def _create_triggers(connection: sa.Connection) -> None:
    """From now on every change of a catalogue changes its version."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(_POSTGRESQL_FUNCTION))
    for name, (event, row, condition) in _EVENTS.items():
        _drop(connection, name)
        connection.execute(sa.text(_trigger(connection.dialect.name, name, event, row, condition)))


def _drop_triggers(connection: sa.Connection) -> None:
    """The column stays as it is."""
    for name in _EVENTS:
        _drop(connection, name)
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("DROP FUNCTION IF EXISTS raise_catalogue_version()"))


def _trigger(dialect: str, name: str, event: str, row: str, condition: str) -> str:
    when = f"WHEN ({condition})" if condition else ""
    if dialect == "postgresql":
        body = _POSTGRESQL_BODY.format(when=when)
        return f"CREATE CONSTRAINT TRIGGER catalogue_{name} AFTER {event} {body}"
    return f"CREATE TRIGGER catalogue_{name} AFTER {event} {when} {_SQLITE_BODY.format(row=row)}"


def _drop(connection: sa.Connection, name: str) -> None:
    table = f" ON {name.split('_')[0]}" if connection.dialect.name == "postgresql" else ""
    connection.execute(sa.text(f"DROP TRIGGER IF EXISTS catalogue_{name}{table}"))

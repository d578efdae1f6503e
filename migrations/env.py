"""How Alembic reaches the database: through the application's own engine and tables."""

from alembic import context
from alembic.operations.ops import MigrationScript
from sqlalchemy import Connection

from distribu.extensions import db
from distribu.models.columns import UtcDateTime

# What search.py lives on is written by hand in migrations, a database's own kind each time.
BY_HAND = "product_search"


def include_object(_object, name: str | None, _type: str, _reflected: bool, _other) -> bool:
    """Whether Alembic compares a table or an index with the models."""
    return not (name or "").startswith((BY_HAND, f"ix_{BY_HAND}"))


def render_item(kind: str, item, _autogen_context) -> str | bool:
    """A migration stands alone: it names no class of the application."""
    return "sa.DateTime(timezone=True)" if isinstance(item, UtcDateTime) else False


def drop_empty(_context, _revision, scripts: list[MigrationScript]) -> None:
    """Without a difference there is no migration."""
    is_migrate = getattr(context.config.cmd_opts, "autogenerate", False)
    if is_migrate and scripts[0].upgrade_ops.is_empty():
        scripts.clear()


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        include_object=include_object,
        render_item=render_item,
        process_revision_directives=drop_empty,
        # SQLite alters a table by making it anew.
        render_as_batch=True,
    )
    with context.begin_transaction():
        context.run_migrations()


# flask db copy hands over the database that it fills, in whose transaction everything happens.
if given := context.config.attributes.get("connection"):
    run(given)
else:
    with db.engine.connect() as connection:
        run(connection)

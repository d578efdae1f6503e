"""Search over name, SKU and category, with an index on either database."""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FOLDED = sa.String(620).with_variant(sa.String(620, "C"), "postgresql")
PRODUCT = sa.table("product", *map(sa.column, ("id", "name", "sku", "category", "search_text")))


def upgrade() -> None:
    with op.batch_alter_table("product") as product:
        product.add_column(sa.Column("search_text", FOLDED, nullable=False, server_default=""))
        product.add_column(sa.Column("search_number", sa.Integer(), nullable=True))
    _fill()
    op.create_index(
        "ix_product_company_folded",
        "product",
        ["company_id", "search_text", "id"],
        postgresql_include=["is_active"],
    )
    _create_index(op.get_bind())


def downgrade() -> None:
    _drop_index(op.get_bind())
    op.drop_index("ix_product_company_folded", "product")
    # Not in a batch: SQLite would make the table anew, which foreign keys refer to.
    op.drop_column("product", "search_number")
    op.drop_column("product", "search_text")


def _fill() -> None:
    connection = op.get_bind()
    rows = connection.execute(sa.select(PRODUCT)).all()
    folded = [
        {"row": row.id, "folded": _searchable(row.name, row.sku, row.category)} for row in rows
    ]
    if folded:
        filling = sa.update(PRODUCT).where(PRODUCT.c.id == sa.bindparam("row"))
        connection.execute(filling.values(search_text=sa.bindparam("folded")), folded)


# The folding of this release: what a later one makes of a text is a matter of its own migration.
_DROPPED = ("Mn", "Cc", "Cs")


def _searchable(*fields: str | None) -> str:
    lines = ("".join(f"  {word}" for word in _words(field)) for field in fields)
    return "\n".join(lines)[:620]


def _words(text: str | None) -> list[str]:
    folded = unicodedata.normalize("NFKD", text or "").casefold()
    return list(filter(None, map(_without_marks, folded.split())))


def _without_marks(word: str) -> str:
    kept = (char for char in word if unicodedata.category(char) not in _DROPPED)
    return unicodedata.normalize("NFC", "".join(kept))


# An index of SQLite's FTS5 knows a row by an integer. The hidden rowid may change with VACUUM
# or a restored dump, so each product gets a number that is its own.
_SQLITE_TRIGGERS = {
    "product_search_insert": """
        AFTER INSERT ON product BEGIN
            UPDATE product SET search_number =
                (SELECT coalesce(max(search_number), 0) + 1 FROM product) WHERE id = new.id;
            INSERT INTO product_search (rowid, search_text)
                SELECT search_number, search_text FROM product WHERE id = new.id;
        END""",
    "product_search_update": """
        AFTER UPDATE OF search_text ON product WHEN old.search_text <> new.search_text BEGIN
            INSERT INTO product_search (product_search, rowid, search_text)
                VALUES ('delete', old.search_number, old.search_text);
            INSERT INTO product_search (rowid, search_text)
                VALUES (new.search_number, new.search_text);
        END""",
    "product_search_delete": """
        AFTER DELETE ON product BEGIN
            INSERT INTO product_search (product_search, rowid, search_text)
                VALUES ('delete', old.search_number, old.search_text);
        END""",
}

_SQLITE = [
    "DROP TABLE IF EXISTS product_search",
    "DROP INDEX IF EXISTS ix_product_search_number",
    "UPDATE product SET search_number = rowid",
    "CREATE UNIQUE INDEX ix_product_search_number ON product (search_number)",
    """CREATE VIRTUAL TABLE product_search USING fts5 (
        search_text, content='product', content_rowid='search_number',
        tokenize='trigram case_sensitive 1')""",
    "INSERT INTO product_search (product_search) VALUES ('rebuild')",
]

_POSTGRESQL = [
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE EXTENSION IF NOT EXISTS btree_gin",
    "DROP INDEX IF EXISTS ix_product_search_trigrams",
    # A short pending list: whoever searches reads all of it, entry by entry.
    """CREATE INDEX ix_product_search_trigrams ON product
        USING gin (company_id, search_text gin_trgm_ops) WITH (gin_pending_list_limit = 256)""",
]


def _create_index(connection: sa.Connection) -> None:
    """The index is there and holds every product, whatever was there before."""
    if connection.dialect.name == "postgresql":
        _execute(connection, _POSTGRESQL)
        return
    triggers = [
        statement
        for name, body in _SQLITE_TRIGGERS.items()
        for statement in (f"DROP TRIGGER IF EXISTS {name}", f"CREATE TRIGGER {name} {body}")
    ]
    _execute(connection, _SQLITE + triggers)


def _drop_index(connection: sa.Connection) -> None:
    """The index is gone; the columns stay."""
    if connection.dialect.name == "postgresql":
        _execute(connection, ["DROP INDEX ix_product_search_trigrams"])
        return
    _execute(connection, [f"DROP TRIGGER {name}" for name in _SQLITE_TRIGGERS])
    _execute(connection, ["DROP TABLE product_search", "DROP INDEX ix_product_search_number"])


def _execute(connection: sa.Connection, statements: list[str]) -> None:
    for statement in statements:
        connection.execute(sa.text(statement))

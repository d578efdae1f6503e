"""The search index of three-letter pieces, built differently on each database.

A migration that recreates the table product ends with create(), because
on SQLite its triggers are dropped with the old table. Once such a
migration is released, it keeps a copy of what it called.
"""

from sqlalchemy import Connection, text

# SQLite's FTS5 identifies rows by an integer. The hidden rowid may change with VACUUM or a
# restored dump, so each product gets a permanent number.
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
    # Keep the pending list short: every search reads all of it, entry by entry.
    """CREATE INDEX ix_product_search_trigrams ON product
        USING gin (company_id, search_text gin_trgm_ops) WITH (gin_pending_list_limit = 256)""",
]


def create(connection: Connection) -> None:
    """Create the index of every product, replacing one that exists."""
    if connection.dialect.name == "postgresql":
        _execute(connection, _POSTGRESQL)
        return
    triggers = [
        statement
        for name, body in _SQLITE_TRIGGERS.items()
        for statement in (f"DROP TRIGGER IF EXISTS {name}", f"CREATE TRIGGER {name} {body}")
    ]
    _execute(connection, _SQLITE + triggers)


def drop(connection: Connection) -> None:
    """Drop the index and keep the columns."""
    if connection.dialect.name == "postgresql":
        _execute(connection, ["DROP INDEX ix_product_search_trigrams"])
        return
    _execute(connection, [f"DROP TRIGGER {name}" for name in _SQLITE_TRIGGERS])
    _execute(connection, ["DROP TABLE product_search", "DROP INDEX ix_product_search_number"])


def _execute(connection: Connection, statements: list[str]) -> None:
    for statement in statements:
        connection.execute(text(statement))

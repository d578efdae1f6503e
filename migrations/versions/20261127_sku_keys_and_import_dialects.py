"""Keys by which SKUs are compared, folded letters in search, the dialect of an imported file."""

import json
import unicodedata
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

KEY = sa.String(300).with_variant(sa.String(300, "C"), "postgresql")
PRODUCT = sa.table(
    "product",
    *map(
        sa.column,
        ("id", "company_id", "name", "sku", "category", "created_at", "sku_key", "search_text"),
    ),
)
# As migration 0002 makes it.
TRIGRAMS = """CREATE INDEX ix_product_search_trigrams ON product
        USING gin (company_id, search_text gin_trgm_ops) WITH (gin_pending_list_limit = 256)"""
OWN_KEY = "\u2060"
# Rows read and written at a time.
CHUNK = 5000


def upgrade() -> None:
    op.add_column("product", sa.Column("sku_key", KEY, nullable=True))
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    if is_postgresql:
        # Made anew at once, it takes a fraction of the time.
        op.execute("DROP INDEX ix_product_search_trigrams")
    _fill()
    if is_postgresql:
        # No table with triggers that still have to run gets an index.
        op.execute("SET CONSTRAINTS ALL IMMEDIATE")
        op.execute(TRIGRAMS)
    op.create_index("ix_product_company_sku_key", "product", ["company_id", "sku_key"], unique=True)
    op.add_column("import_job", sa.Column("encoding", sa.String(20), nullable=True))
    op.add_column("import_job", sa.Column("undecoded", sa.LargeBinary(), nullable=True))
    op.add_column(
        "import_job",
        sa.Column("is_encoding_agreed", sa.Boolean(), nullable=False, server_default=sa.true()),
    )
    op.add_column(
        "import_job",
        sa.Column("decimal_signs", sa.JSON(), nullable=False, server_default=sa.text("'{}'")),
    )


def downgrade() -> None:
    for name in ("decimal_signs", "is_encoding_agreed", "undecoded", "encoding"):
        op.drop_column("import_job", name)
    op.drop_index("ix_product_company_sku_key", "product")
    # What search finds stays as it is: the release before folds only what it writes anew.
    op.drop_column("product", "sku_key")


def _fill() -> None:
    """Every product has the key of its SKU; the oldest one has it where several look alike."""
    connection = op.get_bind()
    taken: set[tuple[str, str]] = set()
    for rows in _chunks(connection):
        changes = filter(None, (_change(row, taken) for row in rows))
        # One statement for all: PostgreSQL plans each of many anew.
        connection.execute(_SETTING[connection.dialect.name], {"changes": json.dumps([*changes])})


_SETTING = {
    "sqlite": sa.text("""
        UPDATE product SET
            sku_key = json_extract(change.value, '$.key'),
            search_text = json_extract(change.value, '$.folded')
        FROM json_each(:changes) AS change
        WHERE product.id = json_extract(change.value, '$.row')"""),
    "postgresql": sa.text("""
        UPDATE product SET sku_key = change.key, search_text = change.folded
        FROM json_to_recordset(:changes) AS change(row text, key text, folded text)
        WHERE product.id = change.row"""),
}


def _chunks(connection: sa.Connection) -> Iterator[list]:
    """The products from the oldest to the newest."""
    asked = sa.select(PRODUCT).order_by(PRODUCT.c.id).limit(CHUNK)
    last = ""
    while rows := connection.execute(asked.where(PRODUCT.c.id > last)).all():
        yield rows
        last = rows[-1].id


def _change(row, taken: set[tuple[str, str]]) -> dict | None:
    key = _sku_key(row.sku)
    if key is not None and (row.company_id, key) in taken:
        key = OWN_KEY + row.id
    taken.add((row.company_id, key))
    folded = _searchable(row.name, row.sku, row.category)
    if key is None and folded == row.search_text:
        return None
    return {"row": row.id, "key": key, "folded": folded}


# The key and the folding of this release: later ones are matters of their own migrations.
def _sku_key(sku: str | None) -> str | None:
    if sku is None or sku.isascii():
        return (sku or "").strip() or None
    normalized = unicodedata.normalize("NFC", sku)
    seen = "".join(one for one in normalized if unicodedata.category(one) != "Cf")
    return unicodedata.normalize("NFC", seen).strip() or None


_DROPPED = ("Mn", "Cc", "Cf", "Cs")
_LETTERS = str.maketrans("øđðłıȷħŧŋĸƀɓɖɗƒɠǥƙɲɔɛəƴ", "oddlijhtnkbbddfggknoeey") | {
    ord("œ"): "oe",
    ord("æ"): "ae",
    ord("þ"): "th",
}


def _searchable(*fields: str | None) -> str:
    lines = ("".join(f"  {word}" for word in _words(field)) for field in fields)
    return "\n".join(lines)[:620]


def _words(text: str | None) -> list[str]:
    text = text or ""
    if text.isascii() and text.isprintable():
        return text.lower().split()
    folded = unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)
    return list(filter(None, map(_without_marks, folded.split())))


def _without_marks(word: str) -> str:
    kept = (char for char in word if unicodedata.category(char) not in _DROPPED)
    return unicodedata.normalize("NFC", "".join(kept))

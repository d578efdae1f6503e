"""An index for each sort and each filter of the inventory list."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

KEY = sa.String(300).with_variant(sa.String(300, "C"), "postgresql")
# Behind every SKU.
NO_SKU = "\U0010ffff"
# Before the id, in the key of a product whose SKU looks like another one's.
OWN_KEY = "\u2060"

SORTS = {
    "ix_product_company_sku_order": ["company_id", "sku_order", "id"],
    "ix_product_company_price": ["company_id", "price_minor", "id"],
    "ix_product_company_stock": ["company_id", "stock", "id"],
}
# By name: the table, its columns, and which of its rows are in it.
FILTERS = {
    "ix_product_inactive": ("product", ["company_id", "id"], "NOT is_active"),
    "ix_product_external_without_alt": (
        "product",
        ["company_id", "id"],
        "external_image_alt = '' AND external_image_url IS NOT NULL",
    ),
    "ix_product_hosted_alone": (
        "product",
        ["company_id", "id", "external_image_url"],
        "external_image_url IS NULL",
    ),
    "ix_image_ready": ("image", ["product_id", "status"], "status = 'READY'"),
    "ix_image_unready": ("image", ["company_id", "product_id"], "status != 'READY'"),
    "ix_image_without_alt": ("image", ["company_id", "product_id"], "alt_text = ''"),
    "ix_image_small": ("image", ["company_id", "product_id"], "width_px < 500 OR height_px < 500"),
    "ix_image_needs_upload": (
        "image",
        ["company_id", "product_id"],
        "facts IS NULL AND ladder_version IS NOT NULL AND status = 'READY' AND (format = 'GIF' OR"
        " (format = 'PNG' OR format = 'JPEG') AND width_px <= 64 AND height_px <= 64)",
    ),
}


def upgrade() -> None:
    # Not in a batch: SQLite adds columns in place, and so the triggers of the table stay.
    op.add_column("product", sa.Column("sku_order", KEY, nullable=False, server_default=""))
    op.execute(_filling())
    if _is_postgresql():
        # No table with triggers that still have to run gets an index.
        op.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for name, columns in SORTS.items():
        op.create_index(name, "product", columns)
    for name, (table, columns, condition) in FILTERS.items():
        # SQLite takes an index only for a condition in the words of the query.
        in_sqlite = sa.text("is_active = 0" if name == "ix_product_inactive" else condition)
        in_postgresql = sa.text(condition)
        op.create_index(
            name, table, columns, sqlite_where=in_sqlite, postgresql_where=in_postgresql
        )


def downgrade() -> None:
    for name, (table, _, _) in FILTERS.items():
        op.drop_index(name, table)
    for name in SORTS:
        op.drop_index(name, "product")
    op.drop_column("product", "sku_order")


def _filling() -> sa.Update:
    """What gives each product the text by which it is sorted: its key, or its SKU as it is."""
    product = sa.table("product", *map(sa.column, ("sku", "sku_key", "sku_order")))
    is_own = product.c.sku_key.startswith(OWN_KEY)
    key = sa.case((is_own, product.c.sku), else_=product.c.sku_key)
    return product.update().values(sku_order=sa.func.coalesce(key, NO_SKU))


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"

"""Search over name, SKU and category, with an index on either database."""

import sqlalchemy as sa
from alembic import op

from distribu import search_index
from distribu.folding import searchable

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
    search_index.create(op.get_bind())


def downgrade() -> None:
    search_index.drop(op.get_bind())
    op.drop_index("ix_product_company_folded", "product")
    # Not in a batch: SQLite would make the table anew, which foreign keys refer to.
    op.drop_column("product", "search_number")
    op.drop_column("product", "search_text")


def _fill() -> None:
    connection = op.get_bind()
    rows = connection.execute(sa.select(PRODUCT)).all()
    folded = [
        {"row": row.id, "folded": searchable(row.name, row.sku, row.category)} for row in rows
    ]
    if folded:
        filling = sa.update(PRODUCT).where(PRODUCT.c.id == sa.bindparam("row"))
        connection.execute(filling.values(search_text=sa.bindparam("folded")), folded)

"""How far an image is turned against its upload, and the orders of a large catalog."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

ORDERS = ("price_minor", "stock")


def upgrade() -> None:
    # Not in a batch: SQLite adds columns in place, and so the triggers of the table stay.
    op.add_column("image", sa.Column("turn", sa.Integer(), server_default="0", nullable=False))
    for name in ORDERS:
        op.create_index(f"ix_product_company_{name}", "product", ["company_id", name])


def downgrade() -> None:
    for name in ORDERS:
        op.drop_index(f"ix_product_company_{name}", "product")
    op.drop_column("image", "turn")

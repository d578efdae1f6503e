"""A counter of each company's orders, and orders that are being written."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("company") as company:
        company.add_column(
            sa.Column("last_order_number", sa.Integer(), nullable=False, server_default="0")
        )
    op.execute(
        'UPDATE company SET last_order_number = (SELECT coalesce(max(number), 0) FROM "order" '
        'WHERE "order".company_id = company.id)'
    )
    op.create_table(
        "order_draft",
        sa.Column("user_id", sa.String(length=26), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user.id"],
            name=op.f("fk_order_draft_user_id_user"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "token", name=op.f("pk_order_draft")),
    )


def downgrade() -> None:
    op.drop_table("order_draft")
    # Not in a batch: SQLite would make the table anew, which triggers and foreign keys refer to.
    op.drop_column("company", "last_order_number")

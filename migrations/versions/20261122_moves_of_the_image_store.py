"""What is remembered of a move of the pictures to another store."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("installation") as installation:
        installation.add_column(sa.Column("target_id", sa.String(length=64)))
        installation.add_column(sa.Column("frozen_until", sa.DateTime(timezone=True)))
        installation.add_column(sa.Column("moved_from", sa.String(length=64)))


def downgrade() -> None:
    with op.batch_alter_table("installation") as installation:
        for name in ("moved_from", "frozen_until", "target_id"):
            installation.drop_column(name)

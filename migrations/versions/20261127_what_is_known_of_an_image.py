"""When an image is tried again, its label, and what was done to it."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in a batch: SQLite adds columns in place, and so the triggers of the table stay.
    op.add_column("image", sa.Column("retry_at", sa.DateTime(timezone=True)))
    op.add_column("image", sa.Column("digital_source_type", sa.String(60)))
    op.add_column("image", sa.Column("facts", sa.JSON()))


def downgrade() -> None:
    for name in ("facts", "digital_source_type", "retry_at"):
        op.drop_column("image", name)

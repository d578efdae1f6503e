"""What caches may have of a picture that is deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("outbox_entry") as outbox_entry:
        outbox_entry.add_column(sa.Column("published", sa.JSON()))


def downgrade() -> None:
    with op.batch_alter_table("outbox_entry") as outbox_entry:
        outbox_entry.drop_column("published")

"""When the queue was asked for an image, and single objects in the outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in a batch: SQLite adds columns in place, and so the triggers of the table stay.
    op.add_column("image", sa.Column("queued_at", sa.DateTime(timezone=True)))
    _change_prefix(sa.String(80), sa.String(1024))


def downgrade() -> None:
    # What does not fit is found again by flask images doctor.
    op.execute("DELETE FROM outbox_entry WHERE length(prefix) > 80 OR prefix NOT LIKE '%/'")
    _change_prefix(sa.String(1024), sa.String(80))
    op.drop_column("image", "queued_at")


def _change_prefix(before: sa.String, after: sa.String) -> None:
    with op.batch_alter_table("outbox_entry") as table:
        table.alter_column("prefix", existing_type=before, type_=after, existing_nullable=False)

"""Whose image it is that could not be deleted yet."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("outbox_entry") as outbox_entry:
        outbox_entry.add_column(sa.Column("company_id", sa.String(26)))
        outbox_entry.create_index("ix_outbox_entry_company", ["company_id", "attempts"])


def downgrade() -> None:
    with op.batch_alter_table("outbox_entry") as outbox_entry:
        outbox_entry.drop_index("ix_outbox_entry_company")
        outbox_entry.drop_column("company_id")

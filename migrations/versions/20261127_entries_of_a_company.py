"""Whose image it is that could not be deleted yet, and which sessions were signed out."""

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
    op.create_table(
        "ended_session",
        sa.Column("id", sa.String(43), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ended_session"),
    )
    op.create_index("ix_ended_session_expires_at", "ended_session", ["expires_at"])


def downgrade() -> None:
    op.drop_table("ended_session")
    with op.batch_alter_table("outbox_entry") as outbox_entry:
        outbox_entry.drop_index("ix_outbox_entry_company")
        outbox_entry.drop_column("company_id")

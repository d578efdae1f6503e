"""What an import under way was agreed to be, and how far it is."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("import_job") as job:
        job.add_column(sa.Column("fingerprint", sa.String(64), nullable=True))
        job.add_column(sa.Column("working_until", sa.DateTime(timezone=True), nullable=True))
        job.alter_column("done_rows", new_column_name="done_copies")
        job.alter_column("total_rows", new_column_name="total_copies")


def downgrade() -> None:
    with op.batch_alter_table("import_job") as job:
        job.alter_column("done_copies", new_column_name="done_rows")
        job.alter_column("total_copies", new_column_name="total_rows")
        job.drop_column("working_until")
        job.drop_column("fingerprint")

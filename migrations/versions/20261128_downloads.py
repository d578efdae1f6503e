"""Downloads of many images, made by the worker."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "download_job",
        sa.Column("id", sa.String(26), primary_key=True),
        sa.Column("company_id", sa.String(26), sa.ForeignKey("company.id"), nullable=False),
        sa.Column("created_by_id", sa.String(26), sa.ForeignKey("user.id", ondelete="SET NULL")),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("product_ids", sa.JSON(none_as_null=True)),
        sa.Column("working_until", sa.DateTime(timezone=True)),
        sa.Column("done_images", sa.Integer(), nullable=False),
        sa.Column("total_images", sa.Integer(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_download_job_company_id", "download_job", ["company_id"])
    op.create_index("ix_download_job_expires_at", "download_job", ["expires_at"])


def downgrade() -> None:
    op.drop_table("download_job")

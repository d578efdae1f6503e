"""The digest of what is published of an image, by which a downloaded file is known again."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in a batch: SQLite adds columns in place, and so the triggers of the table stay.
    op.add_column("image", sa.Column("published_sha256", sa.String(64), nullable=True))
    op.create_index(
        "ix_image_company_published_sha256", "image", ["company_id", "published_sha256"]
    )


def downgrade() -> None:
    op.drop_index("ix_image_company_published_sha256", "image")
    op.drop_column("image", "published_sha256")

"""The alt text of an external image, and an index of images by their bytes."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in a batch: SQLite would make the table anew, and lose the triggers that hang on it.
    op.add_column(
        "product",
        sa.Column("external_image_alt", sa.String(200), nullable=False, server_default=""),
    )
    op.create_index("ix_image_company_sha256", "image", ["company_id", "sha256"])


def downgrade() -> None:
    op.drop_index("ix_image_company_sha256", "image")
    op.drop_column("product", "external_image_alt")

"""Which image shows the variant of a product, and the address from which a key was last used."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Added in place: made anew, the table would lose its triggers on SQLite.
    op.add_column(
        "image",
        sa.Column("is_variant_image", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column("api_key", sa.Column("last_used_from", sa.String(length=45)))


def downgrade() -> None:
    op.drop_column("api_key", "last_used_from")
    op.drop_column("image", "is_variant_image")

"""The version of a company's catalogue, by which whole pages of it are kept."""

import sqlalchemy as sa
from alembic import op

from distribu import catalogue_version

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "company",
        sa.Column("catalogue_version", sa.BigInteger(), nullable=False, server_default="0"),
    )
    catalogue_version.create(op.get_bind())


def downgrade() -> None:
    catalogue_version.drop(op.get_bind())
    # Not in a batch: SQLite would make the table anew, which foreign keys refer to.
    op.drop_column("company", "catalogue_version")

"""Statistics fine enough for PostgreSQL to tell a rare piece of a name from a common one."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# How many texts the planner tries a pattern on. Of the default hundred, one that happens to match
# makes a piece that thirty products have look as if a thousand had it.
SAMPLED = 500
DEFAULT = -1


def upgrade() -> None:
    _sample(SAMPLED)


def downgrade() -> None:
    _sample(DEFAULT)


def _sample(count: int) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE product ALTER COLUMN search_text SET STATISTICS {count}")
        op.execute("ANALYZE product (search_text)")

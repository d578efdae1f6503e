"""The email of a member who has not joined yet, which takes it from nobody."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_HAS_NOT_JOINED = "password_hash IS NULL AND role <> 'REMOVED'"


def upgrade() -> None:
    op.add_column("user", sa.Column("invited_email", sa.String(254)))
    op.create_index("ix_user_invited_email", "user", ["company_id", "invited_email"], unique=True)
    # The id stands in for the email until a password is set.
    op.execute(f'UPDATE "user" SET invited_email = email, email = id WHERE {_HAS_NOT_JOINED}')


def downgrade() -> None:
    # Where an account has the email by now, the id stays in its place.
    op.execute(
        'UPDATE "user" SET email = invited_email WHERE invited_email IS NOT NULL AND NOT EXISTS'
        ' (SELECT 1 FROM "user" AS other WHERE other.email = "user".invited_email)'
        ' AND NOT EXISTS (SELECT 1 FROM "user" AS other WHERE other.id < "user".id'
        ' AND other.invited_email = "user".invited_email)'
    )
    op.drop_index("ix_user_invited_email", "user")
    op.drop_column("user", "invited_email")

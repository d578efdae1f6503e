"""The customer of an order, its currency, its search, and the image that each line had."""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ORDER = sa.table("order", *map(sa.column, ("id", "number", "po_number", "search_text")))


def upgrade() -> None:
    for column in (
        sa.Column("customer_name", sa.String(length=200)),
        sa.Column("customer_address", sa.String(length=500)),
        sa.Column("currency", sa.String(length=3), nullable=False, server_default="USD"),
        sa.Column("search_text", sa.String(length=620), nullable=False, server_default=""),
    ):
        op.add_column("order", column)
    op.add_column("order_line", sa.Column("image_id", sa.String(length=26)))
    op.execute(
        'UPDATE "order" SET currency = '
        '(SELECT currency FROM company WHERE company.id = "order".company_id)'
    )
    _fill_search_text()
    op.create_index("ix_audit_entry_entity", "audit_entry", ["company_id", "entity_id"])


def downgrade() -> None:
    op.drop_index("ix_audit_entry_entity", "audit_entry")
    op.drop_column("order_line", "image_id")
    for name in ("search_text", "currency", "customer_address", "customer_name"):
        op.drop_column("order", name)


def _fill_search_text() -> None:
    connection = op.get_bind()
    folded = [
        {"row": row.id, "folded": _searchable(str(row.number), row.po_number)}
        for row in connection.execute(sa.select(ORDER)).all()
    ]
    if folded:
        filling = sa.update(ORDER).where(ORDER.c.id == sa.bindparam("row"))
        connection.execute(filling.values(search_text=sa.bindparam("folded")), folded)


# The folding of this release: what a later one makes of a text is a matter of its own migration.
def _searchable(number: str, po_number: str | None) -> str:
    words = unicodedata.normalize("NFKD", po_number or "").casefold().split()
    kept = ["".join(filter(_is_kept, word)) for word in words]
    folded = "".join(f"  {unicodedata.normalize('NFC', word)}" for word in kept if word)
    return f"  {number}\n\n{folded}"[:620]


def _is_kept(character: str) -> bool:
    return unicodedata.category(character) not in ("Mn", "Cc", "Cs")

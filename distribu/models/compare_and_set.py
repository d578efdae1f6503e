"""Change one row only while it is as expected, where several processes may be at it."""

from sqlalchemy import ColumnElement, update

from ..extensions import db


def compare_and_set(
    model: type[db.Model], row_id: str | int, *conditions: ColumnElement[bool], **values
) -> bool:
    """Give the row these values if it meets the conditions; return whether it did.

    Two processes may try at once: the UPDATE decides, and the loser changes
    no row. For the caller to commit. Objects in the session stay as loaded.
    """
    changed = db.session.execute(
        update(model).where(model.id == row_id, *conditions).values(**values),
        execution_options={"synchronize_session": False},
    )
    return changed.rowcount == 1

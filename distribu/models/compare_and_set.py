"""Change one row only while it is as expected, where several processes may be at it."""

from sqlalchemy import ColumnElement, CursorResult, Executable, inspect, update

from ..extensions import Model, db


def compare_and_set(
    model: type[Model], row_id: str | int, *conditions: ColumnElement[bool], **values: object
) -> bool:
    """Give the row these values if it meets the conditions; return whether it did.

    Two processes may try at once: the UPDATE decides, and the loser changes
    no row. For the caller to commit. Objects in the session stay as loaded.
    """
    [key] = inspect(model).primary_key
    return changed_rows(update(model).where(key == row_id, *conditions).values(**values)) == 1


def changed_rows(statement: Executable) -> int:
    """Execute an INSERT, UPDATE or DELETE and return how many rows it changed.

    Objects in the session stay as loaded.
    """
    options = {"synchronize_session": False}
    result = db.session.execute(statement, execution_options=options)
    assert isinstance(result, CursorResult)
    return result.rowcount

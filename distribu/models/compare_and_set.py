"""Update one row only if it is still as expected, since several processes may try at once."""

from sqlalchemy import ColumnElement, CursorResult, Executable, inspect, update

from ..extensions import Model, db


def compare_and_set(
    model: type[Model], row_id: str | int, *conditions: ColumnElement[bool], **values: object
) -> bool:
    """Give the row these values if it meets the conditions; return whether it did.

    Two processes may try at once: the UPDATE decides, and the loser changes
    no row. The caller commits. Objects in the session are not refreshed.
    """
    [key] = inspect(model).primary_key
    return changed_rows(update(model).where(key == row_id, *conditions).values(**values)) == 1


def changed_rows(statement: Executable) -> int:
    """Execute an INSERT, UPDATE or DELETE and return how many rows it changed.

    Objects in the session are not refreshed.
    """
    options = {"synchronize_session": False}
    result = db.session.execute(statement, execution_options=options)
    assert isinstance(result, CursorResult)
    return result.rowcount

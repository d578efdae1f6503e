"""Another request, or another process, that acts while this one is between two statements."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from flask import Flask
from sqlalchemy import event

from distribu.extensions import db


@contextmanager
def meanwhile(
    app: Flask, act: Callable[[], object], before: str, *, value: str = ""
) -> Iterator[None]:
    """Act once in the block, just before the database is sent the first such statement.

    before: how the statement begins, as "INSERT INTO product". value: among
    its parameters. act: called in a thread of its own, where it shares no
    session with the request.
    """
    plan = [act]

    def act_first(_connection, _cursor, statement: str, parameters, *_) -> None:
        if plan and statement.startswith(before) and value in repr(parameters):
            with ThreadPoolExecutor(1) as pool:
                pool.submit(plan.pop()).result()

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", act_first)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", act_first)
    assert not plan, f"no statement began with {before}"

"""Every cell, on every database and store: make faults prints how many of them hold.

On SQLite with a directory every call is harmed; PostgreSQL and MinIO run
the cells whose call reaches their driver.
"""

import os

import pytest

from tests.faults.cells import try_cells
from tests.faults.gate import DATABASE, QUEUE, STORE
from tests.faults.operations import OPERATIONS

HANG_SECONDS = float(os.environ.get("FAULTS_HANG_SECONDS", "0.5"))
totals: dict[str, list] = {}


@pytest.fixture(params=["embedded", "postgres", "minio"])
def place(request, tmp_path) -> tuple[dict, str, tuple[str, ...]]:
    """Settings, the store to which a move goes, and the parts whose calls are harmed."""
    target = f"file://{tmp_path / 'target'}"
    if request.param == "embedded":
        return {}, target, (DATABASE, STORE, QUEUE)
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
        return {"SQLALCHEMY_DATABASE_URI": url}, target, (DATABASE,)
    return {"IMAGE_STORE_URL": request.getfixturevalue("minio_url")}, target, (STORE,)


@pytest.fixture(scope="session", autouse=True)
def summary():
    yield
    tried = sum(result.tried for result in totals.values())
    wrong = {cell: found for result in totals.values() for cell, found in result.wrong.items()}
    text = str(list(wrong.values()))
    counts = ", ".join(
        f"{text.count(one)} {name}"
        for one, name in (("orphan:", "orphans"), ("dangling:", "dangling"), ("lost:", "lost"))
    )
    print(f"\n{tried - len(wrong)} of {tried}, {counts}")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_cell_holds(request, make_app, place, operation):
    settings, target, parts = place
    result = try_cells(make_app(**settings), operation, target, parts, hang_seconds=HANG_SECONDS)
    totals[request.node.name] = result
    assert result.tried > 0
    assert result.wrong == {}

"""Every cell, on every database and store: make faults prints how many of them hold.

On SQLite with a directory every call is harmed; PostgreSQL and MinIO run
the cells whose call reaches their driver. conftest.py adds up the results.
"""

import os

import pytest

from tests.faults.cells import try_cells
from tests.faults.conftest import CELLS
from tests.faults.gate import DATABASE, KINDS, QUEUE, STORE
from tests.faults.operations import OPERATIONS

HANG_SECONDS = float(os.environ.get("FAULTS_HANG_SECONDS", "0.5"))
# Hundreds of cells in one test: no limit that is meant for a test that hangs.
pytestmark = pytest.mark.timeout(0)


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


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_cell_holds(request, record_property, make_app, place, operation):
    settings, target, parts = place
    result = try_cells(make_app(**settings), operation, target, parts, hang_seconds=HANG_SECONDS)
    kind = request.node.callspec.params["place"]
    record_property(CELLS, {"kind": kind, "tried": result.tried, "wrong": result.wrong})
    # Of an operation that never asks the store, none.
    assert result.tried == len(KINDS) * sum(part in parts for part, _ in result.trace)
    assert result.trace
    assert result.wrong == {}

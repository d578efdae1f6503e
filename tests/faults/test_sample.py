"""A fixed sample of the cells that make faults tries all of."""

import pytest

from tests.faults.cells import try_cells
from tests.faults.gate import DATABASE, QUEUE, STORE
from tests.faults.operations import OPERATIONS

# One cell in so many; no divisor of it is the number of kinds, so that each kind has its turn.
EVERY = 41


@pytest.mark.parametrize("operation", OPERATIONS)
def test_nothing_is_lost_and_nothing_left_whatever_fails(make_app, tmp_path, operation):
    result = try_cells(
        make_app(),
        operation,
        f"file://{tmp_path / 'target'}",
        (DATABASE, STORE, QUEUE),
        lambda number: number % EVERY == 0,
        hang_seconds=0.0,
    )
    assert result.tried > 0
    assert result.wrong == {}

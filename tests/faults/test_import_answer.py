"""The answer of the commit that ends an import is lost: the products keep their images."""

from tests.faults.cells import try_cells
from tests.faults.gate import DATABASE, KINDS

LOST = KINDS.index("answer lost")


def test_no_lost_answer_of_an_import_costs_an_image(make_app, tmp_path):
    target = f"file://{tmp_path / 'target'}"
    result = try_cells(
        make_app(), "csv_import", target, (DATABASE,), lambda number: number % 5 == LOST, 0.0
    )
    assert result.tried > 0
    assert result.wrong == {}

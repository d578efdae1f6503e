"""The changes that make mutants tries, and the forks that it tries them in."""

import ast
import tomllib
from pathlib import Path

import pytest
from mutant_trials import put_in_place
from mutants import MODULES, ROOT, TESTS
from mutating import mutants

SOURCE = '''
def hold(rows, is_sure, age: int | None = None):
    """A docstring is no condition."""
    if is_sure and rows:
        rows.where(Image.id == 3, Image.age.is_(None))
        session.commit()
    return [row for row in rows if row.is_due] if age else (A.x | A.y)
'''


def changes(source: str) -> set[str]:
    return {mutant.name.removeprefix("hold: ") for mutant in mutants(source)}


@pytest.mark.parametrize(
    "change",
    [
        "is_sure and rows -> (is_sure)",
        "is_sure and rows -> (rows)",
        "rows.where(Image.id == 3, Image.age.is_(None)) -> rows.where(Image.age.is_(None))",
        "rows.where(Image.id == 3, Image.age.is_(None)) -> rows.where(Image.id == 3)",
        "Image.id == 3 -> (Image.id != 3)",
        "session.commit() -> None",
        "row.is_due -> (not (row.is_due))",
        "age -> (not (age))",
        "A.x | A.y -> (A.x)",
        "A.x | A.y -> (A.y)",
    ],
)
def test_each_condition_where_and_commit_is_changed(change):
    assert change in changes(SOURCE)


def test_nothing_else_is_changed():
    assert len(changes(SOURCE)) == 10


def test_equal_changes_of_one_function_have_names_of_their_own():
    names = [mutant.name for mutant in mutants("def hold():\n    a.commit()\n    a.commit()\n")]
    assert names == ["hold: a.commit() -> None", "hold: a.commit() -> None (2)"]


def test_a_mutant_differs_in_its_lines_alone():
    for_row = next(one for one in mutants(SOURCE) if "is_due" in one.name)
    before, after = SOURCE.splitlines(), for_row.source.splitlines()
    differing = [at for at, line in enumerate(before, 1) if line != after[at - 1]]
    assert differing == list(for_row.lines)


def test_a_function_that_is_imported_already_gets_the_changed_code(tmp_path):
    path, names = tmp_path / "changing.py", {}
    source = "def is_due(age):\n    return age > 3\n"
    exec(compile(source, str(path), "exec"), names)
    is_due = names["is_due"]
    put_in_place([is_due], path, source.replace(">", "<"))
    assert (is_due(2), is_due(4)) == (True, False)


def test_the_tests_that_it_runs_exist():
    assert [name for name in TESTS if not (ROOT / name).is_file()] == []


def test_each_survivor_that_is_explained_is_still_a_mutant():
    reasons = tomllib.loads((ROOT / "tools/mutants.toml").read_text())
    names = {f"{module}.{one.name}" for module in MODULES for one in mutants(_source_of(module))}
    assert reasons.keys() - names == set()


def test_each_mutant_is_a_module():
    for mutant in mutants(_source_of("sweep_lock")):
        ast.parse(mutant.source)


def _source_of(module: str) -> str:
    return Path(ROOT, "distribu", "images", f"{module}.py").read_text()

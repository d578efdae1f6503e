"""Whatever an import dies of: all of the file is there or nothing, no object is nobody's.

And the job ends in a state that its page tells; one that failed can be tried again.
"""

import json
import subprocess
import sys
from itertools import groupby, pairwise
from pathlib import Path

import pytest

from tests.conftest import settings
from tests.faults.points import IS_EVERY_POINT, chosen

ROOT = Path(__file__).parents[2]
CHILD = "tests.importing.import_child"


@pytest.fixture(params=["sqlite", "postgres"])
def app_settings(request, tmp_path, migrated_sqlite) -> dict:
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
        return settings(tmp_path, SQLALCHEMY_DATABASE_URI=url)
    (tmp_path / "distribu.db").write_bytes(migrated_sqlite.read_bytes())
    return settings(tmp_path)


def test_an_import_that_dies_at_any_point_is_whole_or_nothing(app_settings):
    child = subprocess.run(
        [
            sys.executable,
            "-W",
            "error",
            "-m",
            "tests.importing.import_child",
            json.dumps(app_settings),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    outcome = json.loads(child.stdout)
    assert outcome["faults"] == {}
    points, tried, statuses = outcome["points"], outcome["tried"], outcome["statuses"]
    assert "after put" in points
    assert "after delete_prefix" in points
    assert tried == chosen(points, "import")
    # A lost task is done again; one that has begun fails; one that has committed is done.
    assert [status for status, _ in groupby(statuses)] == ["DONE", "FAILED", "DONE"]
    turns = [
        points[before + 1 : after + 1]
        for (before, was), (after, became) in pairwise(zip(tried, statuses, strict=True))
        if was != became
    ]
    assert all("after commit" in turn for turn in turns)
    failed = [number for number, one in zip(tried, statuses, strict=True) if one == "FAILED"]
    assert "after put" in points[failed[0] : failed[-1] + 1] or not IS_EVERY_POINT

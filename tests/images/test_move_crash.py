"""Whatever a move dies of: the next run ends it, and nothing is lost, left over or frozen."""

import json
import subprocess
import sys
from pathlib import Path

from tests.conftest import settings
from tests.faults.points import chosen

ROOT = Path(__file__).parents[2]


def test_a_second_run_ends_what_died_at_any_point(tmp_path, migrated_sqlite):
    (tmp_path / "distribu.db").write_bytes(migrated_sqlite.read_bytes())
    child = subprocess.run(
        [
            sys.executable,
            "-W",
            "error",
            "-m",
            "tests.images.move_child",
            json.dumps(settings(tmp_path)),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    outcome = json.loads(child.stdout)
    assert outcome["faults"] == {}
    assert outcome["tried"] == chosen(outcome["points"], "move")
    points = outcome["points"]
    last_pass = points[points.index("before last pass") :]
    assert "before put" in points
    assert "before objects" in last_pass
    # The freeze, and the switch.
    assert last_pass.count("before commit") >= 2

"""Whatever dies when: after one sweep the store holds exactly what the rows name."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import settings
from tests.faults.points import chosen

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["directory", "minio"])
def store_url(request, tmp_path) -> str:
    if request.param == "directory":
        return f"file://{tmp_path / 'store'}"
    return request.getfixturevalue("minio_url")


@pytest.fixture(scope="session")
def crash_child() -> Iterator[subprocess.Popen]:
    """The process that dies, started once for all tests: its start takes longer than they do."""
    command = [sys.executable, "-W", "error", "-m", "tests.images.crash_child"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as child:
        yield child
        child.stdin.close()


@pytest.fixture
def die_everywhere(crash_child, tmp_path, migrated_sqlite, store_url) -> Callable[[str], dict]:
    """A function that has a process die at every point of a change; see crash_child.py."""
    (tmp_path / "distribu.db").write_bytes(migrated_sqlite.read_bytes())
    app_settings = settings(tmp_path, IMAGE_STORE_URL=store_url)

    def ask(change: str) -> dict:
        crash_child.stdin.write(json.dumps([app_settings, change]) + "\n")
        crash_child.stdin.flush()
        outcome = json.loads(crash_child.stdout.readline())
        assert isinstance(outcome, dict), "\n".join(outcome)
        return outcome

    return ask


# What each change must at least pass, so that no point is lost unnoticed.
CHANGES = {
    "stage": ["commit", "put", "put", "put", "commit"],
    "turn": ["open", "commit", "put", "put", "put", "commit"],
    "attach": ["commit"],
    "replace": ["commit", "delete_prefix", "commit", "delete_prefix", "commit"],
    "remove": ["commit", "delete_prefix", "commit", "delete_prefix", "commit"],
    "delete": ["commit", *["delete_prefix", "commit"] * 4],
    "process": ["commit", "open", *["put"] * 2, "commit", "delete_prefix", "commit"],
    "process_accepted": [
        *("commit", "open", "put", "put", "commit"),
        # One more width than of a form's image: in its own format too.
        *("commit", "open", *["put"] * 3, "commit", "delete_prefix", "commit"),
    ],
    "accept": ["commit", "put", "commit"],
    "accept_over_limit": ["commit", "put", "commit", *["delete_prefix", "commit"] * 2],
    "copy": ["commit", "open", "put", "open", "put", "commit"],
    # The first open finds no upload.
    "rebuild": [
        *("commit", "commit", "open", "open", *["put"] * 3),
        *("commit", *["delete_prefix", "commit"] * 2),
    ],
    # The sweep first asks whether the store has newer images than the database.
    "abandon": ["objects", "commit", *["delete_prefix", "commit"] * 2],
}
# Calls that the store answers with an error, so that there is no point after them.
REFUSED = {"rebuild": 1}


@pytest.mark.parametrize("change", CHANGES)
def test_one_sweep_after_any_death_leaves_what_rows_name(die_everywhere, change):
    outcome = die_everywhere(change)
    assert outcome["faults"] == {}
    assert outcome["tried"] == chosen(outcome["points"], change)
    passed = [point.removeprefix("before ") for point in outcome["points"] if "before" in point]
    assert passed == CHANGES[change]
    assert len(outcome["points"]) == 2 * len(passed) - REFUSED.get(change, 0)

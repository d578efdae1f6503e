"""A sample of the state machine; make faults walks 20,000 steps."""

import os

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.faults.conftest import STEPS
from tests.faults.machine import Doors

WANTED = int(os.environ.get("FAULTS_STEPS", "60"))
STEPS_PER_WALK = 30
# Each part is a test of its own, with a seed of its own, so that several processes share them.
STEPS_PER_PART = 600
PARTS = -(-WANTED // STEPS_PER_PART)


@pytest.fixture
def make_fresh_app(make_app, tmp_path):
    """A function that makes an app on a database and a store of its own."""
    numbers = iter(range(100_000))

    def make():
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        database = folder / "distribu.db"
        # An app of this test's own first, so that there is a migrated database to copy.
        make_app()
        database.write_bytes((tmp_path / "distribu.db").read_bytes())
        return make_app(
            SQLALCHEMY_DATABASE_URI=f"sqlite:///{database}",
            IMAGE_STORE_URL=f"file://{folder / 'store'}",
            QUEUE_URL=f"sqlite:///{folder / 'queue.db'}",
        )

    return make


@pytest.mark.timeout(0 if PARTS > 1 else None)
@pytest.mark.parametrize("part", range(PARTS))
def test_any_operations_with_any_faults_leave_nothing_and_lose_nothing(
    make_fresh_app, record_property, part
):
    walked = []

    @seed(part)
    class Walk(Doors):
        make_app = staticmethod(make_fresh_app)

        def teardown(self) -> None:
            walked.append(self.steps)
            super().teardown()

    try:
        run_state_machine_as_test(
            Walk,
            settings=settings(
                max_examples=max(1, min(WANTED, STEPS_PER_PART) // STEPS_PER_WALK),
                stateful_step_count=STEPS_PER_WALK,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        record_property(STEPS, sum(walked))

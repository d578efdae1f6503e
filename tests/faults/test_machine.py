"""A sample of the state machine; make faults walks 20,000 steps."""

import os

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.faults.conftest import STEPS
from tests.faults.machine import Doors
from tests.faults.world import World

WANTED = int(os.environ.get("FAULTS_STEPS", "60"))
STEPS_PER_WALK = 30
# Each part is a test of its own, with a seed of its own, so that several processes share them.
WALKS_PER_PART = 20
# Some walks end early: 28 steps are the mean.
PARTS = -(-WANTED // (WALKS_PER_PART * 27))


@pytest.fixture
def world(app) -> World:
    """A shop that walks begin in."""
    begun = World(app)
    begun.begin()
    begun.take_picture()
    return begun


@pytest.mark.timeout(0 if PARTS > 1 else None)
@pytest.mark.parametrize("part", range(PARTS))
def test_any_operations_with_any_faults_leave_nothing_and_lose_nothing(
    world, record_property, part
):
    walked = []

    @seed(part)
    class Walk(Doors):
        def teardown(self) -> None:
            walked.append(self.steps)
            super().teardown()

    Walk.world = world
    try:
        run_state_machine_as_test(
            Walk,
            settings=settings(
                max_examples=min(WALKS_PER_PART, WANTED // STEPS_PER_WALK),
                stateful_step_count=STEPS_PER_WALK,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        record_property(STEPS, sum(walked))

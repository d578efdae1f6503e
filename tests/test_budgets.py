"""Waiting for parts that may be silent: what a request may spend, and when nobody waits."""

import pytest

from distribu.budgets import PROBE_SECONDS, Breaker, OutOfTime, seconds_left, within


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock) -> Breaker:
    return Breaker("the store", pause=1, clock=clock)


def wait(breaker: Breaker, clock: Clock, seconds: float, error: Exception | None = None) -> None:
    """The part answers, or raises error, after so many seconds."""
    with breaker.wait(lambda raised: isinstance(raised, TimeoutError)):
        clock.now += seconds
        if error:
            raise error


def time_out(breaker: Breaker, clock: Clock, seconds: float = 5) -> None:
    with pytest.raises(TimeoutError):
        wait(breaker, clock, seconds, TimeoutError())


def test_waiting_is_taken_off_the_budget(breaker, clock):
    with within(10):
        wait(breaker, clock, 3)
        clock.now += 100
        assert seconds_left() == 7


def test_a_wait_knows_how_long_it_may_take(breaker, clock):
    with within(10):
        wait(breaker, clock, 3)
        with breaker.wait(lambda error: True) as seconds:
            assert seconds == 7


def test_nothing_is_asked_when_the_time_is_spent(breaker, clock):
    with within(2):
        wait(breaker, clock, 3)
        with pytest.raises(OutOfTime):
            wait(breaker, clock, 0)
    wait(breaker, clock, 0)


def test_an_inner_budget_is_part_of_the_outer_one(breaker, clock):
    with within(10):
        with within(2):
            wait(breaker, clock, 1)
            assert seconds_left() == 1
        assert seconds_left() == 9
        wait(breaker, clock, 8.5)
        with within(2):
            assert seconds_left() == 0.5


def test_nobody_counts_outside_of_a_request(breaker, clock):
    with breaker.wait(lambda error: True) as seconds:
        assert seconds is None


def test_one_time_out_spares_all_others_the_wait(breaker, clock):
    time_out(breaker, clock)
    with pytest.raises(OutOfTime, match="the store does not answer"):
        wait(breaker, clock, 0)


def test_another_error_is_an_answer(breaker, clock):
    with pytest.raises(ValueError):
        wait(breaker, clock, 0, ValueError())
    wait(breaker, clock, 0)


def test_after_a_pause_one_caller_tries_again_and_no_other(breaker, clock):
    time_out(breaker, clock)
    clock.now += 1
    with breaker.wait(lambda error: True), pytest.raises(OutOfTime):
        wait(breaker, clock, 0)
    wait(breaker, clock, 0)


def test_a_probe_is_short(breaker, clock):
    time_out(breaker, clock)
    clock.now += 1
    with within(8), breaker.wait(lambda error: True) as seconds:
        assert seconds == PROBE_SECONDS


def test_a_probe_takes_no_more_than_is_left(breaker, clock):
    time_out(breaker, clock)
    clock.now += 1
    with within(0.5), breaker.wait(lambda error: True) as seconds:
        assert seconds == 0.5


def test_a_probe_that_fails_keeps_it_open(breaker, clock):
    time_out(breaker, clock)
    clock.now += 1
    time_out(breaker, clock)
    with pytest.raises(OutOfTime):
        wait(breaker, clock, 0)


def test_a_probe_that_dies_leaves_the_way_to_another(breaker, clock):
    time_out(breaker, clock)
    clock.now += 1
    dies = breaker.wait(lambda error: True)
    dies.__enter__()
    clock.now += 1
    wait(breaker, clock, 0)

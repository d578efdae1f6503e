"""Waiting for a child that gets no CPU: that time is not its own."""

import itertools
import os
import socket

import pytest

from distribu.images.decoding import starvation
from distribu.images.decoding.starvation import Starved, starved_seconds, wait_for_answer

# The smallest wait that a poll can have; no test is about how long anything takes.
LIMIT = 0.001


@pytest.fixture
def starve(monkeypatch):
    """A function that replaces starved_seconds(), which asks the kernel."""

    def starve(starved) -> None:
        # What the kernel answers about a process that waits for a CPU.
        monkeypatch.setattr(starvation, "starved_seconds", starved)

    return starve


@pytest.fixture
def pair():
    ours, others = socket.socketpair()
    with ours, others:
        yield ours, others


def test_time_without_a_cpu_does_not_count(pair, starve, monkeypatch):
    ours, others = pair
    told = iter([7.0, 3607.0])

    def starved_for_an_hour(pid):
        seconds = next(told)
        # Its answer comes after its limit, while the hour is still being waited for.
        others.send(b"x" * (seconds > 7))
        return seconds

    # A limit that an hour does not reach.
    monkeypatch.setattr(starvation, "STARVED_FACTOR", 10**9)
    starve(starved_for_an_hour)
    wait_for_answer(ours, LIMIT, os.getpid())


def test_time_in_which_it_could_have_run_counts(pair, starve):
    starve(lambda pid: 7.0)
    with pytest.raises(TimeoutError) as caught:
        wait_for_answer(pair[0], LIMIT, os.getpid())
    assert caught.type is TimeoutError


def test_starved_child_is_given_up_at_last(pair, starve):
    told = itertools.count(step=600)
    starve(lambda pid: next(told))
    with pytest.raises(Starved):
        wait_for_answer(pair[0], LIMIT, os.getpid())


def test_somebody_at_a_page_does_not_wait_for_a_starved_child(pair):
    with pytest.raises(TimeoutError):
        wait_for_answer(pair[0], LIMIT, None)


def test_answer_that_is_there_is_taken_at_once(pair):
    ours, others = pair
    others.send(b"x")
    wait_for_answer(ours, 0, os.getpid())


def test_kernel_tells_how_long_a_process_has_waited():
    assert starved_seconds(os.getpid()) > 0
    assert starved_seconds(None) == 0

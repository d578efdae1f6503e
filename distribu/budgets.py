"""Budgets for the time that a request waits for outside parts, and a breaker for each part.

A part is the database, the image store or Redis; any may accept a connection and never answer.
Every wait for one goes through Breaker.wait(), which takes its time from the request's budget and
refuses immediately while the part is known to be silent.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# The total that one request may wait.
REQUEST_SECONDS = 8.0
# For clean-up after a commit, while someone waits for a response that is already known.
DRAIN_SECONDS = 2.0
# How long a silent part is left alone before one caller tries it again.
PAUSE_SECONDS = 1.0
# The most that this caller waits, since other people's requests may be waiting for its thread.
PROBE_SECONDS = 2.0


class Budget:
    """The seconds that may still be spent on waiting; only waits are deducted."""

    def __init__(self, seconds: float):
        self.left = seconds


class OutOfTime(TimeoutError):
    """The request has used its time for waiting, or the part is known to be silent."""


_budget: ContextVar[Budget | None] = ContextVar("budget", default=None)


@contextmanager
def within(seconds: float) -> Iterator[Budget]:
    """Limit all waiting in the block to this many seconds, or less if an outer block has less left.

    Waits in an inner block also count for the outer one.
    """
    outer = _budget.get()
    given = seconds if outer is None else min(seconds, outer.left)
    budget = Budget(given)
    token = _budget.set(budget)
    try:
        yield budget
    finally:
        _budget.reset(token)
        if outer is not None:
            outer.left -= given - budget.left


def seconds_left() -> float | None:
    """Return the seconds that may still be waited; None without a limit, as in a worker."""
    budget = _budget.get()
    return None if budget is None else max(0.0, budget.left)


class Breaker:
    """Remembers that a part is silent: one time-out opens it, one response closes it.

    While it is open nobody waits, except for one caller after each pause,
    which tries the part again.
    """

    def __init__(
        self, part: str, pause: float = PAUSE_SECONDS, clock: Callable[[], float] = time.monotonic
    ):
        self.part = part
        self._pause, self._clock = pause, clock
        self._lock = threading.Lock()
        self._closed_until: float | None = None

    @property
    def is_open(self) -> bool:
        return self._closed_until is not None

    @contextmanager
    def wait(self, is_timeout: Callable[[BaseException], bool]) -> Iterator[float | None]:
        """Yield the seconds that the wait in the block may take; None for no limit.

        is_timeout: whether an error of the block means that the part was
        silent. Raises OutOfTime before the block if the part is known to be
        silent, or if no time is left.
        """
        seconds = self._enter()
        budget, began = _budget.get(), self._clock()
        try:
            yield seconds
        except BaseException as error:
            (self._open if is_timeout(error) else self._close)()
            raise
        else:
            self._close()
        finally:
            if budget is not None:
                budget.left -= self._clock() - began

    def _enter(self) -> float | None:
        """Return the seconds that the caller may wait; None for any."""
        if (left := seconds_left()) is not None and left <= 0:
            raise OutOfTime(f"{self.part} was not asked: this request has waited long enough.")
        with self._lock:
            if self._closed_until is None:
                return left
            if self._clock() < self._closed_until:
                raise OutOfTime(f"{self.part} does not answer.")
            # This caller tries the part; others are still refused.
            seconds = None if left is None else min(left, PROBE_SECONDS)
            self._closed_until = self._clock() + max(self._pause, seconds or self._pause)
            return seconds

    def _open(self) -> None:
        with self._lock:
            self._closed_until = self._clock() + self._pause

    def _close(self) -> None:
        with self._lock:
            self._closed_until = None

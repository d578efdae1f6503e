"""Limits on attempts, and how long to wait after too many."""

import time
from collections.abc import Callable
from math import ceil
from typing import TypeVar

from flask import Response
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter, RateLimiter

from ..extensions import limiter

T = TypeVar("T")
# Counts attempts in this process while Redis is away.
_here = MovingWindowRateLimiter(MemoryStorage())


def is_refused(response: Response) -> bool:
    """Return whether the view refused the form, since only failures count towards a limit."""
    return response.status_code == 422


def is_within(limit: str, *names: str) -> bool:
    """Count one use under these names, and return whether the limit allows it."""
    return not limiter.enabled or counted(lambda counter: counter.hit(parse(limit), *names))


def counted(ask: Callable[[RateLimiter], T]) -> T:
    """Call ask with the shared rate limiter, or with a local one while Redis is down."""
    try:
        return ask(limiter.limiter)
    except limiter.storage.base_exceptions:
        return ask(_here)


def seconds_to_wait() -> int:
    """Return the seconds until the exceeded limit allows another request."""
    passed = limiter.current_limit
    return max(1, int(passed.reset_at - time.time())) if passed else 60


def wait_sentence() -> str:
    """Return a sentence that says in how many minutes to try again."""
    minutes = ceil(seconds_to_wait() / 60)
    return f"Too many attempts. Try again in {minutes} minute{'s' if minutes > 1 else ''}."

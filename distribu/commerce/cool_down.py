"""Block an API key for one minute after it exceeds its rate limit.

Source of the cool-down: developers.squarespace.com/commerce-apis/rate-limits
"""

import time
from math import ceil

from limits import RateLimitItemPerMinute
from werkzeug.exceptions import TooManyRequests

from ..extensions import limiter
from ..http.api_keys import rate_limit_key
from ..http.rate_limits import counted

_COOL_DOWN = RateLimitItemPerMinute(1, namespace="REST")


def begin_cool_down(_passed_limit) -> None:
    """Block the caller for a minute."""
    counted(lambda counter: counter.hit(_COOL_DOWN, rate_limit_key()))


def is_cooling_down() -> bool:
    """Return whether the caller is blocked; asking does not extend the block."""
    if not limiter.enabled:
        return False
    return not counted(lambda counter: counter.test(_COOL_DOWN, rate_limit_key()))


def refuse_while_cooling_down() -> None:
    if is_cooling_down():
        raise TooManyRequests


def seconds_of_cool_down() -> int:
    """Return the seconds until the caller's block ends."""
    window = counted(lambda counter: counter.get_window_stats(_COOL_DOWN, rate_limit_key()))
    ends_at = window.reset_time
    return max(1, ceil(ends_at - time.time()))

"""The pace of a key: whoever passes its limit rests for a minute, and then has all of it again.

Source of the cool-down: developers.squarespace.com/commerce-apis/rate-limits
"""

import time
from math import ceil

from limits import RateLimitItemPerMinute
from werkzeug.exceptions import TooManyRequests

from ..extensions import limiter
from ..http.api_keys import whose_pace

_REST = RateLimitItemPerMinute(1, namespace="REST")


def begin_rest(_passed_limit) -> None:
    """From now on the caller is refused for a minute."""
    limiter.limiter.hit(_REST, whose_pace())


def is_resting() -> bool:
    """Whether the caller is refused, whatever it asks; what it asks does not count then."""
    return limiter.enabled and not limiter.limiter.test(_REST, whose_pace())


def refuse_resting() -> None:
    if is_resting():
        raise TooManyRequests


def seconds_of_rest() -> int:
    """Seconds until the caller is answered again."""
    ends_at = limiter.limiter.get_window_stats(_REST, whose_pace()).reset_time
    return max(1, ceil(ends_at - time.time()))

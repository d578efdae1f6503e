"""The application in a process whose clock is off: flask --app tests.faults.off_clock worker.

SOAK_CLOCK_SECONDS: how far it is ahead, or behind where it is negative.
"""

import os
import time
from datetime import datetime, timedelta, tzinfo

OFF_SECONDS = float(os.environ["SOAK_CLOCK_SECONDS"])
_time, _time_ns = time.time, time.time_ns
# Before the application is loaded: ids and signatures take their time from here.
time.time = lambda: _time() + OFF_SECONDS
time.time_ns = lambda: _time_ns() + int(OFF_SECONDS * 1e9)

from distribu import create_app  # noqa: E402, F401
from distribu.models import columns  # noqa: E402


class _OffDatetime:
    @staticmethod
    def now(zone: tzinfo) -> datetime:
        return datetime.now(zone) + timedelta(seconds=OFF_SECONDS)


# Every module asks utc_now(), which asks this name.
columns.datetime = _OffDatetime

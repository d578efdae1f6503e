"""Time limits for the network."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import inf

# Seconds without a byte of a body, and for sending 64 kB of a response.
IDLE_SECONDS = 30.0
SEND_SECONDS = 30.0
# The lowest accepted rate, 4 kB/s: PACE_BYTES must arrive within PACE_SECONDS.
PACE_BYTES = 240_000
PACE_SECONDS = 60.0
# How long a wait may still last once the process is to end.
GRACE_SECONDS = 2.0


class Pace:
    """The deadline for the next bytes of a body.

    Each stretch of PACE_BYTES may take PACE_SECONDS, so a body of any length
    gets through at 4 kB/s, but none at a byte per second.
    """

    def __init__(self, now: float):
        self._began_at = self._heard_at = now
        self._byte_size = 0

    @property
    def deadline(self) -> float:
        return min(self._heard_at + IDLE_SECONDS, self._began_at + PACE_SECONDS)

    def count(self, byte_size: int, now: float) -> None:
        """Count bytes that have arrived; an empty message does not extend the deadline."""
        if byte_size:
            self._heard_at = now
        self._byte_size += byte_size
        if self._byte_size >= PACE_BYTES:
            self._began_at, self._byte_size = now, 0


class Patience:
    """The time limits of all waits on the network, cut short when the process ends."""

    def __init__(self):
        self.is_over = False
        self._waits: set[asyncio.Timeout] = set()

    @asynccontextmanager
    async def until(self, when: float) -> AsyncIterator[None]:
        """Raise TimeoutError if the block is still running at this time of the loop's clock."""
        latest = asyncio.get_running_loop().time() + GRACE_SECONDS if self.is_over else inf
        async with asyncio.timeout_at(min(when, latest)) as wait:
            self._waits.add(wait)
            try:
                yield
            finally:
                self._waits.discard(wait)

    def end(self) -> None:
        """Limit every wait, present and future, to GRACE_SECONDS."""
        self.is_over = True
        latest = asyncio.get_running_loop().time() + GRACE_SECONDS
        for wait in self._waits:
            if not wait.expired() and (wait.when() or inf) > latest:
                wait.reschedule(latest)

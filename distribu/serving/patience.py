"""Time limits for the network."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import inf

# Seconds without a byte of a body, and for 64 kB of an answer.
IDLE_SECONDS = 30.0
SEND_SECONDS = 30.0
# Slower than 4 kB/s: so many bytes have to arrive in so many seconds.
PACE_BYTES = 240_000
PACE_SECONDS = 60.0
# What a client still gets when the process ends.
GRACE_SECONDS = 2.0


class Pace:
    """The deadline for the next bytes of a body.

    Each stretch of PACE_BYTES has PACE_SECONDS of its own, so a body of any
    length goes through at 4 kB/s, and none at a byte a second.
    """

    def __init__(self, now: float):
        self._began_at = self._heard_at = now
        self._byte_size = 0

    @property
    def deadline(self) -> float:
        return min(self._heard_at + IDLE_SECONDS, self._began_at + PACE_SECONDS)

    def count(self, byte_size: int, now: float) -> None:
        """Note that so many bytes have arrived; an empty message is none."""
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
        """Raise TimeoutError where the block is still waiting at a time of the loop's clock."""
        latest = asyncio.get_running_loop().time() + GRACE_SECONDS if self.is_over else inf
        async with asyncio.timeout_at(min(when, latest)) as wait:
            self._waits.add(wait)
            try:
                yield
            finally:
                self._waits.discard(wait)

    def end(self) -> None:
        """Leave every wait, also those to come, no more than GRACE_SECONDS."""
        self.is_over = True
        latest = asyncio.get_running_loop().time() + GRACE_SECONDS
        for wait in self._waits:
            if not wait.expired() and (wait.when() or inf) > latest:
                wait.reschedule(latest)
